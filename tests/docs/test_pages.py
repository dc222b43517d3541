"""The pages tell the truth: what a page tells the reader to type is typed, and what it shows is what comes."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import read_entries, write_files
from tests.support.pages import DOCS, PAGES, blocks, comparable
from tests.support.serving import get
from tests.support.walking import await_that, run, serving


def needs(page: str) -> list[str]:
    """The packages that the page says it needs."""
    return " ".join(re.findall(r"<!-- needs: (.*?) -->", PAGES[page].read_text(encoding="utf-8"))).split()


WALKS = [
    pytest.param(page, marks=[pytest.mark.integrations] if needs(page) else [])
    for page in PAGES
    if any(block.kind in ("run", "serve") for block in blocks(page))
]
"""Pages that lead through commands, from an empty folder on."""


@pytest.mark.once
@pytest.mark.parametrize("page", WALKS)
def test_walk(page: str, tmp_path: Path) -> None:
    """Files are written, commands run, servers asked and outputs compared in the order of the page."""
    for name in needs(page):
        if not find_spec(name):
            pytest.skip(f"{name} is not installed")
    printed = ""
    for block in blocks(page):
        if block.file:
            write_files(tmp_path, {block.file: block.text})
        elif block.kind == "run":
            printed = run(block.text, tmp_path, int(block.detail or 0))
        elif block.kind == "serve":
            serve(block.text, tmp_path, block.detail)
        elif block.kind == "output":
            assert comparable(printed) == comparable(block.text)
        elif block.kind == "output contains":
            for line in block.text.splitlines():
                assert line in printed, f"{line!r} is not in:\n{printed}"


def serve(script: str, folder: Path, path: str) -> None:
    """Each command of the script starts a server, which answers a request and records it."""
    trace = folder / "glimpse.jsonl"
    exports = [line for line in script.splitlines() if line.startswith("export ")]
    for command in script.splitlines():
        if command in exports:
            continue
        with serving("\n".join([*exports, command]), folder) as port:
            await_that(lambda: get(port, path), folder)
            await_that(lambda: recorded(trace), folder)
        trace.unlink()


def recorded(trace: Path) -> bool:
    """Whether a trace has calls, all of which have ended."""
    stages = [entry["stage"] for entry in read_entries(trace)]
    return bool(stages) and stages.count("START") * 2 == len(stages)


def test_every_page_is_in_the_navigation() -> None:
    """The site leads to each page."""
    listed = re.findall(
        r": ([\w/-]+\.md)$", (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))

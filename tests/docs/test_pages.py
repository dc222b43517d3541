"""The pages tell the truth: what a page tells the reader to type is typed, and what it shows is what comes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.process import clean_environment

DOCS = Path(__file__).parents[2] / "docs"
SCRIPTS = Path(sys.executable).parent
BLOCK = re.compile(
    r'(?:^<!-- (run|output|output contains|not run)(?:: (.*?))? -->\n)?^```(\w+)(?: title="(.*?)")?\n(.*?)^```$',
    re.M | re.S,
)
WALKS = sorted(
    path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "<!-- run" in path.read_text(encoding="utf-8")
)
"""Pages that lead through commands, from an empty folder on."""


class Block(NamedTuple):
    """A fenced block, what the marker above it says of it, and the file that it is."""

    kind: str
    detail: str
    language: str
    file: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    return (Block(*match) for match in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")))


def comparable(text: str) -> list[str]:
    """The lines that have text, with times, processes and the space before them taken out of it."""
    text = re.sub(r"\d+(\.\d+)? ?(ns|[µu]s|ms|s)\b", "<time>", re.sub(r"\bpid \d+", "pid <pid>", text))
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.once
@pytest.mark.parametrize("page", WALKS)
def test_walk(page: str, tmp_path: Path) -> None:
    """Files are written, commands run and outputs compared in the order of the page."""
    needs = re.findall(r"<!-- needs: (.*?) -->", (DOCS / page).read_text(encoding="utf-8"))
    for name in " ".join(needs).split():
        if not find_spec(name):
            pytest.skip(f"{name} is not installed")
    printed = ""
    for block in blocks(page):
        if block.file:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "run":
            printed = run(block.text, tmp_path, int(block.detail or 0))
        elif block.kind == "output":
            assert comparable(printed) == comparable(block.text)
        elif block.kind == "output contains":
            for line in block.text.splitlines():
                assert line in printed, f"{line!r} is not in:\n{printed}"


def run(script: str, folder: Path, code: int) -> str:
    """What a script prints, for one who has Glimpse's environment active."""
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=folder,
        env=clean_environment({"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(folder)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.mark.parametrize("page", WALKS)
def test_nothing_is_left_out(page: str) -> None:
    """Every block of a page that leads through commands is run, compared, or says why not."""
    shown = [block for block in blocks(page) if not block.kind and not block.file and block.language != "text"]
    assert [block.text for block in shown if "glimpse.wsgi(" not in block.text] == []


def test_every_page_is_in_the_navigation() -> None:
    """The site leads to each page."""
    listed = re.findall(
        r": ([\w/-]+\.md)$", (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))

"""Reads the fenced blocks of the documentation, and the markers that say what becomes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))}
"""Every page by its path from the root of the repository."""

_BLOCK = re.compile(
    r"(?:^<!-- ([\w ]+?)(?:: ([^\n]*?))? -->\n)?^(?P<indent> *)```(\w*)(?: title=\"(.*?)\")?\n(.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block.

    :param where: ``docs/policies.md:8``, the line of its fence.
    :param kind: the first words of the marker above it: ``run``, ``output``, ``example``, ``not run``, …
    :param detail: what follows the colon in the marker.
    :param file: its title, which is the name of the file that it is.
    """

    where: str
    kind: str
    detail: str
    language: str
    file: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    text = PAGES[page].read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        kind, detail, _, language, file, body = match.groups(default="")
        line = text.count("\n", 0, match.start("indent")) + 1
        yield Block(f"{page}:{line}", kind, detail, language, file, body)


def example(page: str, name: str) -> str:
    """The one block of a page that is marked as the example of this name."""
    (found,) = (block.text for block in blocks(page) if (block.kind, block.detail) == ("example", name))
    return found


def comparable(text: str) -> list[str]:
    """The lines that have text, with times, processes and runs of spaces made alike."""
    text = re.sub(r"\d+(\.\d+)? ?(ns|[µu]s|ms|s)\b", "<time>", re.sub(r"\bpid \d+", "pid <pid>", text))
    return [re.sub(" {2,}", "  ", line.strip()) for line in text.splitlines() if line.strip()]

"""Two texts side by side, lines that are in both on one level."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest

from glimpse.views.text.style import cells, clean, fit

__all__ = ["side_by_side"]

_DEFAULT_WIDTH = 160


def side_by_side(left: str, right: str, width: int) -> Iterator[str]:
    """The lines of both texts in two columns.

    :param width: columns in all; 0 for as many as a wide screen has.
    """
    olds, news = ([_plain(line) for line in text.splitlines()] for text in (left, right))
    column = ((width or _DEFAULT_WIDTH) - 3) // 2
    for kind, start, end, other_start, other_end in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        mark = " " if kind == "equal" else "│"
        for old, new in zip_longest(olds[start:end], news[other_start:other_end], fillvalue=""):
            shown = fit(old, column)
            yield f"{shown}{' ' * (column - cells(shown))} {mark} {fit(new, column)}".rstrip()


def _plain(line: str) -> str:
    return clean(line.expandtabs())

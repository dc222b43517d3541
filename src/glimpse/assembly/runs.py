"""Runs: one leaf call after another of the same function on one thread, as loops make them, taken apart by fields.

What is made of many calls at once, field by field, takes a few steps of the interpreter for all of them in the place of
some for each: between a half and a quarter of the time.
"""

from __future__ import annotations

from _operator import is_
from itertools import repeat

from ..encoder import JSON
from .events import END, START, Event
from .shapes import FIRST, labels_of, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from ..entry import Site

__all__ = ["NEVER", "args_of_run", "fields_of", "run_length", "texts"]

NEVER: Final = 1 << 62
"""Later than any event."""

_LENGTHS: Final = (126, 64, 32, 16, 8)


def run_length(chunk: Sequence[Event], position: int, most: int, key: str, until: int) -> int:
    """How many calls of a run seem to begin here, and end before a time: a look at a few of them tells mostly.

    :param key: the function's.
    """
    most = min(len(chunk) - position, 2 * most) // 2
    if most < _LENGTHS[-1] or chunk[position + 2][1] is not key or chunk[position + 3][0] != END:
        return 0
    for calls in _LENGTHS:
        if calls <= most:
            last, middle = chunk[position + 2 * calls - 1], chunk[position + calls]
            if last[1] is key and last[0] == END and last[2] < until and middle[1] is key and middle[0] == START:
                return calls
    return 0


def fields_of(chunk: Sequence[Event], position: int, calls: int, key: str, th: int) -> tuple[Any, Any] | None:
    """The fields of the STARTs and those of the ENDs of a run, each for all calls; None if it is none.

    :param th: the thread's number.
    """
    beyond = position + 2 * calls
    try:
        starts = tuple(zip(*chunk[position:beyond:2], strict=True))
        ends = tuple(zip(*chunk[position + 1 : beyond : 2], strict=True))
    except ValueError:  # of different lengths
        return None
    if (
        starts[0].count(START) == calls == ends[0].count(END)
        and starts[1].count(key) == calls == ends[1].count(key)
        and starts[3].count(th) == calls == ends[3].count(th)
        and starts[4].count(None) == calls
    ):
        return starts, ends
    return None


def texts(values: Sequence[Any], text: Callable[[Any], str]) -> Sequence[str]:
    """The texts of a run's values: of what one parameter is, call by call. ``text`` gives that of any one."""
    first, count = values[0], len(values)
    if values[1] is first and list(map(is_, values, repeat(first))).count(True) == count:
        return [text(first)] * count
    if type(first) is int:
        found = JSON.integers(values)
        if found is not None:
            return found
    return list(map(text, values))


def args_of_run(site: Site, starts: Any, text: Callable[[Any], str]) -> list[str]:
    """The texts of a run's arguments, call by call; see ``args_maker``.

    :param starts: the fields of the STARTs.
    """
    calls = len(starts[0])
    first, *labels = labels_of(site)
    pieces: list[Any] = [repeat(site.name + first, calls)]
    for kind, values, label in zip(shape_of(site), starts[FIRST:], labels, strict=True):
        shown = texts(values, text) if kind == "v" else values if kind == "r" else repeat("<redacted>", calls)
        pieces += shown, repeat(label, calls)
    return list(map("".join, zip(*pieces, strict=True)))

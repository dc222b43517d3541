"""What becomes of events that were being made into entries when a signal's handler raised.

Handlers run between any two instructions of the main thread, also in the middle of assembly. Every event's entries are
made before its frame is taken off, so an event that is half done can be undone, and be done again.
"""

from __future__ import annotations

from ..light import import_module
from . import events as ev
from .calls import Frame
from .events import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType, TracebackType
    from typing import Any

# Without the enumerations of ``signal``, which cost fifty times as much.
_signal = import_module("_signal")
_last_signal: int = _signal.NSIG
_handler_of: Callable[[int], Any] = _signal.getsignal

__all__ = ["Work", "is_from_handler", "settle"]

_LINE = '{"entry_id":'
"""How each line begins. Within a line the quotes would be escaped."""

_LAST_STEP = frozenset({ev.START, ev.GEN_START, ev.CORO_START, ev.ERROR_ONLY})
"""Kinds of events whose entry is the last that is done for them."""


class Work:
    """A chunk of events, and how far it has come.

    :param before: the number of the last entry before it.
    """

    def __init__(self, chunk: Sequence[Event], before: int) -> None:
        self.chunk, self.before = chunk, before
        self.position = 0
        self.out: list[Any] = []

    @property
    def made(self) -> int:
        """How many entries have been made, as dicts or as lines: in pieces, or several in one."""
        return sum(1 if type(item) is dict else item.count(_LINE) for item in self.out)


def settle(work: Work, accounted: int, stacks: Mapping[int, list[Frame]], *calls: dict[int, Any]) -> int:
    """Bring what was done for the event at ``work.position`` to an end, or undo it. How many entries that leaves.

    :param accounted: the number of entries before this event.
    :param calls: generators, coroutines.
    """
    if work.position >= len(work.chunk):
        return work.made
    event = work.chunk[work.position]
    kind, made = event[0], work.made - accounted
    stack = stacks.get(event[3], []) if len(event) > 3 else []
    pushed = bool(stack) and stack[-1][6] is event
    if kind in _LAST_STEP and made:
        work.position += 1
        return work.made
    if kind == ev.END and made == 1 and stack:
        del stack[-1]
        work.position += 1
        return work.made
    del work.out[len(work.out) - made :]  # each of them is one item: what is in pieces is made whole above
    if kind in (ev.START, ev.GEN_START) and pushed:
        stack.pop()
    if kind in (ev.GEN_START, ev.CORO_START):
        for each in calls:
            each.pop(event[5], None)
    return work.made


def is_from_handler(error: BaseException) -> bool:
    """Whether a handler of a signal raised it, which ran in the main thread between two of our instructions."""
    if not isinstance(error, Exception):
        return True
    if error.__traceback__ is None or error.__traceback__.tb_next is None:  # raised where it was caught
        return False
    codes = _handlers()
    place: TracebackType | None = error.__traceback__
    while place is not None and place.tb_frame.f_code not in codes:
        place = place.tb_next
    return place is not None


def _handlers() -> set[CodeType]:
    """The code of every handler that is written in Python."""
    found = set()
    for number in range(1, _last_signal):
        try:
            handler = _handler_of(number)
        except ValueError:  # no such signal on Windows
            continue
        if callable(handler):
            for way_in in (handler, getattr(handler, "func", None), type(handler).__call__):
                code = getattr(getattr(way_in, "__func__", way_in), "__code__", None)
                if code is not None:
                    found.add(code)
    return found

"""What is left out when events come faster than they are written, and how the trace says so.

Whole calls are left out: the START and the end of a call go together, or both stay. So every entry that is written
still has its counterpart and its parent.
"""

from __future__ import annotations

from itertools import compress

from ..assembly import events as ev
from ..assembly.events import Event
from ..entry import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

__all__ = ["dropped_events", "thinned"]

_SITE: Final = Site.parse("glimpse:dropped:0:f:entries:")
_THREAD: Final = 0  # those of the program count from 1
_BEGIN: Final = frozenset({ev.GEN_START, ev.CORO_START})
_FINISH: Final = frozenset({ev.GEN_END, ev.GEN_EXCEPTION, ev.CORO_END, ev.CORO_EXCEPTION})
_OTHERS: Final = frozenset({ev.YIELD, ev.RESUME, ev.THROWN, ev.DELEGATE, ev.DELEGATED, ev.AGEN_YIELD, ev.AGEN_RESUME})
_NUMBER: Final = 5  # the position of a generator's frame, or a coroutine's number


def thinned(events: Sequence[Event]) -> tuple[list[Event], int]:
    """The events without the calls that begin and end among them; and how many entries these would have made."""
    open_: dict[int, list[int]] = {}
    suspendable: dict[int, list[int]] = {}
    stays, entries = bytearray(b"\1" * len(events)), 0
    for position, event in enumerate(events):
        kind = event[0]
        if kind == ev.START:
            open_.setdefault(event[3], []).append(position)
        elif kind in (ev.END, ev.EXCEPTION):
            stack = open_.get(event[3])
            if stack and event[1] in (events[stack[-1]][1], None):
                stays[stack.pop()] = stays[position] = 0
                entries += 2
        elif kind in _BEGIN:
            suspendable[event[_NUMBER]] = [position]
        elif kind in _OTHERS and event[_NUMBER] in suspendable:
            suspendable[event[_NUMBER]].append(position)
        elif kind in _FINISH and event[_NUMBER] in suspendable:
            for each in (*suspendable.pop(event[_NUMBER]), position):
                stays[each] = 0
            entries += 2
        elif kind == ev.ERROR_ONLY:
            stays[position] = 0
            entries += 1
    return list(compress(events, stays)), entries


def dropped_events(count: int, reason: str, now: int) -> list[Event]:
    """Events that make an entry of that many entries that are missing before it: an error of ``glimpse.dropped``.

    :param now: nanoseconds of the clock of events.
    """
    error = "EntriesDropped", f"{count} entries before this one were dropped: {reason}", None, None
    return [(ev.THREAD, _THREAD, "glimpse"), (ev.ERROR_ONLY, _SITE.key, now, _THREAD, None, 1, error, count)]

"""One pass over what happened to the calls: rows, texts, statistics, failures and the lanes of the timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from glimpse.traces.calls import ADOPTED, ENDED, STARTED, Call, CallEvent
from glimpse.traces.failures import Failures
from glimpse.traces.stats import TopTable
from glimpse.traces.tree import Totals
from glimpse.views.exports.lanes import Lane, Slice, slices
from glimpse.views.html.bundles import bundled
from glimpse.views.html.rows import CLOSED, FAILED, INCOMPLETE, NOBODY, RAISED, UNFINISHED, Rows
from glimpse.views.html.texts import Texts, text_of_call

__all__ = ["Choice", "Gathered", "LaneUse", "Limits"]

Choice: TypeAlias = Callable[[Iterator[CallEvent]], Iterator[CallEvent]]
"""Lets through what happens to the calls that a reader wants to see."""

EXAMPLES: Final = 20
"""So many calls of each function keep their texts whatever the limit."""

NS_PER_US: Final = 1000
_LONGEST_NS: Final = 1 << 60


@dataclass(slots=True, frozen=True)
class Limits:
    """How large a report gets. ``calls`` are shown one by one, ``text_bytes`` of packed texts kept."""

    calls: int = 1_000_000
    text_bytes: int = 48 << 20


@dataclass(slots=True)
class LaneUse:
    """A lane of the timeline and what it was first and last used for. Times are nanoseconds."""

    lane: Lane
    thread: str
    task: str | None
    first_ns: int
    last_ns: int


class Gathered:
    """What a report is made of. Memory depends on the limits, and on the number of functions, threads and tasks."""

    def __init__(self, texts: Texts, limits: Limits) -> None:
        self.limits = limits
        self.texts = texts
        self.rows = Rows()
        self.totals = Totals()
        self.table = TopTable()
        self.failures = Failures()
        self.functions: dict[str, int] = {}
        self._lanes: dict[int, int] = {}
        self.uses: list[LaneUse] = []
        self.short_ns = 0
        self.left_out: dict[int, int] = {}
        self._adopted: dict[int, int] = {}
        self._callers: set[int] = set()
        self._begun: list[CallEvent] = []
        self._slowest: dict[int, tuple[int, int]] = {}
        self._piece: Slice | None = None
        self._taken: Call | None = None

    def take(self, events: Iterable[CallEvent], choice: Choice | None = None) -> None:
        """Take in what happens to calls, and of them those that are chosen."""
        again = self._again(self._numbered(events), chosen_from=choice is not None)
        for event, call in again if choice is None else choice(again):
            self.totals.count(event, call)
            if event == ENDED and self._piece is not None:
                self._add(self._piece)
                self._taken = call
        if self._adopted:
            for row, serial in enumerate(self.rows.serial):
                if self.rows.caller[row] == NOBODY:
                    self.rows.caller[row] = self._adopted.get(serial, NOBODY)

    def _numbered(self, events: Iterable[CallEvent]) -> Iterator[CallEvent]:
        serial = 0
        for event, call in events:
            if event == STARTED:
                call.node = serial
                serial += 1
                self._begun.append((event, call))
            elif event == ADOPTED and call.parent is not None:
                self._adopted[call.node] = call.parent.node
            yield event, call

    def _again(self, events: Iterator[CallEvent], *, chosen_from: bool) -> Iterator[CallEvent]:
        """The same events, with the place on the timeline known when a call ends."""
        for piece in slices(events):
            yield from self._begun
            self._begun.clear()
            self._piece = piece
            yield ENDED, piece.call
            if chosen_from:
                self._note_caller(piece.call)
            self._taken = None

    def _note_caller(self, call: Call) -> None:
        """Remember who called a call that is left out, as long as one that is not may have been called by it."""
        taken = self._taken is call
        called = call.node in self._callers
        self._callers.discard(call.node)
        if call.parent is not None and (taken or called):
            self._callers.add(call.parent.node)
            if not taken:
                self.left_out[call.node] = call.parent.node

    def _add(self, piece: Slice) -> None:
        call, rows = piece.call, self.rows
        self.table.add_calls((call,))
        if call.failed:
            self.failures.add(call)
        start, duration = _nanoseconds(piece.start_us), _nanoseconds(piece.duration_us)
        caller = NOBODY if call.parent is None else call.parent.node
        function = self.functions.setdefault(call.function, len(self.functions))
        rows.identify(call.node, call.call_id)
        rows.caller.append(caller)
        rows.start.append(start)
        rows.duration.append(duration)
        rows.below.append(_nanoseconds(call.children_ms * 1000))
        rows.function.append(function)
        rows.lane.append(self._lane(piece.lane, call, start, duration))
        rows.count.append(1)
        rows.text.append(self._text(piece, function, duration))
        rows.flags.append(_flags(call))
        if len(rows) > self.limits.calls:
            self.short_ns = bundled(rows, max(self.limits.calls // 2, 1), self.short_ns)

    def _lane(self, lane: Lane, call: Call, start: int, duration: int) -> int:
        number = self._lanes.get(id(lane))
        if number is None:
            number = self._lanes[id(lane)] = len(self.uses)
            self.uses.append(LaneUse(lane, call.thread, call.task, start, start))
        use = self.uses[number]
        use.first_ns, use.last_ns = min(use.first_ns, start), max(use.last_ns, start + duration)
        return number

    def _text(self, piece: Slice, function: int, duration: int) -> int:
        call = piece.call
        seen, slowest = self._slowest.get(function, (0, -1))
        important = call.failed or seen < EXAMPLES or duration > slowest
        if important:
            self._slowest[function] = (seen + 1, max(slowest, duration))
        if not important and (duration < self.short_ns or self.texts.full):
            return 0
        text = text_of_call(call, piece.start_us + piece.lane.origin_us, duration)
        return self.texts.add(text, important=important)


def _nanoseconds(microseconds: float) -> int:
    """At most as many as a column holds: a file may say anything."""
    return round(min(microseconds * NS_PER_US, _LONGEST_NS))


def _flags(call: Call) -> int:
    return (
        FAILED * call.failed
        | UNFINISHED * (not call.finished)
        | RAISED * call.raised_here
        | INCOMPLETE * (not call.complete)
        | CLOSED * call.closed
    )

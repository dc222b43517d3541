"""Calls as slices of time on lanes: on one lane any two slices nest or do not touch, as timelines need it.

A thread is a lane, and so is each asyncio task. Generators live on while their callers go on with other things: those
that would not nest are moved to lanes of their own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from glimpse.traces.calls import ENDED, STARTED, Call, CallEvent
from glimpse.traces.records import epoch_us

__all__ = ["Lane", "Slice", "slices"]

_HEAD_START_US: Final = 3_600_000_000
"""Times count from an hour before the first entry: small enough for fractions, and never negative in practice."""


@dataclass(slots=True, frozen=True)
class Lane:
    """A line of a timeline. ``pid`` and ``number`` are unique together; ``origin_us`` is where its times count from."""

    process: Hashable
    pid: int
    number: int
    name: str
    service: str | None
    origin_us: int


class Slice(NamedTuple):
    """A call on a lane. Times are microseconds from the lane's origin."""

    call: Call
    lane: Lane
    start_us: float
    duration_us: float


@dataclass(slots=True, eq=False)
class _Open:
    call: Call
    start_us: float
    busy_until_us: float
    placed: bool = True


@dataclass(slots=True)
class _Thread:
    lane: Lane
    stack: list[_Open] = field(default_factory=list)
    busy_until_us: float = 0.0
    spare: list[tuple[Lane, float]] = field(default_factory=list)


def slices(events: Iterable[CallEvent]) -> Iterator[Slice]:
    """Every call as a slice once it has ended; those without an end reach to the last moment of the trace."""
    return _Lanes().slices(events)


class _Lanes:
    def __init__(self) -> None:
        self.threads: dict[Hashable, _Thread] = {}
        self.open: dict[Call, tuple[_Open, _Thread]] = {}
        self.pids: dict[Hashable, int] = {}
        self.numbers: dict[int, int] = {}
        self.origin_us: int | None = None
        self.last_us = 0.0

    def slices(self, events: Iterable[CallEvent]) -> Iterator[Slice]:
        for event, call in events:
            if event == STARTED:
                self._start(call)
            elif event == ENDED and call in self.open:
                yield self._end(call)

    def _start(self, call: Call) -> None:
        moment = epoch_us(call.timestamp)
        if self.origin_us is None:
            self.origin_us = (moment or _HEAD_START_US) - _HEAD_START_US
        start = float(moment - self.origin_us) if moment is not None else self.last_us
        self.last_us = max(self.last_us, start)
        thread = self._thread(call)
        stack = thread.stack
        if call.parent is not None and any(outer.call is call.parent for outer in reversed(stack[-50:])):
            while stack[-1].call is not call.parent:
                stack.pop().placed = False
        start = max(start, stack[-1].busy_until_us if stack else thread.busy_until_us)
        opened = _Open(call, start, start)
        self.open[call] = (opened, thread)
        stack.append(opened)

    def _end(self, call: Call) -> Slice:
        opened, thread = self.open.pop(call)
        end = self._end_us(opened)
        stack = thread.stack
        if stack and stack[-1] is opened:
            stack.pop()
            end = max(end, opened.busy_until_us)
            if stack:
                stack[-1].busy_until_us = max(stack[-1].busy_until_us, end)
            else:
                thread.busy_until_us = max(thread.busy_until_us, end)
            return Slice(call, thread.lane, opened.start_us, end - opened.start_us)
        if opened in stack:
            stack.remove(opened)
        return Slice(call, self._spare_lane(thread, opened.start_us, end), opened.start_us, end - opened.start_us)

    def _end_us(self, opened: _Open) -> float:
        call = opened.call
        if not call.finished:
            return max(self.last_us, opened.start_us)
        if call.duration_ms is not None and call.complete:
            end = opened.start_us + call.duration_ms * 1000
        else:
            moment = epoch_us(call.ended or "")
            end = float(moment - (self.origin_us or 0)) if moment is not None else opened.start_us
        self.last_us = max(self.last_us, end)
        return max(end, opened.start_us)

    def _thread(self, call: Call) -> _Thread:
        key = (call.process, call.service, call.thread, call.task)
        thread = self.threads.get(key)
        if thread is None:
            name = f"{call.thread} {call.task}" if call.task else call.thread
            thread = self.threads[key] = _Thread(self._lane(call, name))
        return thread

    def _lane(self, call: Call, name: str) -> Lane:
        process = (call.process, call.service)
        pid = self.pids.get(process)
        if pid is None:
            pid = call.pid
            while pid in self.pids.values():
                pid += 1_000_000  # another machine's process of the same number
            self.pids[process] = pid
        self.numbers[pid] = number = self.numbers.get(pid, 0) + 1
        return Lane(process, pid, number, name, call.service, self.origin_us or 0)

    def _spare_lane(self, thread: _Thread, start: float, end: float) -> Lane:
        for place, (lane, busy_until) in enumerate(thread.spare):
            if busy_until <= start:
                thread.spare[place] = (lane, end)
                return lane
        owner = thread.lane
        number = self.numbers[owner.pid] = self.numbers[owner.pid] + 1
        name = f"{owner.name} (generators {len(thread.spare) + 1})"
        lane = Lane(owner.process, owner.pid, number, name, owner.service, owner.origin_us)
        thread.spare.append((lane, end))
        return lane

"""Clocks of several machines put in step, as far as calls between them show that they are not.

A call in another process cannot begin before the call that made it, and one that is waited for cannot end after it. So
each pair of a call and its caller elsewhere bounds the difference of two clocks: from below by how much too early it
begins, from above by how much too late it ends. Of two processes that call each other all bounds are taken together.
Where no difference is within them, nothing is corrected. Else it is the middle between them, as if the ways there and
back took equally long; if they contradict each other (a call that nobody waited for ended later), the lower one.

Differences are added along calls, from the process that was called by none of the others.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from glimpse.traces.records import Record, epoch_us, number, process_of, text_of, timestamp_of

__all__ = ["Clocks", "measure"]

_SLACK_US = 1_000  # what clocks of one machine may differ in where each process has its own beginning of time


@dataclass(slots=True)
class _Caller:
    """A call that others elsewhere say made them; times are microseconds since 1970."""

    process: Hashable
    start: int
    end: int | None = None


@dataclass(slots=True)
class _Bounds:
    """What is to be added to the times of one process to get those of another, in microseconds."""

    least: float = -math.inf
    most: float = math.inf

    def value(self) -> int:
        """The difference to assume."""
        least, most = self.least - _SLACK_US, self.most + _SLACK_US
        if least <= 0 <= most:
            return 0
        if least > most or math.isinf(most):
            return round(self.least)
        return round(self.most if math.isinf(least) else (self.least + self.most) / 2)


@dataclass(slots=True)
class Clocks:
    """What is added to the times of each process, in microseconds, and which service it is of."""

    offsets: dict[Hashable, int] = field(default_factory=dict)
    names: dict[Hashable, str] = field(default_factory=dict)

    def notes(self) -> Iterator[str]:
        """What was corrected, for people."""
        for process, offset in self.offsets.items():
            direction = "behind" if offset > 0 else "ahead"
            yield (
                f"the clock of {self.names[process]} is {abs(offset) / 1e6:.3f} s {direction}, "
                "by its calls to and from others: its times are corrected"
            )

    def corrected(self, records: Iterable[Record]) -> Iterator[Record]:
        """Records in the order of their corrected times; they come in that of their own."""
        if not self.offsets:
            yield from records
            return
        earliest = min(0, *self.offsets.values())
        waiting: list[tuple[int, int, Record]] = []
        for position, record in enumerate(records):
            at = epoch_us(record["timestamp"])
            if at is None:
                yield record
                continue
            offset = self.offsets.get(process_of(record), 0)
            if offset:
                record["timestamp"] = timestamp_of(at + offset)
            heapq.heappush(waiting, (at + offset, position, record))
            while waiting and waiting[0][0] <= at + earliest:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]


def measure(read: Callable[[], Iterable[Record]]) -> Clocks:
    """How far apart the clocks of the processes are. Reads everything twice, once if no call came from elsewhere.

    :param read: gives all records, from the beginning.
    """
    wanted = _callers_elsewhere(read())
    if not wanted:
        return Clocks()
    clocks = Clocks()
    callers: dict[str, _Caller] = {}
    called: dict[tuple[Hashable, int], tuple[str, int]] = {}
    ended: list[tuple[Hashable, str, int, int | None]] = []
    for record in read():
        process, at = process_of(record), epoch_us(record["timestamp"])
        span, parent, call = record.get("span_id"), record.get("parent_span_id"), (process, record["call_id"])
        if at is None:
            continue
        clocks.names.setdefault(process, f"{text_of(record.get('service')) or 'the process'} (pid {record['pid']})")
        if record["stage"] == "START":
            if span in wanted:
                callers[span] = _Caller(process, at)
            if parent in wanted:
                called[call] = parent, at
        elif record["stage"] in {"END", "EXCEPTION"}:
            if span in callers:
                callers[span].end = _end_of(callers[span].start, record, at)
            if call in called:
                caller, start = called.pop(call)
                ended.append((process, caller, start, _end_of(start, record, at)))
    ended += [(process, caller, start, None) for (process, _), (caller, start) in called.items()]
    clocks.offsets = _offsets(_bounds(ended, callers))
    return clocks


def _end_of(start: int, record: Record, at: int) -> int:
    """When a call ended: its duration is of a clock that nobody sets."""
    duration = number(record.get("duration_ms"))
    return at if duration is None else start + round(duration * 1000)


def _callers_elsewhere(records: Iterable[Record]) -> set[str]:
    """The spans that calls say they come from, and that are not their callers in their own process."""
    wanted: set[str] = set()
    own: dict[tuple[Hashable, int], str] = {}
    for record in records:
        span = text_of(record.get("span_id"))
        if span is None:
            continue
        process, parent = process_of(record), text_of(record.get("parent_span_id"))
        if record["stage"] == "START":
            own[process, record["call_id"]] = span
            above = record["parent_id"]
            if parent is not None and (above is None or own.get((process, above)) != parent):
                wanted.add(parent)
        elif record["stage"] in {"END", "EXCEPTION"}:
            own.pop((process, record["call_id"]), None)
    return wanted


def _bounds(
    ended: Iterable[tuple[Hashable, str, int, int | None]], callers: dict[str, _Caller]
) -> dict[tuple[Hashable, Hashable], _Bounds]:
    """By (caller's process, called process)."""
    found: dict[tuple[Hashable, Hashable], _Bounds] = {}
    for process, span, start, end in ended:
        caller = callers.get(span)
        if caller is None or caller.process == process:
            continue
        bounds = found.setdefault((caller.process, process), _Bounds())
        bounds.least = max(bounds.least, caller.start - start)
        if end is not None and caller.end is not None and end - start <= caller.end - caller.start:
            bounds.most = min(bounds.most, caller.end - end)
    return found


def _offsets(bounds: dict[tuple[Hashable, Hashable], _Bounds]) -> dict[Hashable, int]:
    """By process, from those that nobody else called; those that need no correction are left out."""
    beside: dict[Hashable, list[tuple[Hashable, int]]] = {}
    for (caller, called), each in bounds.items():
        difference = each.value()
        beside.setdefault(caller, []).append((called, difference))
        beside.setdefault(called, []).append((caller, -difference))
    are_called = {called for _, called in bounds}
    offsets: dict[Hashable, int] = {}
    for first in sorted(beside, key=lambda process: process in are_called):
        if first in offsets:
            continue
        offsets[first] = 0
        near = deque([first])
        while near:
            process = near.popleft()
            for other, difference in beside[process]:
                if other not in offsets:
                    offsets[other] = offsets[process] + difference
                    near.append(other)
    return {process: offset for process, offset in offsets.items() if offset}

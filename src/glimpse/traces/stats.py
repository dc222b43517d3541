"""Per function: calls, errors and how the time was spent; from calls, or straight from lines of JSON."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, BinaryIO, Final

import orjson

from glimpse.traces.calls import Call
from glimpse.traces.durations import SETTLE_AT, Durations
from glimpse.traces.lines import Damage, lines_of, parse_line
from glimpse.traces.records import Record, number, usable

__all__ = ["COLUMNS", "FunctionStats", "TopTable"]

COLUMNS: Final = ("function", "calls", "errors", "total_ms", "self_ms", "mean_ms", "p50_ms", "p95_ms", "max_ms")
"""What is known of a function, in the order of output. Times are milliseconds."""

MOST_PARENTS: Final = 1 << 20
_DECIMALS: Final = 6


class FunctionStats:
    """What is known of one function's calls."""

    __slots__ = ("durations", "errors", "function", "self_ms")

    def __init__(self, function: str) -> None:
        self.function = function
        self.durations = Durations()
        self.errors = 0
        self.self_ms = 0.0

    def row(self) -> dict[str, Any]:
        """The values of ``COLUMNS``."""
        median, high = self.durations.quantiles(0.5, 0.95)
        times = (self.durations.total_ms, self.self_ms, self.durations.mean_ms, median, high, self.durations.max_ms)
        values = (self.function, self.durations.count, self.errors, *(round(time, _DECIMALS) for time in times))
        return dict(zip(COLUMNS, values, strict=True))


class TopTable:
    """Statistics of every function, in one pass and memory for the functions alone."""

    def __init__(self) -> None:
        self.functions: dict[str, FunctionStats] = {}
        self.started = 0
        self.ended = 0
        self._children_ms: dict[Hashable, dict[int, float]] = {}

    @property
    def unfinished(self) -> int:
        """Calls without an end, which no row counts."""
        return max(self.started - self.ended, 0)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each function, the one with the most time of its own first."""
        return sorted((stats.row() for stats in self.functions.values()), key=_by_self_time)

    def add_calls(self, calls: Iterable[Call]) -> None:
        """Count calls that have ended."""
        for call in calls:
            self.started += 1
            if not call.finished:
                continue
            self.ended += 1
            stats = self.stats(call.function)
            stats.durations.add(call.duration_ms or 0.0)
            stats.self_ms += call.self_ms
            stats.errors += call.failed

    def stats(self, function: str) -> FunctionStats:
        """The statistics of a function, made if it is new."""
        found = self.functions.get(function)
        if found is None:
            found = self.functions[function] = FunctionStats(function)
        return found

    def add_lines(self, stream: BinaryIO, damage: Damage) -> None:
        """Count the calls in JSON Lines. STARTs in the form that Glimpse writes are passed over without parsing.

        :raises ReadError: nothing in it is an entry.
        """
        loads, count_end = orjson.loads, self._count_end
        first = 1
        for lines in lines_of(stream):
            for line in lines:
                head = line.split(b",", 5)
                if len(head) == 6 and head[0][12:] == head[1][10:] and head[4] == b'"level":"INFO"':
                    self.started += 1
                    continue
                try:
                    count_end(loads(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    self._odd_line(line, first + lines.index(line), damage)
            first += len(lines)
            damage.entries = damage.entries or bool(self.started or self.ended)
            if any(len(sums) > MOST_PARENTS for sums in self._children_ms.values()):
                self._forget_parents()
        damage.check()

    def _count_end(self, record: Record) -> None:
        stage = record["stage"]
        if stage != "END" and stage != "EXCEPTION":  # noqa: PLR1714 - half the time of a set
            if stage == "START" and usable(record):
                self.started += 1
            return
        stats = self.functions.get(record["function"])
        if stats is None:
            if not usable(record):
                raise TypeError(record)
            stats = self.stats(record["function"])
        duration = record.get("duration_ms", 0.0)
        if type(duration) is not float or duration < 0:
            duration = number(duration) or 0.0
        pending = stats.durations.pending
        pending.append(duration)
        if len(pending) >= SETTLE_AT:
            stats.durations.settle()
        if "yields" in record:
            duration = number(record.get("active_ms")) or duration
        self.ended += 1
        self._spend(stats, record, duration)
        if stage == "EXCEPTION":
            stats.errors += 1
            self.started += record["call_id"] == record["entry_id"]

    def _spend(self, stats: FunctionStats, record: Record, occupied_ms: float) -> None:
        """Book a call's time as its own, less that of its children, and as a child's with its parent."""
        pid = record["pid"]
        sums = self._children_ms.get(pid)
        if sums is None:
            sums = self._children_ms[pid] = {}
        own = occupied_ms - sums.pop(record["call_id"], 0.0)
        if own > 0:
            stats.self_ms += own
        parent = record["parent_id"]
        if parent is not None:
            sums[parent] = sums.get(parent, 0.0) + occupied_ms

    def _odd_line(self, line: bytes, number_: int, damage: Damage) -> None:
        record = parse_line(line)
        if record is not None:
            self._count_end(record)
            return
        damage.entries = damage.entries or bool(self.started or self.ended)
        damage.odd(line, number_)

    def _forget_parents(self) -> None:
        """Drop what is booked for parents that have ended before their children: those with the least time."""
        for sums in self._children_ms.values():
            least = sorted(sums, key=sums.__getitem__)[: len(sums) // 2]
            for call_id in least:
                del sums[call_id]


def _by_self_time(row: dict[str, Any]) -> tuple[float, float, str]:
    return (-row["self_ms"], -row["total_ms"], row["function"])

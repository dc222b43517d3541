"""Entries as rows of SQLite: a START and its END become one row, and what would not fit in it stays an entry."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from glimpse.writers.encoding import dump_json
from glimpse.writers.sqlite_schema import PROCESS_SHIFT

__all__ = ["AT_END", "IDS", "IN_NOTES", "RowBatch", "RowMaker", "RowSource"]

Record = Mapping[str, Any]
"""The fields of an entry, as ``LogEntry.to_dict`` gives them."""

Row = list[Any]
"""The values of ``sqlite_schema.COLUMNS``, with ``call_id`` in the place of ``id`` and a dict or None as ``extra``."""

_END_ID, _PARENT, _DEPTH, _SITE, _THREAD, _TASK, _ARGS, _START, _DURATION, _RESULT, _EXCEPTION, _EXTRA = range(1, 13)

IDS: Final = ("trace_id", "span_id", "parent_span_id", "correlation_id")
"""Fields of both entries of a call that are kept in ``extra``."""
AT_END: Final = ("closed", "active_ms", "yields")
"""Fields of an END that are kept in ``extra``."""
IN_NOTES: Final = {"end": "notes"}
"""Part of ``extra`` that says that the END stands in ``notes``."""

_ONLY_AT_END: Final = frozenset({"result", "exception", "duration_ms", *AT_END})
_LONGEST_MS: Final = 1e12
_MOST_OPEN: Final = 100_000
_SECOND: Final = 1_000_000_000


@dataclass(eq=False)
class RowSource:
    """A process, as its rows refer to it. ``sites`` and ``threads`` only grow; rows name them by their numbers."""

    pid: int
    service: str | None
    sites: list[tuple[int, str, str | None, int | None, str | None]] = field(default_factory=list)
    """Number, function, file, line, policy."""
    threads: list[tuple[int, str]] = field(default_factory=list)
    """Number, name."""


@dataclass
class RowBatch:
    """What one transaction writes of one process; a row is the values of ``sqlite_schema.COLUMNS``."""

    source: RowSource
    calls: list[Any] = field(default_factory=list)
    """Calls that began: whole, or without an end so far."""
    ends: list[Any] = field(default_factory=list)
    """Calls that ended, of which an earlier batch may have the beginning."""
    notes: list[Record] = field(default_factory=list)
    """Entries to be kept as they are."""


class RowMaker:
    """Makes rows of the entries of one process."""

    def __init__(self, source: RowSource) -> None:
        self.source = source
        self._sites: dict[tuple[Any, ...], int] = {}
        self._threads: dict[str, int] = {}
        self._open: dict[int, Row] = {}
        self._began: dict[int, Row] = {}
        self._ended: list[Row] = []
        self._second = ("", 0)

    def batch(self, records: Iterable[Record]) -> RowBatch:
        """The rows of entries in their order. Call ``written`` when they are in the database."""
        notes: list[Record] = []
        self._began, self._ended = {}, []
        for record in records:
            stage = record["stage"]
            if not 0 < record["call_id"] < 1 << PROCESS_SHIFT:
                notes.append(record)
            elif stage == "START":
                self._start(record, notes)
            elif stage in {"END", "EXCEPTION"}:
                self._end(record, notes)
            else:
                notes.append(record)
        return RowBatch(self.source, [*map(_final, self._began.values())], [*map(_final, self._ended)], notes)

    def written(self) -> None:
        """The last batch is in the database: remember which calls are open, to tell what their ends repeat."""
        for row in self._ended:
            self._open.pop(row[0], None)
        self._open.update((call_id, row) for call_id, row in self._began.items() if row[_END_ID] is None)
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]

    def _start(self, record: Record, notes: list[Record]) -> None:
        start = self._nanoseconds(record["timestamp"])
        call_id = record["call_id"]
        usual = record["entry_id"] == call_id and record["level"] == "INFO" and call_id not in self._began
        if start is None or not usual or not _ONLY_AT_END.isdisjoint(record):
            notes.append(record)
        else:
            self._began[call_id] = self._row(record, start, record["args"])

    def _end(self, record: Record, notes: list[Record]) -> None:
        row = self._began.get(record["call_id"])
        known = row is not None
        if row is None:
            row, known = self._earlier(record)
        if row[_END_ID] is not None:
            notes.append(record)
            return
        extra = None if _AT_END.isdisjoint(record) else {name: record[name] for name in AT_END if name in record}
        if not (known and self._follows(record, row)):
            notes.append(record)
            extra = {**(extra or {}), **IN_NOTES}
            row[_DURATION] = _exact_nanoseconds(record.get("duration_ms"))
        row[_END_ID] = record["entry_id"]
        row[_RESULT] = record.get("result")
        if "exception" in record:
            row[_EXCEPTION] = dump_json(record["exception"]).decode()
        if extra is not None:
            row[_EXTRA] = {**(row[_EXTRA] or {}), **extra}

    def _earlier(self, record: Record) -> tuple[Row, bool]:
        """The row of a call that did not begin in this batch, and whether more is known of it than its end."""
        begun = self._open.get(record["call_id"])
        if begun is not None:
            row = begun.copy()
            self._ended.append(row)
            return row, True
        end = self._nanoseconds(record["timestamp"])
        if record["entry_id"] == record["call_id"] and end is not None:  # all there is of it, as at level ERROR
            row = self._began[record["call_id"]] = self._row(record, end, record["args"])
            return row, record["stage"] == "EXCEPTION"
        start = (end or 0) - (_exact_nanoseconds(record.get("duration_ms")) or 0)
        row = self._row(record, start, None)
        self._ended.append(row)
        return row, False

    def _row(self, record: Record, start: int, args: str | None) -> Row:
        return [
            record["call_id"], None, record["parent_id"], record["depth"], self._site(record),
            self._thread(record["thread"]), record.get("task"), args, start, None, None, None, _ids(record),
        ]  # fmt: skip

    def _follows(self, record: Record, row: Row) -> bool:
        """Whether the entry is what will be worked out from its row; then its times are put there."""
        if "exception" in record:
            as_usual = (
                record["stage"] == "EXCEPTION"
                and record["level"] == "ERROR"
                and record["args"] == row[_ARGS]
                and "result" not in record
            )
        else:
            function = record["function"]
            name = record["args"]
            as_usual = (
                record["stage"] == "END"
                and record["level"] == "INFO"
                and function.endswith(name)
                and name == function.rpartition(".")[2]
            )
        return (
            as_usual
            and record["parent_id"] == row[_PARENT]
            and record["depth"] == row[_DEPTH]
            and self._threads.get(record["thread"]) == row[_THREAD]
            and self._site(record) == row[_SITE]
            and record.get("task") == row[_TASK]
            and _ids(record) == row[_EXTRA]
            and self._put_times(record, row)
        )

    def _put_times(self, record: Record, row: Row) -> bool:
        """Set the duration, and the start to a part of a microsecond such that both timestamps follow from it."""
        end = self._nanoseconds(record["timestamp"])
        milliseconds = record.get("duration_ms")
        duration = _exact_nanoseconds(milliseconds)
        if end is None or (duration is None) != (milliseconds is None):
            return False
        if duration is not None and duration / 1e6 != milliseconds:
            return False
        start: int = row[_START]
        missing = end - start - (duration or 0)
        if not -1000 < missing < 1000:
            return False
        row[_START], row[_DURATION] = start + missing if missing > 0 else start, duration
        return True

    def _site(self, record: Record) -> int:
        get = record.get
        key = (record["function"], get("file"), get("line"), get("policy"))
        number = self._sites.get(key)
        if number is None:
            number = self._sites[key] = len(self._sites) + 1
            self.source.sites.append((number, *key))
        return number

    def _thread(self, name: str) -> int:
        number = self._threads.get(name)
        if number is None:
            number = self._threads[name] = len(self._threads) + 1
            self.source.threads.append((number, name))
        return number

    def _nanoseconds(self, timestamp: str) -> int | None:
        """Since the epoch; None if it is not written as entries have it."""
        second, fraction = timestamp[:19], timestamp[20:]
        if second != self._second[0]:
            found = _epoch(second)
            if found is None:
                return None
            self._second = second, found * _SECOND
        if len(fraction) != 6 or timestamp[19] != "." or not (fraction.isascii() and fraction.isdigit()):
            return None
        return self._second[1] + int(fraction) * 1000


def _epoch(second: str) -> int | None:
    try:
        numbers = [int(second[a:b]) for a, b in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))]
        found = timegm((*numbers, 0, 0, 0))
    except (ValueError, OverflowError):
        return None
    year, month, day, hour, minute, rest = numbers
    written = f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{rest:02d}"
    return found if written == second and 1970 <= year < 2200 and hour < 24 and minute < 60 and rest < 60 else None


def _exact_nanoseconds(milliseconds: float | None) -> int | None:
    """None also for what is no length of time that a column could hold."""
    if milliseconds is None or not isfinite(milliseconds) or abs(milliseconds) > _LONGEST_MS:
        return None
    return round(milliseconds * 1e6)


def _ids(record: Record) -> dict[str, Any] | None:
    if _IDS.isdisjoint(record):
        return None
    return {name: record[name] for name in IDS if name in record}


def _final(row: Row) -> Row:
    extra = row[_EXTRA]
    return row if extra is None else [*row[:_EXTRA], dump_json(extra).decode()]


_AT_END: Final = frozenset(AT_END)
_IDS: Final = frozenset(IDS)

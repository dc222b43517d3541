"""Entries as rows of SQLite: a START and its END become one row, and what would not fit in it stays an entry."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from glimpse.entry import LogEntry
from glimpse.writers.encoding import dump_json
from glimpse.writers.sqlite_schema import PROCESS_SHIFT

__all__ = ["AT_END", "IDS", "IN_NOTES", "EntryRows", "RowBatch", "RowSource"]

Row = list[Any]
"""The values of ``sqlite_schema.COLUMNS``, with ``call_id`` in the place of ``id`` and a dict or None as ``extra``."""

_END_ID, _PARENT, _DEPTH, _SITE, _THREAD, _TASK, _ARGS, _START, _DURATION, _RESULT, _EXCEPTION, _EXTRA = range(1, 13)

IDS: Final = ("trace_id", "span_id", "parent_span_id", "correlation_id")
"""Fields of both entries of a call that are kept in ``extra``."""
AT_END: Final = ("closed", "active_ms", "yields")
"""Fields of an END that are kept in ``extra``."""
IN_NOTES: Final = {"end": "notes"}
"""Part of ``extra`` that says that the END stands in ``notes``."""

_ONLY_AT_END: Final = ("result", "exception", "duration_ms", *AT_END)
_MOST_OPEN: Final = 100_000


@dataclass(eq=False)
class RowSource:
    """A process, as its rows refer to it. ``sites`` and ``threads`` only grow; rows name them by their numbers."""

    pid: int
    service: str | None
    correlation_id: str | None = None
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
    notes: list[dict[str, Any]] = field(default_factory=list)
    """Entries, as ``LogEntry.to_dict`` gives them, to be kept as they are."""


class EntryRows:
    """Makes rows of the entries of one process."""

    def __init__(self, source: RowSource) -> None:
        self.source = source
        self._sites: dict[tuple[Any, ...], int] = {}
        self._threads: dict[str, int] = {}
        self._open: dict[int, Row] = {}
        self._began: dict[int, Row] = {}
        self._ended: list[Row] = []
        self._second = ("", 0)

    def batch(self, entries: Iterable[LogEntry]) -> RowBatch:
        """The rows of entries in their order. Call ``written`` when they are in the database."""
        notes: list[LogEntry] = []
        self._began, self._ended = {}, []
        for entry in entries:
            if not 0 < entry.call_id < 1 << PROCESS_SHIFT:
                notes.append(entry)
            elif entry.stage == "START":
                self._start(entry, notes)
            elif entry.stage in {"END", "EXCEPTION"}:
                self._end(entry, notes)
            else:
                notes.append(entry)
        return RowBatch(
            self.source,
            [*map(_final, self._began.values())],
            [*map(_final, self._ended)],
            [entry.to_dict() for entry in notes],
        )

    def written(self) -> None:
        """The last batch is in the database: remember which calls are open, to tell what their ends repeat."""
        for row in self._ended:
            self._open.pop(row[0], None)
        self._open.update((call_id, row) for call_id, row in self._began.items() if row[_END_ID] is None)
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]

    def _start(self, entry: LogEntry, notes: list[LogEntry]) -> None:
        start = self._nanoseconds(entry.timestamp)
        usual = entry.entry_id == entry.call_id and entry.level == "INFO"
        usual = usual and entry.call_id not in self._began
        if start is None or not usual or any(getattr(entry, name) is not None for name in _ONLY_AT_END):
            notes.append(entry)
        else:
            self._began[entry.call_id] = self._row(entry, start, entry.args)

    def _end(self, entry: LogEntry, notes: list[LogEntry]) -> None:
        row = self._began.get(entry.call_id)
        known = row is not None
        if row is None:
            row, known = self._earlier(entry)
        if row[_END_ID] is not None:
            notes.append(entry)
            return
        extra = {name: value for name in AT_END if (value := getattr(entry, name)) is not None}
        if not (known and self._follows(entry, row)):
            notes.append(entry)
            extra.update(IN_NOTES)
            row[_DURATION] = _exact_nanoseconds(entry.duration_ms)
        row[_END_ID] = entry.entry_id
        row[_RESULT] = entry.result
        row[_EXCEPTION] = None if entry.exception is None else dump_json(entry.exception).decode()
        if extra:
            row[_EXTRA] = {**(row[_EXTRA] or {}), **extra}

    def _earlier(self, entry: LogEntry) -> tuple[Row, bool]:
        """The row of a call that did not begin in this batch, and whether more is known of it than its end."""
        begun = self._open.get(entry.call_id)
        if begun is not None:
            row = begun.copy()
            self._ended.append(row)
            return row, True
        end = self._nanoseconds(entry.timestamp)
        if entry.entry_id == entry.call_id and end is not None:  # the only entry of its call, as at level ERROR
            row = self._began[entry.call_id] = self._row(entry, end, entry.args)
            return row, entry.stage == "EXCEPTION"
        start = (end or 0) - (_exact_nanoseconds(entry.duration_ms) or 0)
        row = self._row(entry, start, None)
        self._ended.append(row)
        return row, False

    def _row(self, entry: LogEntry, start: int, args: str | None) -> Row:
        return [
            entry.call_id, None, entry.parent_id, entry.depth, self._site(entry), self._thread(entry), entry.task,
            args, start, None, None, None, _ids(entry),
        ]  # fmt: skip

    def _follows(self, entry: LogEntry, row: Row) -> bool:
        """Whether the entry is what will be worked out from its row; then its times are put there."""
        failed = entry.stage == "EXCEPTION"
        args = row[_ARGS] if failed else entry.function.rpartition(".")[2]
        return (
            entry.level == ("ERROR" if failed else "INFO")
            and failed == (entry.exception is not None)
            and not (failed and entry.result is not None)
            and entry.args == args
            and [entry.parent_id, entry.depth, self._site(entry), self._thread(entry), entry.task]
            == row[_PARENT : _TASK + 1]
            and _ids(entry) == row[_EXTRA]
            and self._put_times(entry, row)
        )

    def _put_times(self, entry: LogEntry, row: Row) -> bool:
        """Set the duration, and the start to a part of a microsecond such that both timestamps follow from it."""
        end = self._nanoseconds(entry.timestamp)
        duration = _exact_nanoseconds(entry.duration_ms)
        if end is None or (duration is None) != (entry.duration_ms is None):
            return False
        if duration is not None and duration / 1e6 != entry.duration_ms:
            return False
        start: int = row[_START]
        start += min(max(end - start - (duration or 0), 0), 999)
        if not 0 <= start + (duration or 0) - end < 1000:
            return False
        row[_START], row[_DURATION] = start, duration
        return True

    def _site(self, entry: LogEntry) -> int:
        key = (entry.function, entry.file, entry.line, entry.policy)
        number = self._sites.get(key)
        if number is None:
            number = self._sites[key] = len(self._sites) + 1
            self.source.sites.append((number, *key))
        return number

    def _thread(self, entry: LogEntry) -> int:
        number = self._threads.get(entry.thread)
        if number is None:
            number = self._threads[entry.thread] = len(self._threads) + 1
            self.source.threads.append((number, entry.thread))
        return number

    def _nanoseconds(self, timestamp: str) -> int | None:
        """Since the epoch; None if it is not written as entries have it."""
        second, dot, fraction = timestamp[:19], timestamp[19:20], timestamp[20:]
        if dot != "." or len(fraction) != 6 or not (fraction.isascii() and fraction.isdigit()):
            return None
        if second != self._second[0]:
            found = _epoch(second)
            if found is None:
                return None
            self._second = second, found
        return self._second[1] * 1_000_000_000 + int(fraction) * 1000


def _epoch(second: str) -> int | None:
    try:
        numbers = [int(second[a:b]) for a, b in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))]
        found = timegm((*numbers, 0, 0, 0))
    except (ValueError, OverflowError):
        return None
    year, month, day, hour, minute, rest = numbers
    written = f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{rest:02d}"
    return found if written == second and year >= 1970 and hour < 24 and minute < 60 and rest < 60 else None


def _exact_nanoseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None or not isfinite(milliseconds) else round(milliseconds * 1e6)


def _ids(entry: LogEntry) -> dict[str, Any] | None:
    return {name: value for name in IDS if (value := getattr(entry, name)) is not None} or None


def _final(row: Row) -> Row:
    extra = row[_EXTRA]
    return row if extra is None else [*row[:_EXTRA], dump_json(extra).decode()]

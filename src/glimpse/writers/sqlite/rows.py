"""Entries as rows of SQLite: a START and its END become one row, and what would not fit in it stays an entry."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

import orjson

from glimpse.writers.encoding import dump_json
from glimpse.writers.sqlite.packs import split_rows
from glimpse.writers.sqlite.schema import DEPTH_BITS, DETAILS, PROCESS_BITS, WHERE_BITS
from glimpse.writers.sqlite.times import BatchTimes, Times

__all__ = ["RowBatch", "RowMaker", "RowSource"]

Record = Mapping[str, Any]
"""The fields of an entry, as ``LogEntry.to_dict`` gives them."""

Row = list[Any]
"""The values of ``schema.SPANS``, with ``call_id`` in the place of ``id``."""

_ENDED, _UP, _PLACE, _ARGS, _START, _DURATION, _RESULT = range(1, 8)
_IDS: Final = ("trace_id", "span_id", "parent_span_id", "correlation_id")
_HAS_IDS: Final = frozenset(_IDS)
_AT_END: Final = ("exception", "closed", "active_ms", "yields")
_ONLY_AT_END: Final = frozenset({"result", "duration_ms", *_AT_END})
_HAS_DETAILS: Final = frozenset({*_IDS, *_AT_END})
_STAYS_APART: Final = frozenset({"exception", "end_in_notes"})
_LONGEST_MS: Final = 1e12
_MOST_OPEN: Final = 100_000
_FEWEST_TO_PACK: Final = 8
_SECOND: Final = 1_000_000_000
_SITE_SHIFT: Final = DEPTH_BITS + WHERE_BITS


@dataclass(eq=False)
class RowSource:
    """A process, as its rows refer to it. ``sites`` and ``threads`` only grow; rows name them by their numbers."""

    pid: int
    service: str | None
    start_ns: int | None = None
    """What starts are relative to; the first one, unless it is given."""
    sites: list[tuple[int, str, str | None, int | None, str | None]] = field(default_factory=list)
    """Number, function, file, line, policy."""
    threads: list[tuple[int, str, str | None]] = field(default_factory=list)
    """Number, name, task."""


@dataclass
class RowBatch:
    """What one transaction writes of one process."""

    source: RowSource
    entries: int = 0
    """How many entries it stands for."""
    first: int = 0
    """No call in it has a lower id, and none of an earlier batch that began there a higher one."""
    packs: list[bytes] = field(default_factory=list)
    """Calls that began and ended, most of them, as the table ``packs`` has them."""
    elsewhere: bool = False
    """Whether some in packs were made by a call of another process."""
    calls: list[Row] = field(default_factory=list)
    """Calls that began, as rows: without an end so far, or failed."""
    ends: list[Row] = field(default_factory=list)
    """Calls that ended, of which an earlier batch may have the beginning."""
    details: list[tuple[Any, ...]] = field(default_factory=list)
    """The values of ``schema.DETAILS``."""
    notes: list[Record] = field(default_factory=list)
    """Entries to be kept as they are."""
    running: int = 0
    """How many more calls are open after it than before."""
    times: BatchTimes | None = None
    """The times of the calls that ended; None if they are not known of each."""


class RowMaker:
    """Makes rows of the entries of one process: ``add`` them, ``take`` what they make, ``keep`` it if it is written."""

    def __init__(self, source: RowSource) -> None:
        self.source = source
        self.times = Times()
        self.began: dict[int, Row] = {}
        """Calls that began since the last batch."""
        self.elsewhere = False
        """Whether some that ``pack`` was given were made by a call of another process."""
        self._ended: list[Row] = []
        self._details: dict[int, dict[str, Any]] = {}
        self._notes: list[Record] = []
        self._packs: list[bytes] = []
        self._unpacked: list[Row] = []
        self._last = self._entries = 0
        self.kept = 0
        """The last entry id that was kept."""
        self._open: dict[int, tuple[Row, dict[str, Any] | None]] = {}
        self._sites: dict[tuple[Any, ...], int] = {}
        self._threads: dict[tuple[str, str | None], int] = {}
        self._places: dict[tuple[Any, ...], int] = {}
        self._second = ("", 0)

    def add(self, records: Iterable[Record]) -> None:
        """Make rows of these, the next entries of the process."""
        for record in records:
            self._entries += 1
            if record["entry_id"] > self._last:  # noqa: PLR1730 - a call less for each
                self._last = record["entry_id"]
            stage = record["stage"]
            if not (0 < record["call_id"] < 1 << PROCESS_BITS and 0 <= record["depth"] < 1 << DEPTH_BITS):
                self._note_deep(record)
            elif stage == "START":
                self._start(record)
            elif stage in {"END", "EXCEPTION"}:
                self._end(record)
            else:
                self._notes.append(record)

    def pack(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in calls that have ended, with as many of their details as there are, of which ``add`` is not told."""
        if rows:
            try:
                self._packs.append(orjson.dumps(rows))
            except TypeError:  # lone surrogates
                self._unpacked += map(list, rows)

    def open(self, row: Row, details: dict[str, Any]) -> None:
        """Take in a call that has begun, whose end ``add`` may be told, or which has failed."""
        self.began[row[0]] = row
        if details:
            self._details[row[0]] = details

    def take(self, entries: int | None = None, first: int | None = None) -> RowBatch:
        """What came since ``keep`` or ``forget``.

        :param entries: how many entries that is, and ``first``: the lowest id among them, if ``pack`` was used.
        """
        whole: list[Row] = []
        calls: list[Row] = []
        apart = self._details.copy()
        for call, row in self.began.items():
            if self._may_be_packed(row, self._details.get(call)):
                whole.append([*row, *_columns(apart.pop(call))] if call in apart else row)
            else:
                calls.append(row)
        packs = self._packs.copy()
        try:
            if len(whole) >= _FEWEST_TO_PACK:
                packs.append(orjson.dumps(whole))
                whole = []
        except TypeError:  # lone surrogates
            pass
        more, own = split_rows(self._unpacked + whole)
        calls += more
        own += [(call, *_columns(details)) for call, details in apart.items()]
        return RowBatch(
            self.source,
            self._entries if entries is None else entries,
            self.kept + 1 if first is None else first,
            packs, self.elsewhere, calls, self._ended, own, self._notes, self._running(calls), self.times.take(),
        )  # fmt: skip

    def _may_be_packed(self, row: Row, details: dict[str, Any] | None) -> bool:
        """Whether a call is one that has ended, without an exception, and was made by the one that its ids say."""
        if row[_ENDED] is None or row[_ENDED] == 0 or row[_ARGS] is None:
            return False
        if details is None:
            return True
        above = None if row[_UP] is None else self._details.get(row[0] - row[_UP])
        caller = None if above is None else above.get("span_id")
        return _STAYS_APART.isdisjoint(details) and details.get("parent_span_id") == caller

    def _running(self, calls: Iterable[Row]) -> int:
        ends = sum(row[0] in self._open for row in self._ended)
        return sum(row[_ENDED] is None for row in calls) - ends

    def keep(self) -> None:
        """What was taken is on its way: remember which calls are open, to tell what their ends repeat."""
        for row in self._ended:
            self._open.pop(row[0], None)
        for call_id, row in self.began.items():
            if row[_ENDED] is None:
                self._open[call_id] = row.copy(), self._details.get(call_id)
        while len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
            self.times.complete = False
        self.kept = max(self.kept, self._last)
        self.times.keep()
        self._clear()

    def forget(self) -> None:
        """What was taken was not written, and will be added again."""
        self.times.forget()
        self._clear()

    def _clear(self) -> None:
        self.began, self._ended, self._details, self._notes = {}, [], {}, []
        self._packs, self._unpacked, self._entries, self._last = [], [], 0, self.kept
        self.elsewhere = False

    def site(self, function: str, file: str | None, line: int | None, policy: str | None) -> int:
        """The number of a function."""
        key = (function, file, line, policy)
        number = self._sites.get(key)
        if number is None:
            number = self._sites[key] = len(self._sites) + 1
            self.source.sites.append((number, *key))
        return number

    def thread(self, name: str, task: str | None) -> int:
        """The number of a thread and a task in it."""
        number = self._threads.get((name, task))
        if number is None:
            number = self._threads[name, task] = len(self._threads) + 1
            self.source.threads.append((number, name, task))
        return number

    def _start(self, record: Record) -> None:
        call_id = record["call_id"]
        start = self._nanoseconds(record["timestamp"])
        usual = record["entry_id"] == call_id and record["level"] == "INFO" and call_id not in self.began
        if start is None or not usual or not _ONLY_AT_END.isdisjoint(record):
            self._notes.append(record)
            return
        self.began[call_id] = self._row(record, start, record["args"])
        if not _HAS_IDS.isdisjoint(record):
            self._details[call_id] = _picked(record, _IDS)

    def _end(self, record: Record) -> None:
        row, details = self.began.get(record["call_id"]), self._details.get(record["call_id"])
        known = row is not None
        if row is None:
            row, details, known = self._earlier(record)
        if row[_ENDED] is not None:
            self._notes.append(record)
            return
        fits = known and self._follows(record, row, details)
        if not _HAS_DETAILS.isdisjoint(record) or not fits:
            details = {**(details or _picked(record, _IDS)), **_picked(record, _AT_END)}
            if not fits:
                self._notes.append(record)
                details["end_in_notes"] = True
                row[_DURATION] = _exact_nanoseconds(record.get("duration_ms"))
            self._details[record["call_id"]] = details
        row[_ENDED] = record["entry_id"] - record["call_id"]
        row[_RESULT] = record.get("result")
        self._time(record, row[_PLACE] >> _SITE_SHIFT, row[_START], row[_DURATION])

    def _note_deep(self, record: Record) -> None:
        """Keep the entry of a call that no row has room for."""
        self._notes.append(record)
        if record["stage"] in {"END", "EXCEPTION"}:
            self._time(record, self._site_of(record), 0, _exact_nanoseconds(record.get("duration_ms")))

    def _time(self, record: Record, site: int, start: int, duration: int | None) -> None:
        active = _exact_nanoseconds(record.get("active_ms")) if record.get("yields") is not None else None
        lists = self.times.lists(site, self.thread(record["thread"], None))
        self.times.end(
            record["call_id"], record["parent_id"], lists, start, duration or 0,
            duration or 0 if active is None else active, failed="exception" in record,
        )  # fmt: skip

    def _earlier(self, record: Record) -> tuple[Row, dict[str, Any] | None, bool]:
        """Row and details of a call that did not begin in this batch, and whether more is known of it than its end."""
        call_id = record["call_id"]
        if call_id in self._open:
            row, details = self._open[call_id]
            self._ended.append(row := row.copy())
            return row, details, True
        end = self._nanoseconds(record["timestamp"])
        if record["entry_id"] == call_id and end is not None:  # all there is of it, as at level ERROR
            row = self.began[call_id] = self._row(record, end, record["args"])
            return row, _picked(record, _IDS), record["stage"] == "EXCEPTION"
        start = (end or 0) - (_exact_nanoseconds(record.get("duration_ms")) or 0)
        row = self._row(record, start, None)
        self._ended.append(row)
        return row, None, False

    def _row(self, record: Record, start: int, args: str | None) -> Row:
        source = self.source
        if source.start_ns is None:
            source.start_ns = start
        parent = record["parent_id"]
        up = None if parent is None else record["call_id"] - parent
        return [record["call_id"], None, up, self._place(record), args, start - source.start_ns, None, None]

    def _place(self, record: Record) -> int:
        get = record.get
        key = (record["function"], record["thread"], get("file"), get("line"), get("policy"), get("task"))
        place = self._places.get(key)
        if place is None:
            thread = self.thread(record["thread"], get("task"))
            place = (self._site_of(record) << WHERE_BITS | thread) << DEPTH_BITS
            if get("task") is None:  # of tasks there may be any number
                self._places[key] = place
        depth: int = record["depth"]
        return place | depth

    def _site_of(self, record: Record) -> int:
        get = record.get
        return self.site(record["function"], get("file"), get("line"), get("policy"))

    def _follows(self, record: Record, row: Row, details: dict[str, Any] | None) -> bool:
        """Whether the entry is what will be worked out from its row; then its times are put there."""
        parent = record["parent_id"]
        return (
            _as_usual(record, row)
            and (None if parent is None else record["call_id"] - parent) == row[_UP]
            and self._place(record) == row[_PLACE]
            and (_HAS_IDS.isdisjoint(record) if not details else _picked(record, _IDS) == details)
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
        start: int = row[_START] + self.source.start_ns
        missing = end - start - (duration or 0)
        below = start % 1000
        if not -1000 < missing < 1000 - below:
            return False
        row[_START], row[_DURATION] = row[_START] + max(missing, 0), duration
        return True

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


def _as_usual(record: Record, row: Row) -> Any:
    """Whether stage, level and args of an end are what its row stands for."""
    if "exception" in record:
        usual = record["stage"] == "EXCEPTION" and record["level"] == "ERROR" and "result" not in record
        return usual and record["args"] == row[_ARGS]
    usual = record["stage"] == "END" and record["level"] == "INFO"
    name: str = record["function"].rpartition(".")[2]
    return usual and name == record["args"]


def _picked(record: Record, names: Iterable[str]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


def _columns(details: dict[str, Any]) -> tuple[Any, ...]:
    """The values of ``schema.DETAILS`` but for the id."""
    exception = dump_json(details["exception"]).decode() if "exception" in details else None
    return exception, *map(details.get, DETAILS[2:])


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

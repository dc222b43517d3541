"""The last entries of a process in a database, read from their end, and those that come, read on from there.

Calls are in the order of their beginnings, so the last entries are those of the last calls, and ends of calls that
began at any time before: to find these, all rows are looked through, at 0.1 µs each. Calls in packs ended at once.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from glimpse.entry import LogEntry
from glimpse.writers.encoding import decode_entry
from glimpse.writers.sqlite.packs import COLUMNS, SELECT_ROWS, packed_batches, rows_of, rows_to_count
from glimpse.writers.sqlite.reading import ProcessEntries
from glimpse.writers.sqlite.schema import PROCESS_BITS, SPANS, has_table

__all__ = ["LatestEntries", "Position", "Wanted"]

_CALL: Final = (1 << PROCESS_BITS) - 1
_ENDED, _PLACE, _DURATION = (SPANS.index(name) for name in ("ended", "place", "duration"))
_EXCEPTION: Final = COLUMNS.index("exception")
_NULLS: Final = (None,) * len(COLUMNS)
_FIRST_STEP, _LONGEST_STEP = 256, 1 << 17
_IDS_AT_ONCE: Final = 500

_ENDED_SINCE: Final = f"{SELECT_ROWS}spans.id >= ? AND spans.id < ? AND spans.id + ended >= ?"
_FAILED: Final = f"{SELECT_ROWS}exception IS NOT NULL AND details.id >= ? AND details.id < ?"
_RUNNING: Final = "SELECT id FROM spans WHERE id >= ? AND id < ? AND ended IS NULL"
_LAST: Final = "SELECT max(id) FROM {} WHERE id >= ? AND id < ?"
_NOTES: Final = "SELECT entry FROM notes WHERE id >= ? AND id < ? AND entry LIKE ? ORDER BY id DESC"


class Wanted(NamedTuple):
    """Which entries to give: those that it ``keeps``. The rest says of whole calls that none of theirs is kept.

    ``place`` is asked of what the entries of all calls of a function in a thread and at a depth have in common.
    ``least_ns`` is for calls that have ended, and ``failed`` for those that ended in an exception.
    """

    keeps: Callable[[LogEntry], bool]
    place: Callable[[Mapping[str, Any]], bool]
    least_ns: float = 0.0
    failed: bool = False

    @property
    def note(self) -> str:
        """What is in the text of each entry that may be kept, as a pattern for LIKE."""
        return '%"stage":"EXCEPTION"%' if self.failed else '%"duration_ms":%' if self.least_ns else "%"


class Position:
    """How far a process's entries have been read: which calls come next, and whose ends are still to come."""

    def __init__(self) -> None:
        self.call = self.note = 0
        """The next call's least number, and how many notes have been read."""
        self.running: set[int] = set()
        self.ends: set[int] = set()
        """Calls that began in another file, whose ends have been read."""
        self.first: int | None = None
        """Calls with lower numbers began in another file."""

    def is_passed(self, connection: sqlite3.Connection, process: int) -> bool:
        """Whether there may be more of the process."""
        low, high = process << PROCESS_BITS, (process + 1) << PROCESS_BITS
        for table, after in ("spans", self.call), ("packs", self.call), ("notes", self.note + 1):
            if not has_table(connection, table):
                continue
            sql = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE id >= ? AND id < ?)"
            if connection.execute(sql, (low + after, high)).fetchone()[0]:
                return True
        return bool(self.running or self.first != 1)


class LatestEntries(ProcessEntries):
    """The wanted entries of one process."""

    def __init__(self, connection: sqlite3.Connection, row: tuple[Any, ...], wanted: Wanted) -> None:
        super().__init__(connection, row)
        self._wanted = wanted
        self._places: dict[int, bool] = {}

    def latest(self, count: int) -> list[LogEntry]:
        """The last ones, in the order of their ids."""
        low, end = self.ids
        found = _Last(count, self._wanted.keeps)
        end, step = low + self._next_call(), max(_FIRST_STEP, 2 * count)
        while end > low and not found.full:
            begin = max(end - step, low)
            self._put(found, self._rows(begin, end))
            end, step = begin, min(4 * step, _LONGEST_STEP)
        if end > low:
            rows = self._connection.execute(_ENDED_SINCE, (low, end, low + found.least))
            self._put(found, map(tuple, rows))
        for (text,) in self._connection.execute(_NOTES, (*self.ids, self._wanted.note)):
            entry = decode_entry(text)
            if found.full and entry.entry_id < found.least:
                break
            found.put(entry)
        return found.entries()

    def position(self) -> Position:
        """Where to go on after all that is there now."""
        position = Position()
        position.call = self._next_call()
        position.running = {number for (number,) in self._connection.execute(_RUNNING, self.ids)}
        position.note = self._last_id("notes")
        position.ends = {number for (number,) in self._began_elsewhere(position)}
        return position

    def since(self, position: Position) -> Iterator[LogEntry]:
        """Those that have come since a position, which moves on as they are taken, in the order of their ids."""
        ids = self._ended_since(position)
        ended = chain.from_iterable(
            self.of_row(tuple(row))
            for some in (ids[at : at + _IDS_AT_ONCE] for at in range(0, len(ids), _IDS_AT_ONCE))
            for row in self._connection.execute(f"{SELECT_ROWS}spans.id IN (?{', ?' * (len(some) - 1)})", some)
        )
        ends = sorted((entry for entry in ended if entry.entry_id != entry.call_id), key=_number_of)
        after, position.note = position.note, self._last_id("notes")
        rows = rows_of(self._connection, self.ids[0] + position.call, self.ids[1])
        calls = self.of_calls(self._passed(position, rows))
        return heapq.merge(ends, calls, self.of_notes(after), key=_number_of)

    def _passed(self, position: Position, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            position.call = (row[0] & _CALL) + 1
            if row[_ENDED] is None:
                position.running.add(row[0])
            yield row

    def _ended_since(self, position: Position) -> list[int]:
        """The calls that were running, or began in another file, and have ended."""
        found = [number for (number,) in self._began_elsewhere(position) if number not in position.ends]
        position.ends.update(found)
        running = sorted(position.running)
        for at in range(0, len(running), _IDS_AT_ONCE):
            some = running[at : at + _IDS_AT_ONCE]
            sql = f"SELECT id FROM spans WHERE ended IS NOT NULL AND id IN (?{', ?' * (len(some) - 1)})"
            found += [number for (number,) in self._connection.execute(sql, some)]
        position.running.difference_update(found)
        return found

    def _began_elsewhere(self, position: Position) -> list[tuple[int]]:
        if position.first is None and has_table(self._connection, "times"):
            sql = "SELECT batch FROM times WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
            first = self._connection.execute(sql, self.ids).fetchone()
            position.first = first[0] & _CALL if first else None
        sql = "SELECT id FROM spans WHERE id >= ? AND id < ?"
        low = self.ids[0]
        return self._connection.execute(sql, (low, low + min(position.first or 0, position.call))).fetchall()

    def _next_call(self) -> int:
        """More than the number of any call that has begun."""
        last = self._last_id("spans")
        if has_table(self._connection, "packs"):
            pack = self.ids[0] + self._last_id("packs")
            batches = packed_batches(self._connection, pack, pack + 1)
            last = max(last, *(row[0] for batch in batches for row in batch), 0)
        return last + 1

    def _last_id(self, table: str) -> int:
        (number,) = self._connection.execute(_LAST.format(table), self.ids).fetchone()
        return 0 if number is None else number & _CALL

    def _rows(self, begin: int, end: int) -> Iterator[tuple[Any, ...]]:
        """The calls from one id up to another, but for those of which no entry is wanted."""
        if self._wanted.failed:  # which no call in a pack has
            yield from map(tuple, self._connection.execute(_FAILED, (begin, end)))
            return
        least, places = self._wanted.least_ns, self._places
        for rows in rows_to_count(self._connection, begin, end):
            for row in rows:
                place = row[_PLACE]
                if place not in places:
                    places[place] = self._wanted.place(self.of_place(place))
                if places[place] and not (least and (row[_DURATION] or 0) < least):
                    yield (self.ids[0] | row[0], *row[1:], *_NULLS[len(row) :])

    def _put(self, found: _Last, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            for entry in self.of_row(row):
                found.put(entry)


class _Last:
    """Those of many entries that are kept and have the highest ids."""

    def __init__(self, count: int, keeps: Callable[[LogEntry], bool]) -> None:
        self._count, self._keeps = count, keeps
        self._heap: list[tuple[int, int, LogEntry]] = []
        self._put = 0

    @property
    def full(self) -> bool:
        """Whether there are as many as are asked for."""
        return len(self._heap) >= self._count

    @property
    def least(self) -> int:
        """The lowest id that still counts, once there are enough."""
        return self._heap[0][0] if self.full else 0

    def put(self, entry: LogEntry) -> None:
        """Take in an entry, in any order."""
        if (self.full and entry.entry_id <= self.least) or not self._keeps(entry):
            return
        self._put += 1
        item = (entry.entry_id, self._put, entry)
        if self.full:
            heapq.heapreplace(self._heap, item)
        else:
            heapq.heappush(self._heap, item)

    def entries(self) -> list[LogEntry]:
        """In the order of their ids."""
        return [entry for _, _, entry in sorted(self._heap, key=lambda item: item[:2])]


def _number_of(entry: LogEntry) -> int:
    return entry.entry_id

"""Statistics of calls that are chosen: from the times that the writer has noted where these tell them, else from rows.

A row that is left out is still read where its time is to be taken off the own time of one that is chosen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from glimpse.traces.filters import Selection
from glimpse.traces.records import timestamp_of
from glimpse.traces.stats import TopTable
from glimpse.views.choice import choice_of, may_have
from glimpse.views.rows import Names, asking, occupied
from glimpse.views.times import SiteStats, add_times
from glimpse.writers.sqlite.callers import has_callers_elsewhere
from glimpse.writers.sqlite.packs import COLUMNS, failed_ranges, ranges_of, rows_to_count, text_of
from glimpse.writers.sqlite.schema import PROCESS_BITS, SPANS

__all__ = ["selected_table"]

_NO_DETAILS: Final = (None,) * (len(COLUMNS) - len(SPANS))
_EXCEPTION: Final = COLUMNS.index("exception")
_ENTRIES_OF_ONE: Final = 2
_SOME_OPEN: Final = 8_192
_OTHERWISE: Final = (
    """SELECT 1 FROM notes WHERE entry LIKE '%"stage":"START"%' OR entry LIKE '%"stage":"END"%'
    OR entry LIKE '%"stage":"EXCEPTION"%'""",
    "SELECT 1 FROM details WHERE end_in_notes",
    "SELECT 1 FROM spans WHERE ended = 0",
)
"""What finds calls of which a row does not tell all: some of it stands in a note, or a call has no START."""


def selected_table(path: str, selection: Selection) -> TopTable | None:
    """The statistics of calls that are chosen; None if rows do not tell all of them.

    :raises ReadError: it is not a trace.
    """
    table = TopTable()
    with asking(path) as connection:
        if any(connection.execute(f"{sql} LIMIT 1").fetchone() for sql in _OTHERWISE):
            return None
        if has_callers_elsewhere(connection):
            return None
        names = Names(connection)
        noted: list[SiteStats] = []
        for process in names.processes:
            if not may_have(names, process, selection):
                continue
            choice = choice_of(connection, names, process, selection)
            if choice is not None:
                noted.append(SiteStats(table, process, names.function, choice))
                continue
            places = _Places(names, process, selection)
            counter = _Counter(table, places, selection)
            for low, high in _ranges(connection, places, selection):
                alone = selection.errors and high - low == _ENTRIES_OF_ONE  # what failed is in no pack
                for rows in rows_to_count(connection, low, high, packed=not alone):
                    counter.add(rows)
            counter.close()
        add_times(connection, noted)
    return table


class _Places(dict[int, "str | None"]):
    """The function that was called in a place; None if the calls there are left out because of it."""

    def __init__(self, names: Names, process: int, selection: Selection) -> None:
        super().__init__()
        self.names, self.process = names, process
        self._selection = replace(
            selection, args=(), traces=(), min_ms=0.0, errors=False, since=None, until=None, call_id=None
        )

    def __missing__(self, place: int) -> str | None:
        call = self.names.call((self.process << PROCESS_BITS, 0, None, place, None, 0, None, None, *_NO_DETAILS))
        found = self[place] = call.function if self._selection.selects(call) else None
        return found


def _ranges(connection: sqlite3.Connection, places: _Places, selection: Selection) -> Iterable[tuple[int, int]]:
    """Where the chosen calls are, with those that they made."""
    low, high = places.process << PROCESS_BITS, (places.process + 1) << PROCESS_BITS
    if selection.errors:
        return list(failed_ranges(connection, low, high, lambda place: places[place] is not None))
    if selection.functions or selection.args:
        sites = places.names.sites(places.process, selection.names) if selection.functions else None
        return list(ranges_of(connection, low, high, sites, selection.args))
    return [(low, high)]


class _Counter:
    """Counts the calls of a process, which come in the order of their ids."""

    def __init__(self, table: TopTable, places: _Places, selection: Selection) -> None:
        self._table, self._places, self._selection = table, places, selection
        self._origin = places.names.processes[places.process][2]
        self._dated = selection.since is not None or selection.until is not None
        self._more = bool(self._dated or selection.args or selection.traces or selection.call_id is not None)
        self._open: dict[int, list[Any]] = {}
        """Of chosen calls that made others: where they count, duration, own time so far, last id, whether failed."""
        self._most_open = _SOME_OPEN
        self._seconds: dict[int, bool | None] = {}

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take in calls."""
        least, errors, places, found = self._selection.min_ms, self._selection.errors, self._places, self._open
        for row in rows:
            call, ended, up, place, _, _, duration = row[:7]
            if up is not None and ended is not None:
                caller = found.get(call - up)
                if caller is not None and call + ended < caller[3]:
                    caller[2] -= occupied(row)
            function = places[place]
            if function is None:
                continue
            failed = len(row) > _EXCEPTION and row[_EXCEPTION] is not None
            if (errors and not failed) or (least and ended is not None and (duration or 0) / 1e6 < least):
                continue
            if self._more and not self._selects(row):
                continue
            self._table.started += 1
            if ended is None:
                continue
            told = [function, duration or 0, occupied(row), call + ended, failed]
            if ended == 1:
                self._count(told)
                continue
            found[call] = told
            if len(found) > self._most_open:
                self._count_until(call)
                self._most_open = max(_SOME_OPEN, 2 * len(found))

    def close(self) -> None:
        """There are no more calls."""
        self._count_until(1 << PROCESS_BITS)

    def _count_until(self, last: int) -> None:
        for call in [call for call, told in self._open.items() if told[3] <= last]:
            self._count(self._open.pop(call))

    def _count(self, told: list[Any]) -> None:
        function, duration, own, _, failed = told
        self._table.ended += 1
        stats = self._table.stats(function)
        stats.durations.add(duration / 1e6)
        stats.errors += failed
        if own > 0:
            stats.self_ms += own / 1e6

    def _selects(self, row: Sequence[Any]) -> bool:
        """Whether a call is chosen by time, arguments and trace too."""
        chosen = self._selection
        if chosen.call_id is not None and row[0] != chosen.call_id:
            return False
        if self._dated and not self._in_time(self._origin + row[5]):
            return False
        args = text_of(row[4]) or ""
        if not all(text in args for text in chosen.args):
            return False
        process = self._places.process << PROCESS_BITS
        return not chosen.traces or chosen.in_scope(self._places.names.call((process | row[0], *row[1:], *_NO_DETAILS)))

    def _in_time(self, nanoseconds: int) -> bool:
        """Whether a moment is in the chosen time: of most seconds it is the whole one or nothing."""
        second = nanoseconds // 1_000_000_000
        if second not in self._seconds:
            first, last = timestamp_of(second * 1_000_000), timestamp_of(second * 1_000_000 + 999_999)
            whole = self._selection.in_time(first) and self._selection.in_time(last)
            before, after = replace(self._selection, since=None), replace(self._selection, until=None)
            some = before.in_time(first) and after.in_time(last)
            self._seconds[second] = whole if whole or not some else None
        known = self._seconds[second]
        return self._selection.in_time(timestamp_of(nanoseconds // 1000)) if known is None else known

"""What of a database has to be read, entry by entry, to tell some calls: its rows are looked at first.

To make entries of a row and a call of these takes ten times as long as to look at it.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Final

from glimpse.traces.filters import Selection
from glimpse.views.choice import Choice, Window, choice_of
from glimpse.views.rows import Names
from glimpse.writers.sqlite.callers import has_callers_elsewhere
from glimpse.writers.sqlite.packs import rows_of
from glimpse.writers.sqlite.reading import OfFunctions, Part
from glimpse.writers.sqlite.schema import DEPTH_BITS, PROCESS_BITS, WHERE_BITS
from glimpse.writers.sqlite.times import times_of

__all__ = ["part_of"]

Row = tuple[Any, ...]

_CALL: Final = (1 << PROCESS_BITS) - 1
_THREAD: Final = (1 << WHERE_BITS) - 1
_AT_ONCE: Final = 4_096
_OTHERWISE: Final = (
    """SELECT 1 FROM notes WHERE entry LIKE '%"stage":"START"%' OR entry LIKE '%"stage":"END"%'
    OR entry LIKE '%"stage":"EXCEPTION"%'""",
    "SELECT 1 FROM threads WHERE task IS NOT NULL",
    "SELECT 1 FROM spans WHERE ended = 0",
)
"""What finds calls whose caller need not have run around them, as in tasks, and calls of which rows do not tell all."""


def part_of(selection: Selection) -> Part | None:
    """The part of a database that chosen calls are told by; None if it is all of it."""
    if selection.call_id is not None:
        return _OfCall(selection)
    if selection.functions:
        return OfFunctions(selection.names)
    return _OfScope(selection) if selection.scoped and not selection.traces and not selection.tasks else None


class _Here:
    """A part of traces whose calls stand around those that they made."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def suits(self, connection: sqlite3.Connection) -> bool:
        """See ``Part``."""
        otherwise = any(connection.execute(f"{sql} LIMIT 1").fetchone() for sql in _OTHERWISE)
        return not (otherwise or has_callers_elsewhere(connection))


class _OfCall(_Here):
    """A call, what was recorded while it ran, and the calls around it."""

    def rows(self, connection: sqlite3.Connection, process: int) -> Iterator[Row]:
        """See ``Part``."""
        number = self._selection.call_id
        pid, service, _ = Names(connection).processes[process]
        if number is None or not 0 < number <= _CALL or not self._selection.runs_in(pid, service):
            return
        call = process << PROCESS_BITS | number
        found = next(rows_of(connection, call, call + 1), None)
        if found is None:
            return
        above: list[Row] = []
        below = found
        while below[2] and (caller := next(rows_of(connection, below[0] - below[2], below[0] - below[2] + 1), None)):
            above.append(caller)
            below = caller
        end = (process + 1) << PROCESS_BITS if found[1] is None else call + found[1] + 1
        yield from chain(reversed(above), rows_of(connection, call, end))


class _OfScope(_Here):
    """Calls that run in some threads, processes or at some time, those around them, and those that they made."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self._scope = replace(selection, min_ms=0.0, errors=False, args=(), depth=None)

    def suits(self, connection: sqlite3.Connection) -> bool:
        """See ``Part``."""
        try:
            Window(self._selection, 0)
        except ValueError:
            return False
        return super().suits(connection)

    def rows(self, connection: sqlite3.Connection, process: int) -> Iterator[Row]:
        """See ``Part``."""
        names = Names(connection)
        scope = _Scope(names, process, self._selection)
        if not scope.threads:
            return
        choice = choice_of(connection, names, process, self._scope)
        ids = process << PROCESS_BITS, (process + 1) << PROCESS_BITS
        rows = rows_of(connection, *ids, frozenset() if choice is None else _needless(connection, process, choice))
        while some := list(islice(rows, _AT_ONCE)):
            yield from scope.needed(some)


def _needless(connection: sqlite3.Connection, process: int, choice: Choice) -> set[int]:
    """The batches in whose packs there are neither chosen calls nor any that were made by one."""
    chosen = {batch: any(choice.of(sites)) for batch, _, sites in times_of(connection, process, each=choice.each)}
    batches = sorted(chosen)
    for low, high in choice.ranges(connection) if not all(chosen.values()) else ():
        first = max(bisect_right(batches, low) - 1, 0)
        chosen.update(dict.fromkeys(batches[first : bisect_right(batches, high)], True))
    return {batch for batch, some in chosen.items() if not some}


class _Scope:
    """Looks at the rows of a process in their order."""

    def __init__(self, names: Names, process: int, selection: Selection) -> None:
        pid, service, origin = names.processes[process]
        self.threads = {
            number
            for number, (name, task) in names.threads(process).items()
            if selection.runs_in(pid, service) and selection.runs_on(name, task)
        }
        self._window = Window(selection, origin)
        self._open: dict[int, int] = {}
        """Chosen calls that had not ended where the rows before did, with the ids of their ends."""

    def needed(self, rows: list[Row]) -> Iterable[Row]:
        """Those of rows that are next."""
        last = rows[-1][0]
        threads, starts = self.threads, self._window.chosen([row[5] for row in rows])
        chosen = {
            row[0]
            for row, in_time in zip(rows, starts, strict=True)
            if in_time and row[3] >> DEPTH_BITS & _THREAD in threads
        }
        callers = chosen.union(self._open)
        needed = set(chosen)
        for row in reversed(rows):
            call, ended, up = row[:3]
            if call in needed or ended is None or call + ended > last:
                needed.add(call)
                if up is not None:
                    needed.add(call - up)
            elif up is not None and call - up in callers:
                needed.add(call)
        known = {call: end for call, end in self._open.items() if end > last}
        for row in rows:
            if row[0] in chosen and (row[1] is None or row[0] + row[1] > last):
                known[row[0]] = row[0] + (_CALL if row[1] is None else row[1])
        self._open = known
        return (row for row in rows if row[0] in needed)

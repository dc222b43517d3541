"""Statistics and failures asked of a database, instead of reading every entry."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import Any, Final

import orjson

from glimpse.traces.calls import Call
from glimpse.traces.durations import SETTLE_AT
from glimpse.traces.failures import Failures
from glimpse.traces.filters import Selection
from glimpse.traces.stats import COLUMNS, TopTable
from glimpse.views.rows import Names, asking, occupied
from glimpse.views.times import SiteStats, add_times
from glimpse.writers.sqlite.packs import failed_rows, packed_batches, rows_of
from glimpse.writers.sqlite.reading import KeptSummary, has_noted_calls
from glimpse.writers.sqlite.schema import DEPTH_BITS, PROCESS_BITS, WHERE_BITS
from glimpse.writers.sqlite.times import is_timed

__all__ = ["database_failures", "database_table"]

_SITE: Final = DEPTH_BITS + WHERE_BITS
_CALL: Final = (1 << PROCESS_BITS) - 1
_WORTH_KEEPING: Final = 20_000
"""Calls of which counting takes longer than anybody would notice."""
_TAKES_LONG: Final = 100 << 20
"""The size in bytes of a file whose calls take more than a second to count one by one."""
_OCCUPIED: Final = (
    "coalesce((SELECT CAST(active_ms * 1e6 AS INTEGER) FROM details"
    " WHERE details.id = spans.id AND yields IS NOT NULL), duration, 0)"
)
"""What a call's caller waited for it: of a generator, the time that it was running."""
_BELOW: Final = f"""
SELECT id - up & {_CALL}, sum({_OCCUPIED}) FROM spans
WHERE id >= ? AND id < ? AND up IS NOT NULL AND ended IS NOT NULL GROUP BY 1"""
_ROWS: Final = f"""
SELECT id & {_CALL}, ended, place >> {_SITE}, coalesce(duration, 0), {_OCCUPIED} FROM spans WHERE id >= ? AND id < ?"""
_FAILED: Final = f"""
SELECT place >> {_SITE}, count(*)
FROM details JOIN spans ON spans.id = details.id
WHERE details.id >= ? AND details.id < ? AND exception IS NOT NULL GROUP BY 1"""


class _KnownTable(TopTable):
    """Statistics that an earlier reader has kept."""

    def __init__(self, rows: list[dict[str, Any]], unfinished: int) -> None:
        super().__init__()
        self._rows, self.started = rows, unfinished

    def rows(self) -> list[dict[str, Any]]:
        """See ``TopTable``."""
        return self._rows


def database_table(path: str, tell: Callable[[str], None] | None = None) -> TopTable:
    """The statistics of every function.

    Where nobody is writing, those of a large trace are kept in it, until somebody writes again.

    :param tell: is told before it takes long.
    :raises ReadError: it is not a trace.
    """
    with KeptSummary(path) as kept, asking(path) as connection:
        known = _known(kept.text("top", connection))
        if known is not None:
            return known
        table = TopTable()
        names = Names(connection)
        timed = {number for number in names.processes if is_timed(connection, number)}
        others = names.processes.keys() - timed
        if tell is not None and others and os.path.getsize(path) >= _TAKES_LONG:
            tell(
                f"{path}: counting calls one by one, since their times are not in the file (an older Glimpse wrote it)"
            )
        for number in others:
            _count(connection, number, SiteStats(table, number, names.function))
        add_times(connection, [SiteStats(table, number, names.function) for number in timed])
        if table.started >= _WORTH_KEEPING:
            kept.keep("top", orjson.dumps({"rows": table.rows(), "unfinished": table.unfinished}).decode())
    return table


def _known(text: str | None) -> TopTable | None:
    """The table that was kept, if it is one."""
    try:
        found: Any = orjson.loads(text or "")
        rows = [{name: row[name] for name in COLUMNS} for row in found["rows"]]
        unfinished = found["unfinished"]
    except (ValueError, TypeError, KeyError):
        return None
    numbers = [unfinished, *(row[name] for row in rows for name in COLUMNS[1:])]
    right = all(type(row["function"]) is str for row in rows) and {type(number) for number in numbers} <= {int, float}
    return _KnownTable(rows, unfinished) if right else None


def _count(connection: sqlite3.Connection, process: int, stats: SiteStats) -> None:
    """Count the calls of a process: what is in packs and what has rows, and each one's time less its children's."""
    ids = process << PROCESS_BITS, (process + 1) << PROCESS_BITS
    for site, errors in connection.execute(_FAILED, ids):
        stats[site].errors += errors
    table = stats.table
    below: dict[int, float] = dict(connection.execute(_BELOW, ids))
    for rows in packed_batches(connection, *ids):
        table.started += len(rows)
        table.ended += len(rows)
        for row in rows:
            call, up = row[0], row[2]
            if up is not None:
                below[call - up] = below.get(call - up, 0) + occupied(row)
        for row in rows:
            duration, spent = row[6], below.pop(row[0], 0)
            found = stats[row[3] >> _SITE]
            found.self_ms += max(occupied(row) - spent, 0) / 1e6
            pending = found.durations.pending
            pending.append(duration / 1e6)
            if len(pending) >= SETTLE_AT:
                found.durations.settle()
    for call, ended, site, duration, spent in connection.execute(_ROWS, ids):
        table.started += 1
        if ended is not None:
            table.ended += 1
            found = stats[site]
            found.durations.add(duration / 1e6)
            found.self_ms += max(spent - below.pop(call, 0), 0) / 1e6


def database_failures(path: str, selection: Selection | None = None) -> Failures | None:
    """The exceptions of calls that are chosen, with the calls that led to the first of each kind.

    None if not all are told by rows.

    :raises ReadError: it is not a trace.
    """
    failures = Failures()
    with asking(path) as connection:
        if has_noted_calls(connection):
            return None
        names = Names(connection)
        for call in map(names.call, failed_rows(connection)):
            if selection is None or selection.selects(call):
                failures.add(call)
        known: dict[int, Call] = {}
        for failure in failures.rows():
            call = failure.example.path()[0]
            while call.parent_id is not None and call.parent is None:
                number = call.process << PROCESS_BITS | call.parent_id  # type: ignore[operator]
                if number not in known:
                    found = list(rows_of(connection, number, number + 1))
                    if not found:
                        break
                    known[number] = names.call(found[0])
                call.parent = known[number]
                call = known[number]
    return failures

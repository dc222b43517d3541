"""Statistics and failures asked of a database in SQL, instead of reading every entry."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final
from urllib.parse import quote

import orjson

from glimpse.errors import ReadError
from glimpse.traces.calls import Call
from glimpse.traces.failures import Failures
from glimpse.traces.records import timestamp_of
from glimpse.traces.stats import FunctionStats, TopTable
from glimpse.writers.sqlite_reading import read_entries
from glimpse.writers.sqlite_schema import DEPTH_BITS, PROCESS_BITS, WHERE_BITS

__all__ = ["database_failures", "database_table"]

_SITE: Final = DEPTH_BITS + WHERE_BITS
_CALL: Final = (1 << PROCESS_BITS) - 1
_OCCUPIED: Final = "coalesce({0}.duration, 0)"
_OCCUPIED_WITH_GENERATORS: Final = (
    "coalesce((SELECT CAST(active_ms * 1e6 AS INTEGER) FROM details"
    " WHERE details.id = {0}.id AND yields IS NOT NULL), {0}.duration, 0)"
)
_DURATIONS: Final = f"SELECT id >> {PROCESS_BITS}, place >> {_SITE}, duration FROM spans WHERE ended IS NOT NULL"
_OWN: Final = f"""
SELECT caller.id >> {PROCESS_BITS}, caller.place >> {_SITE}, sum(min({{caller}}, below.spent))
FROM (SELECT id - up AS id, sum({{callee}}) AS spent FROM spans WHERE up IS NOT NULL AND ended IS NOT NULL GROUP BY 1)
    AS below JOIN spans AS caller ON caller.id = below.id
WHERE caller.ended IS NOT NULL GROUP BY 1, 2"""
_ALL_TIME: Final = f"""
SELECT id >> {PROCESS_BITS}, place >> {_SITE}, sum({{callee}}) FROM spans WHERE ended IS NOT NULL GROUP BY 1, 2"""
_FAILED: Final = f"""
SELECT spans.id >> {PROCESS_BITS}, place >> {_SITE}, count(*)
FROM details JOIN spans ON spans.id = details.id WHERE exception IS NOT NULL GROUP BY 1, 2"""
_CALLS: Final = f"""
SELECT spans.id, ended, up, spans.place >> {_SITE}, spans.place >> {DEPTH_BITS} & {(1 << WHERE_BITS) - 1},
    spans.place & {(1 << DEPTH_BITS) - 1}, args, start, duration, exception
FROM {{}} WHERE {{}}"""


def database_table(path: str) -> TopTable:
    """The statistics of every function.

    :raises ReadError: it is not a trace.
    """
    table = TopTable()
    with _asking(path) as connection:
        names = _Names(connection)
        stats: dict[tuple[int, int], FunctionStats] = {}
        for process, site, duration in connection.execute(_DURATIONS):
            found = stats.get((process, site))
            if found is None:
                found = stats[process, site] = table.stats(names.function(process, site))
            found.durations.add((duration or 0) / 1e6)
            table.ended += 1
        table.started = connection.execute("SELECT count(*) FROM spans").fetchone()[0]
        generators = connection.execute("SELECT 1 FROM details WHERE yields IS NOT NULL LIMIT 1").fetchone()
        occupied = _OCCUPIED_WITH_GENERATORS if generators else _OCCUPIED
        values = {"callee": occupied.format("spans"), "caller": occupied.format("caller")}
        for process, site, spent in connection.execute(_ALL_TIME.format(**values)):
            stats[process, site].self_ms += spent / 1e6
        for process, site, spent in connection.execute(_OWN.format(**values)):
            stats[process, site].self_ms -= spent / 1e6
        for process, site, count in connection.execute(_FAILED):
            stats[process, site].errors += count
    return table


def database_failures(path: str) -> Failures:
    """Every exception, with the calls that led to the first of each kind.

    :raises ReadError: it is not a trace.
    """
    failures = Failures()
    with _asking(path) as connection:
        names = _Names(connection)
        tables = "details JOIN spans ON spans.id = details.id"
        query = _CALLS.format(tables, f"exception IS NOT NULL ORDER BY spans.id >> {PROCESS_BITS}, spans.id + ended")
        for row in connection.execute(query):
            failures.add(names.call(row))
        known: dict[int, Call] = {}
        for failure in failures.rows():
            call = failure.example.path()[0]
            while call.parent_id is not None and call.parent is None:
                number = call.process << PROCESS_BITS | call.parent_id  # type: ignore[operator]
                if number not in known:
                    tables = "spans LEFT JOIN details ON details.id = spans.id"
                    row = connection.execute(_CALLS.format(tables, "spans.id = ?"), (number,)).fetchone()
                    if row is None:
                        break
                    known[number] = names.call(row)
                call.parent = known[number]
                call = known[number]
    return failures


class _Names:
    """What the numbers in the rows stand for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sites = {
            (process, number): (_text(function), _text(file), line)
            for process, number, function, file, line in connection.execute(
                "SELECT process, number, function, file, line FROM sites"
            )
        }
        self._threads = {
            (process, number): (_text(name), _text(task))
            for process, number, name, task in connection.execute("SELECT process, number, name, task FROM threads")
        }
        self._processes = {
            number: (pid, _text(service), start)
            for number, pid, service, start in connection.execute("SELECT id, pid, service, start_ns FROM processes")
        }

    def function(self, process: int, site: int) -> str:
        """The name of a function."""
        name: str = self._sites[process, site][0]
        return name

    def call(self, row: tuple[Any, ...]) -> Call:
        """The call of a row of ``_CALLS``."""
        number, ended, up, site, thread, depth, args, start, duration, exception = row
        process, call_id = number >> PROCESS_BITS, number & _CALL
        pid, service, origin = self._processes[process]
        function, file, line = self._sites[process, site]
        name, task = self._threads.get((process, thread), (f"Thread-{thread}", None))
        call = Call(
            call_id, None if up is None else call_id - up, function, _text(args) or function.rpartition(".")[2],
            timestamp_of((origin + start) // 1000), name, pid, process, depth, task, service,
        )  # fmt: skip
        call.file, call.line = file, line
        call.finished = ended is not None
        call.duration_ms = None if duration is None else duration / 1e6
        call.ended = timestamp_of((origin + start + (duration or 0)) // 1000) if call.finished else None
        if exception is not None:
            call.failed = True
            detail = orjson.loads(exception)
            call.exception = detail if isinstance(detail, dict) else {}
        return call


@contextmanager
def _asking(path: str) -> Iterator[sqlite3.Connection]:
    """A connection to a database that is a trace; it only reads.

    :raises ReadError: it is not a trace, or damaged.
    """
    next(read_entries(path), None)  # checks that it is a trace, and of a version that is known
    name = "file:" + quote(os.path.abspath(path))
    try:
        with closing(sqlite3.connect(f"{name}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except (sqlite3.Error, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise ReadError(f"{path}: damaged: {error}") from None


def _text(value: Any) -> Any:
    """A value of a row; text that UTF-8 cannot hold is stored as a blob."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value

"""The rows of a database, as calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

import orjson

from glimpse.errors import ReadError
from glimpse.traces.calls import Call
from glimpse.traces.records import timestamp_of
from glimpse.writers.sqlite.packs import COLUMNS as ROW
from glimpse.writers.sqlite.packs import text_of
from glimpse.writers.sqlite.reading import open_trace
from glimpse.writers.sqlite.schema import DEPTH_BITS, PROCESS_BITS, WHERE_BITS

__all__ = ["Names", "asking", "occupied"]

_SITE: Final = DEPTH_BITS + WHERE_BITS
_IDS: Final = ROW.index("trace_id")
_ACTIVE: Final = ROW.index("active_ms")
_YIELDS: Final = ROW.index("yields")
_CALL: Final = (1 << PROCESS_BITS) - 1


class Names:
    """What the numbers in the rows stand for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sites = {
            (process, number): (text_of(function), text_of(file), line)
            for process, number, function, file, line in connection.execute(
                "SELECT process, number, function, file, line FROM sites"
            )
        }
        self._threads = {
            (process, number): (text_of(name), text_of(task))
            for process, number, name, task in connection.execute("SELECT process, number, name, task FROM threads")
        }
        self.processes = {
            number: (pid, text_of(service), start)
            for number, pid, service, start in connection.execute("SELECT id, pid, service, start_ns FROM processes")
        }

    def function(self, process: int, site: int) -> str:
        """The name of a function."""
        name: str = self._sites[process, site][0]
        return name

    def threads(self, process: int) -> dict[int, tuple[str, str | None]]:
        """The names of a process's threads and of the tasks in them."""
        return {thread: names for (number, thread), names in self._threads.items() if number == process}

    def sites(self, process: int, wanted: Callable[[str], bool]) -> set[int]:
        """The functions of a process whose names are accepted."""
        return {site for (number, site), (name, _, _) in self._sites.items() if number == process and wanted(name)}

    def call(self, row: tuple[Any, ...]) -> Call:
        """The call of a row, as ``rows_of`` gives it."""
        number, ended, up, place, args, start, duration, _, exception = row[:9]
        process, call_id = number >> PROCESS_BITS, number & _CALL
        thread = place >> DEPTH_BITS & (1 << WHERE_BITS) - 1
        pid, service, origin = self.processes[process]
        function, file, line = self._sites[process, place >> _SITE]
        name, task = self._threads.get((process, thread), (f"Thread-{thread}", None))
        call = Call(
            call_id, None if up is None else call_id - up, function, text_of(args) or function.rpartition(".")[2],
            timestamp_of((origin + start) // 1000), name, pid, process, place & (1 << DEPTH_BITS) - 1, task, service,
        )  # fmt: skip
        call.file, call.line = file, line
        call.trace_id, call.span_id, call.parent_span_id, call.correlation_id = map(text_of, row[_IDS : _IDS + 4])
        call.finished = ended is not None
        call.duration_ms = None if duration is None else duration / 1e6
        call.ended = timestamp_of((origin + start + (duration or 0)) // 1000) if call.finished else None
        if exception is not None:
            call.failed = True
            detail = orjson.loads(exception)
            call.exception = detail if isinstance(detail, dict) else {}
        return call


@contextmanager
def asking(path: str) -> Iterator[sqlite3.Connection]:
    """A connection to a database that is a trace; it only reads.

    :raises ReadError: it is not a trace, or damaged.
    """
    try:
        with closing(open_trace(path)) as connection:
            yield connection
    except (sqlite3.Error, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise ReadError(f"{path}: damaged: {error}") from None


def occupied(row: Sequence[Any]) -> float:
    """Nanoseconds that a call takes from its caller, as ``Call.occupied_ms``."""
    if len(row) > _YIELDS and row[_YIELDS] is not None and row[_ACTIVE] is not None:
        active: float = row[_ACTIVE]
        return active * 1e6
    return row[6] or 0

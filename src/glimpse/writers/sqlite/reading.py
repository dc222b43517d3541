"""Entries out of SQLite, in order, without having them all in memory. The file is not trusted."""

from __future__ import annotations

import heapq
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import Any, Final, Protocol
from urllib.parse import quote

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.json_text import load_json
from glimpse.writers.encoding import decode_entry, entry_from
from glimpse.writers.sqlite.packs import COLUMNS, ranges_of, rows_of, settle, text_of
from glimpse.writers.sqlite.schema import (
    APPLICATION_ID,
    DEPTH_BITS,
    PROCESS_BITS,
    TABLES,
    VERSION,
    WHERE_BITS,
    has_table,
)

__all__ = [
    "KeptSummary", "OfFunctions", "Part", "ProcessEntries", "has_noted_calls", "open_trace", "processes_of",
    "read_entries", "text_of",
]  # fmt: skip

_CALL_ID: Final = (1 << PROCESS_BITS) - 1
_BUSY_S: Final = 5.0
_MOST_TO_SETTLE: Final = 32 << 20
"""The size in bytes of a file that is settled within half a second."""
_SITE: Final = ("function", "file", "line", "policy")
_IDS: Final = ("trace_id", "span_id", "parent_span_id", "correlation_id")


class Part(Protocol):
    """The calls that a reader needs."""

    def suits(self, connection: sqlite3.Connection) -> bool:
        """Whether the trace is one of which it can be told what is needed."""

    def rows(self, connection: sqlite3.Connection, process: int) -> Iterator[tuple[Any, ...]]:
        """Rows of calls of a process, by its number, as ``rows_of`` gives them and in their order."""


class OfFunctions:
    """Calls of functions whose names are accepted, and what was recorded while these ran.

    :param wanted: accepts names.
    """

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted

    def suits(self, connection: sqlite3.Connection) -> bool:
        """See ``Part``."""
        return not has_noted_calls(connection)

    def rows(self, connection: sqlite3.Connection, process: int) -> Iterator[tuple[Any, ...]]:
        """See ``Part``."""
        names = connection.execute("SELECT number, function FROM sites WHERE process = ?", (process,))
        sites = {number for number, function in names if self._wanted(text_of(function))}
        ids = process << PROCESS_BITS, (process + 1) << PROCESS_BITS
        ranges = ranges_of(connection, *ids, sites) if sites else ()
        return chain.from_iterable(rows_of(connection, low, high) for low, high in list(ranges))


def read_entries(path: str, part: Part | None = None) -> Iterator[LogEntry]:
    """Yield the entries of a database in the order of their time.

    :param part: what is needed of them.
    :raises ReadError: it is missing, or not a trace.
    """
    try:
        with closing(open_trace(path)) as connection:
            if part is not None and not part.suits(connection):
                part = None
            processes = [ProcessEntries(connection, row) for row in processes_of(connection)]
            yield from heapq.merge(*(each.entries(part) for each in processes), key=lambda entry: entry.timestamp)
    except (sqlite3.Error, ValueError, OverflowError, TypeError, OSError) as error:
        raise ReadError(f"{path}: {' '.join(str(error).split())}") from None


def open_trace(path: str, *, settled: bool = True) -> sqlite3.Connection:
    """A connection that reads a trace as it is at one moment, with rows of all its calls if it is small and idle.

    :param settled: otherwise nothing is made in the file for those who ask in SQL.
    :raises ReadError: it is missing, or not a trace.
    :raises sqlite3.Error: it is damaged.
    """
    _check_file(path)
    if settled:
        _settle(path)
    connection = _open(path)
    try:
        connection.execute("BEGIN")
    except BaseException:
        connection.close()
        raise
    return connection


def has_noted_calls(connection: sqlite3.Connection) -> bool:
    """Whether there are calls that no row has room for, deep ones mostly: only who reads all entries knows of them."""
    starts, failures = connection.execute(
        """SELECT total(entry LIKE '%"stage":"START"%'), total(entry LIKE '%"stage":"EXCEPTION"%') FROM notes"""
    ).fetchone()
    sql = "SELECT count(*) FROM details WHERE end_in_notes AND exception IS NOT NULL"
    return bool(starts or failures > connection.execute(sql).fetchone()[0])


class KeptSummary:
    """What readers keep in a trace that nobody is writing, so that the next one need not work it out again.

    Writers delete it. Entering the context notes what state of the trace a summary will be of.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    def __enter__(self) -> KeptSummary:
        if _settle(self._path):
            try:
                self._connection = _checked(f"{_uri(self._path)}?mode=rw", self._path, wait=0)
                self._version = self._data_version()
            except (sqlite3.Error, ReadError):
                self.__exit__()
        return self

    def __exit__(self, *_: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def text(self, what: str, connection: sqlite3.Connection) -> str | None:
        """What was kept under a name, as ``connection`` sees it."""
        if not has_table(connection, "summaries"):
            return None
        found = connection.execute("SELECT value FROM summaries WHERE name = ?", (what,)).fetchone()
        return found[0] if found and isinstance(found[0], str) else None

    def keep(self, what: str, text: str) -> None:
        """Keep it, unless somebody has written meanwhile, or it cannot be written."""
        if self._connection is None or not has_table(self._connection, "summaries"):
            return
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                if self._data_version() == self._version:
                    self._connection.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?)", (what, text))
        except sqlite3.Error:
            return

    def _data_version(self) -> int:
        assert self._connection is not None
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def _check_file(path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror or error}") from None


def _open(path: str) -> sqlite3.Connection:
    """A connection that only reads."""
    try:
        return _checked(f"{_uri(path)}?mode=ro", path)
    except sqlite3.OperationalError:  # a folder without write access, where the files of WAL mode cannot be made
        return _checked(f"{_uri(path)}?mode=ro&immutable=1", path)


def _uri(path: str) -> str:
    return "file:" + quote(os.path.abspath(path))


def _settle(path: str) -> bool:
    """Make the indexes, and rows of all calls if they are few, for whoever asks in SQL; whether nobody is writing."""
    if os.path.exists(path + "-wal") or not os.path.exists(path):
        return False
    try:
        with closing(_checked(f"{_uri(path)}?mode=rw", path, wait=0)) as connection:
            settle(connection, rows=os.path.getsize(path) <= _MOST_TO_SETTLE)
    except (sqlite3.Error, ValueError, ReadError, OSError):  # damaged, not ours to write, or somebody has begun to
        return False
    return True


def _checked(uri: str, path: str, wait: float = _BUSY_S) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
    try:
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise ReadError(f"{path}: a database of another program, not a trace")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise ReadError(f"{path}: version {version} of the tables, newer than this Glimpse knows ({VERSION})")
    sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE %' AND name IN {}"
    if connection.execute(sql.format(TABLES)).fetchone()[0] != len(TABLES):
        raise ReadError(f"{path}: the tables of a trace are missing")


def processes_of(connection: sqlite3.Connection) -> list[Any]:
    """Number, pid, service and origin of time of each process."""
    return connection.execute("SELECT id, pid, service, start_ns FROM processes ORDER BY id").fetchall()


class ProcessEntries:
    """The entries of one process, whose row is one of ``processes_of``."""

    def __init__(self, connection: sqlite3.Connection, row: tuple[Any, ...]) -> None:
        self._connection, self.row = connection, row
        number, self._pid, self._service, self._start_ns = map(text_of, row)
        self._number = number
        self.ids = number << PROCESS_BITS, (number + 1) << PROCESS_BITS
        self._threads = self._names("threads", ("thread", "task"), "name, task", number)
        self._sites = self._names("sites", _SITE, ", ".join(_SITE), number)
        self._second = (-1, "")

    def _names(self, table: str, keys: tuple[str, ...], columns: str, process: int) -> dict[int, dict[str, Any]]:
        rows = self._connection.execute(f"SELECT number, {columns} FROM {table} WHERE process = ?", (process,))
        return {number: dict(zip(keys, map(text_of, values), strict=True)) for number, *values in rows}

    def entries(self, part: Part | None = None) -> Iterator[LogEntry]:
        """In the order of their ids.

        :param part: which calls are needed.
        """
        rows = part.rows(self._connection, self._number) if part is not None else rows_of(self._connection, *self.ids)
        first = next(rows, None)
        if first is None and part is not None:
            return iter(())
        calls = self.of_calls(chain(() if first is None else (first,), rows))
        return heapq.merge(calls, self.of_notes(), key=lambda entry: entry.entry_id)

    def of_notes(self, after: int = 0) -> Iterator[LogEntry]:
        """Those that are kept as they are, but for the first so many."""
        sql = "SELECT entry FROM notes WHERE id > ? AND id < ? ORDER BY id"
        for (text,) in self._connection.execute(sql, (self.ids[0] + after, self.ids[1])):
            yield decode_entry(text)

    def of_calls(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[LogEntry]:
        """Starts come in the order of their rows; ends wait until it is their turn."""
        waiting: list[tuple[int, int, LogEntry]] = []
        for row in rows:
            call_id = row[0] & _CALL_ID
            while waiting and waiting[0][0] < call_id:
                yield heapq.heappop(waiting)[2]
            for entry in self.of_row(row):
                if entry.entry_id == call_id:
                    yield entry
                else:
                    heapq.heappush(waiting, (entry.entry_id, call_id, entry))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def of_row(self, row: tuple[Any, ...]) -> Iterator[LogEntry]:
        """The entries of a call, as ``rows_of`` gives it: its START and its end, or one of them."""
        call = dict(zip(COLUMNS, map(text_of, row), strict=True))
        call["id"] &= _CALL_ID
        shared = self._shared(call)
        if call["args"] is not None and call["ended"] != 0:
            yield self._start(call, shared)
        if call["ended"] is not None and not call["end_in_notes"]:
            yield self._end(call, shared)

    def of_place(self, place: int) -> dict[str, Any]:
        """What the entries of all calls in a place say."""
        thread = place >> DEPTH_BITS & (1 << WHERE_BITS) - 1
        return {
            "depth": place & (1 << DEPTH_BITS) - 1,
            "pid": self._pid,
            "service": self._service,
            **self._threads.get(thread, {"thread": f"Thread-{thread}"}),
            **self._sites.get(place >> DEPTH_BITS + WHERE_BITS, {}),
        }

    def _shared(self, call: dict[str, Any]) -> dict[str, Any]:
        """What both entries of a call say."""
        up = call["up"]
        return {
            "call_id": call["id"],
            "parent_id": None if up is None else call["id"] - up,
            **self.of_place(call["place"]),
            **{name: call[name] for name in _IDS},
        }

    def _start(self, call: dict[str, Any], shared: dict[str, Any]) -> LogEntry:
        own = {"entry_id": call["id"], "level": "INFO", "args": call["args"], "stage": "START"}
        return entry_from(shared | own | {"timestamp": self._stamp(call["start"])})

    def _end(self, call: dict[str, Any], shared: dict[str, Any]) -> LogEntry:
        duration = call["duration"]
        failed = call["exception"] is not None
        own = {
            "entry_id": call["id"] + call["ended"],
            "level": "ERROR" if failed else "INFO",
            "args": call["args"] if failed else str(shared.get("function")).rpartition(".")[2],
            "stage": "EXCEPTION" if failed else "END",
            "timestamp": self._stamp(call["start"] + (duration or 0)),
            "result": call["result"],
            "closed": True if call["closed"] else None,
            "exception": load_json(call["exception"]) if failed else None,
            "duration_ms": None if duration is None else duration / 1e6,
            "active_ms": call["active_ms"],
            "yields": call["yields"],
        }
        return entry_from(shared | own)

    def _stamp(self, start: int) -> str:
        second, rest = divmod(self._start_ns + start, 1_000_000_000)
        if second != self._second[0]:
            self._second = second, time.strftime("%Y-%m-%d %H:%M:%S.", time.gmtime(second))
        return f"{self._second[1]}{rest // 1000:06d}"

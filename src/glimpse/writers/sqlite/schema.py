"""The tables of a trace in SQLite, their versions, and how a connection is set up.

One row a *call* costs half of one row an *entry*, and that still is more than all else that a call costs. So calls that
began and ended in one batch are put away together, as one JSON text, which costs a quarter of their rows; the first
reader that comes while nobody writes makes them rows. What few calls have is kept apart. People look at two views,
``calls`` and ``entries`` (see ``views``), which put it all together.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from glimpse.errors import WriterError
from glimpse.writers.files import System, create
from glimpse.writers.sqlite.views import DEPTH_BITS, DETAILS, PROCESS_BITS, SITE, SPANS, VIEWS, WHERE_BITS

__all__ = [
    "APPLICATION_ID",
    "DEPTH_BITS",
    "DETAILS",
    "PROCESS_BITS",
    "SPANS",
    "TABLES",
    "VERSION",
    "WHERE_BITS",
    "build_indexes",
    "connect",
    "has_table",
]

APPLICATION_ID: Final = 0x476C6D70  # "Glmp"
TABLES: Final = ("processes", "sites", "threads", "spans", "details", "notes")
_CREATE: Final = """
-- start_ns: what its calls' starts are relative to, in nanoseconds since the epoch.
CREATE TABLE processes (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, service TEXT, start_ns INTEGER NOT NULL);
CREATE TABLE sites (process INTEGER, number INTEGER, function TEXT NOT NULL, file TEXT, line INTEGER, policy TEXT,
                    PRIMARY KEY (process, number)) WITHOUT ROWID;
-- A thread, and the task within it.
CREATE TABLE threads (process INTEGER, number INTEGER, name TEXT NOT NULL, task TEXT,
                      PRIMARY KEY (process, number)) WITHOUT ROWID;
-- A call. ended: the END's entry id less the call's; null while it runs, 0 if there was no START. up: the call's id
-- less its parent's. place: site, thread, depth. args: null where no START was recorded. start, duration: nanoseconds.
CREATE TABLE spans (id INTEGER PRIMARY KEY, ended INTEGER, up INTEGER, place INTEGER, args TEXT, start INTEGER,
                    duration INTEGER, result TEXT);
-- What few calls have. end_in_notes: the END is not as it would be worked out from this row, and stands in notes.
CREATE TABLE details (id INTEGER PRIMARY KEY, exception TEXT, closed INTEGER, active_ms REAL, yields INTEGER,
                      trace_id TEXT, span_id TEXT, parent_span_id TEXT, correlation_id TEXT, end_in_notes INTEGER);
-- SUSPEND, RESUME, and whatever else is an entry of its own, as JSON; ids as in spans, counted one by one.
CREATE TABLE notes (id INTEGER PRIMARY KEY, entry TEXT NOT NULL);
"""

_INDEXES: Final = {
    "spans_site": f"spans ({SITE})",
    "spans_duration": "spans (duration)",
    "details_failed": "details (id) WHERE exception IS NOT NULL",
    "details_trace": "details (trace_id) WHERE trace_id IS NOT NULL",
    "sites_function": "sites (function)",
}
"""None on time or parent: a process's rows are in the order of their starts, and a parent is found by its id."""

_PACKS: Final = """
-- Calls that ended before they were written, as a JSON list of lists of the values of spans, with the call's id alone
-- in the place of id, and after these, from version 5 on, of details, but for nulls at the end. batch, and the id of
-- its first pack: no call of the batch has a lower id, and none of an earlier batch a higher one.
CREATE TABLE packs (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, calls TEXT NOT NULL);
-- What a reader has worked out, while nobody writes.
CREATE TABLE summaries (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_TIMES: Final = f"""
-- 1 as long as times has every call of the process that has ended.
ALTER TABLE processes ADD COLUMN timed INTEGER;
-- Of each batch: the id of its first pack; how many more calls are open after it; a JSON list of [site, calls that
-- ended, nanoseconds of these when something else was running, errors]; the calls' durations in nanoseconds, in the
-- same order, as unsigned numbers of 4 or 8 bytes, the lowest first. Ids as in spans, counted one by one.
CREATE TABLE times (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, running INTEGER NOT NULL, sites TEXT NOT NULL,
                    durations BLOB NOT NULL);
-- Writers delete no calls, but people may.
CREATE TRIGGER spans_deleted AFTER DELETE ON spans BEGIN UPDATE processes SET timed = 0
WHERE id = old.id >> {PROCESS_BITS} AND timed; DELETE FROM summaries; END;
"""

_PLACES: Final = """
-- sites has [site, calls, nanoseconds, errors, thread, callers] from here on, and processes.timed is 2: of each
-- function and thread, tasks left aside; the last durations are those of callers. elsewhere: how much of each of these
-- something else was running, as durations are stored. starts: of each call, in the order of durations, as numbers of
-- 8 bytes with a sign, relative as in spans.
ALTER TABLE times ADD COLUMN elsewhere BLOB;
ALTER TABLE times ADD COLUMN starts BLOB
"""

_PACKED_DETAILS: Final = f"""
-- 1 if calls of the pack may have callers in other processes.
ALTER TABLE packs ADD COLUMN elsewhere INTEGER;
DROP VIEW IF EXISTS calls;
DROP VIEW IF EXISTS entries;
{VIEWS}"""

_MIGRATIONS: Final = (_CREATE, _PACKS, _TIMES, _PLACES, _PACKED_DETAILS)
"""What takes a database from each version to the next; version 0 is an empty one."""

VERSION: Final = len(_MIGRATIONS)
_BUSY_S: Final = 5.0
_BETWEEN_TRIES_S: Final = 0.005
_PAGE_BYTES: Final = 8_192
"""Packs of 10 KB are written in a fifth less time than with pages of 4 KiB; larger ones gain little, and cost where a
batch is small."""


def connect(path: str) -> sqlite3.Connection:
    """Open a trace for writing, made or brought up to date if need be.

    ``synchronous=NORMAL`` in WAL mode: a killed process loses nothing that was committed, a power failure at most the
    latest commits, and neither damages the file.

    :raises WriterError: it cannot be opened, or is something else.
    """
    System.close(create(path, os.O_RDWR, "db_path"))
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        version = _version(connection, path)
        if not version:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        _use_log(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        if version < VERSION:
            _migrate(connection, path)
        _drop_indexes(connection)
    except sqlite3.Error as error:
        connection.close()
        raise WriterError(f"option db_path: cannot write to {path!r}: {error}") from error
    except WriterError:
        connection.close()
        raise
    return connection


def build_indexes(connection: sqlite3.Connection, *, every: bool) -> None:
    """Make what queries by failure and trace need, and (``every``) by function and duration.

    :raises sqlite3.Error: the database is not to be written, or busy.
    """
    for name, columns in _INDEXES.items():
        if columns.startswith("spans") and not every:
            continue
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there is a table: later versions have more of them."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def _use_log(connection: sqlite3.Connection) -> None:
    """Have a write-ahead log. SQLite does not wait by itself for others that begin at the same time."""
    deadline = System.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or System.monotonic() > deadline:
                raise
        System.sleep(_BETWEEN_TRIES_S)


def _drop_indexes(connection: sqlite3.Connection) -> None:
    """Each one doubles the cost of a row, so they are there from the first reading to the next writing only."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'")
    for name in {row[0] for row in found} & _INDEXES.keys():
        connection.execute(f"DROP INDEX IF EXISTS {name}")


def _version(connection: sqlite3.Connection, path: str) -> int:
    """The version of the tables; 0 if there are none.

    :raises WriterError: the file is another program's, or a newer Glimpse's.
    """
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[
        0
    ]  # after the tables: others may make them now
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if tables and application != APPLICATION_ID:
        raise WriterError(f"option db_path: {path!r} is another program's database; name another file")
    if version > VERSION:
        raise WriterError(
            f"option db_path: {path!r} has version {version} of the tables, and this Glimpse knows {VERSION} at most; "
            "name another file or update Glimpse"
        )
    return version


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)  # another process may have been first
        for script in _MIGRATIONS[version:]:
            for statement in script.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise

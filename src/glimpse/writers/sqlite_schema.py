"""The tables of a trace in SQLite, their versions, and how a connection is set up.

One row a *call* costs half of one row an *entry*: START and END that meet in one batch are one insert. What counts then
is how many columns a row has and how small its numbers are, so they are relative, and what most calls do not have is
kept apart. People look at two views, ``calls`` and ``entries``, which put it all together.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from glimpse.entry import FIELDS
from glimpse.errors import WriterError
from glimpse.writers.files import System, create

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
]

APPLICATION_ID: Final = 0x476C6D70  # "Glmp"
PROCESS_BITS: Final = 40
"""A call's id in the tables is ``process << PROCESS_BITS | call_id``: in order, and found without an index."""

DEPTH_BITS: Final = 14
WHERE_BITS: Final = 28
"""``spans.place`` is ``site << WHERE_BITS + DEPTH_BITS | thread << DEPTH_BITS | depth``."""

SPANS: Final = ("id", "ended", "up", "place", "args", "start", "duration", "result")
DETAILS: Final = (
    "id", "exception", "closed", "active_ms", "yields", "trace_id", "span_id", "parent_span_id", "correlation_id",
    "end_in_notes",
)  # fmt: skip

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

_PROCESS: Final = f"spans.id >> {PROCESS_BITS}"
_SITE: Final = f"CAST(spans.place >> {DEPTH_BITS + WHERE_BITS} AS INTEGER)"
"""The cast gives the expression a column's type, without which no index on it serves a join."""
_THREAD: Final = f"spans.place >> {DEPTH_BITS} & {(1 << WHERE_BITS) - 1}"
_JOINS: Final = f"""FROM spans LEFT JOIN details ON details.id = spans.id
LEFT JOIN processes ON processes.id = {_PROCESS}
LEFT JOIN sites ON sites.process = {_PROCESS} AND sites.number = {_SITE}
LEFT JOIN threads ON threads.process = {_PROCESS} AND threads.number = {_THREAD}"""


def _stamp(nanoseconds: str) -> str:
    whole = f"strftime('%Y-%m-%d %H:%M:%S', ({nanoseconds}) / 1000000000, 'unixepoch')"
    return f"{whole} || printf('.%06d', ({nanoseconds}) / 1000 % 1000000)"


_CALL_ID: Final = f"spans.id & {(1 << PROCESS_BITS) - 1}"
_PARENT: Final = f"({_CALL_ID}) - spans.up AS parent_id"
_DEPTH: Final = f"spans.place & {(1 << DEPTH_BITS) - 1} AS depth"
_NAME: Final = "substr(sites.function, length(rtrim(sites.function, replace(sites.function, '.', ''))) + 1)"
_START: Final = "processes.start_ns + spans.start"
_ENDED_AS: Final = "CASE WHEN details.exception IS NULL THEN {} ELSE {} END"
_WHERE: Final = "threads.name AS thread, processes.pid, threads.task"
_IDS: Final = """details.trace_id, details.span_id, details.parent_span_id, processes.service, details.correlation_id,
    sites.policy, sites.file, sites.line"""
_OF_NOTE: Final = ", ".join(f"json_extract(entry, '$.{name}')" for name in FIELDS)

_VIEWS: Final = f"""
CREATE VIEW calls AS SELECT
    {_CALL_ID} AS call_id, {_PARENT}, {_DEPTH}, sites.function, spans.args,
    CASE WHEN spans.ended IS NULL THEN 'START' ELSE {_ENDED_AS.format("'END'", "'EXCEPTION'")} END AS stage,
    {_stamp(_START)} AS start, spans.duration / 1e6 AS duration_ms, spans.result, details.exception,
    {_WHERE}, details.closed, details.active_ms, details.yields, {_IDS}
{_JOINS};
CREATE VIEW entries AS SELECT
    {_CALL_ID} AS entry_id, {_CALL_ID} AS call_id, {_PARENT}, {_DEPTH}, 'INFO' AS level,
    sites.function, spans.args, 'START' AS stage, {_stamp(_START)} AS timestamp, {_WHERE},
    NULL AS result, NULL AS closed, NULL AS exception, NULL AS duration_ms, NULL AS active_ms, NULL AS yields, {_IDS}
{_JOINS} WHERE spans.args IS NOT NULL AND spans.ended IS NOT 0
UNION ALL SELECT
    ({_CALL_ID}) + spans.ended, {_CALL_ID}, {_PARENT}, {_DEPTH}, {_ENDED_AS.format("'INFO'", "'ERROR'")},
    sites.function, {_ENDED_AS.format(_NAME, "spans.args")}, {_ENDED_AS.format("'END'", "'EXCEPTION'")},
    {_stamp(f"{_START} + coalesce(spans.duration, 0)")}, {_WHERE}, spans.result, details.closed, details.exception,
    spans.duration / 1e6, details.active_ms, details.yields, {_IDS}
{_JOINS} WHERE spans.ended IS NOT NULL AND details.end_in_notes IS NULL
UNION ALL SELECT {_OF_NOTE} FROM notes;
"""

_INDEXES: Final = {
    "spans_site": f"spans ({_SITE.replace('spans.', '')})",
    "spans_duration": "spans (duration)",
    "details_failed": "details (id) WHERE exception IS NOT NULL",
    "details_trace": "details (trace_id) WHERE trace_id IS NOT NULL",
    "sites_function": "sites (function)",
}
"""None on time or parent: a process's rows are in the order of their starts, and a parent is found by its id."""

_MIGRATIONS: Final = (_CREATE + _VIEWS,)
"""What takes a database from each version to the next; version 0 is an empty one."""

VERSION: Final = len(_MIGRATIONS)
_BUSY_S: Final = 5.0


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
        connection.execute("PRAGMA journal_mode = WAL")
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


def build_indexes(connection: sqlite3.Connection) -> None:
    """Make what queries by function, duration, failure and trace need.

    :raises sqlite3.Error: the database is not to be written, or busy.
    """
    for name, columns in _INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")


def _drop_indexes(connection: sqlite3.Connection) -> None:
    """Each one doubles the cost of a row, so they are there from the first reading to the next writing only."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'")
    for name in {row[0] for row in found} & _INDEXES.keys():
        connection.execute(f"DROP INDEX IF EXISTS {name}")


def _version(connection: sqlite3.Connection, path: str) -> int:
    """The version of the tables; 0 if there are none.

    :raises WriterError: the file is another program's, or a newer Glimpse's.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
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

"""The tables of a trace in SQLite, their versions, and how a connection is set up.

One row a *call* costs half of one row an *entry*: START and END that meet in one batch are one insert. What a row does
not say again it refers to by a number that counts within its process. People look at two views, ``calls`` and
``entries``, which put it all together.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from glimpse.entry import FIELDS
from glimpse.errors import WriterError
from glimpse.writers.files import System, create

__all__ = ["APPLICATION_ID", "COLUMNS", "PROCESS_SHIFT", "TABLES", "VERSION", "build_indexes", "connect"]

APPLICATION_ID: Final = 0x476C6D70  # "Glmp"
PROCESS_SHIFT: Final = 40
"""A row's id is ``process << PROCESS_SHIFT | call_id``: in order for each process, and found without an index."""

COLUMNS: Final = (
    "id", "end_id", "parent", "depth", "site", "thread", "task",
    "args", "start_ns", "duration_ns", "result", "exception", "extra",
)  # fmt: skip

TABLES: Final = ("processes", "sites", "threads", "spans", "notes")
_CREATE: Final = """
CREATE TABLE processes (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, service TEXT);
CREATE TABLE sites (process INTEGER, number INTEGER, function TEXT NOT NULL, file TEXT, line INTEGER, policy TEXT,
                    PRIMARY KEY (process, number)) WITHOUT ROWID;
CREATE TABLE threads (process INTEGER, number INTEGER, name TEXT NOT NULL,
                      PRIMARY KEY (process, number)) WITHOUT ROWID;
-- args is null where no START was recorded, end_id while the call has no end. extra is a JSON object; its key "end"
-- says that the END is not as it would be worked out from this row, and stands in notes.
CREATE TABLE spans (id INTEGER PRIMARY KEY, end_id INTEGER, parent INTEGER, depth INTEGER, site INTEGER,
                    thread INTEGER, task TEXT, args TEXT, start_ns INTEGER, duration_ns INTEGER, result TEXT,
                    exception TEXT, extra TEXT);
-- SUSPEND, RESUME, and whatever else is an entry of its own, as JSON; ids as in spans, counted one by one.
CREATE TABLE notes (id INTEGER PRIMARY KEY, entry TEXT NOT NULL);
"""

_JOINS: Final = """FROM spans
LEFT JOIN processes ON processes.id = spans.id >> 40
LEFT JOIN sites ON sites.process = spans.id >> 40 AND sites.number = spans.site
LEFT JOIN threads ON threads.process = spans.id >> 40 AND threads.number = spans.thread"""


def _stamp(nanoseconds: str) -> str:
    whole = f"strftime('%Y-%m-%d %H:%M:%S', ({nanoseconds}) / 1000000000, 'unixepoch')"
    return f"{whole} || printf('.%06d', ({nanoseconds}) / 1000 % 1000000)"


def _extra(name: str) -> str:
    return f"json_extract(spans.extra, '$.{name}')"


_CALL_ID: Final = "spans.id & 1099511627775"
_NAME: Final = "substr(sites.function, length(rtrim(sites.function, replace(sites.function, '.', ''))) + 1)"
_END_NS: Final = "spans.start_ns + coalesce(spans.duration_ns, 0)"
_ENDED_AS: Final = "CASE WHEN spans.exception IS NULL THEN {} ELSE {} END"
_COMMON: Final = """threads.name AS thread, processes.pid, spans.task"""
_IDS: Final = f"""{_extra("trace_id")} AS trace_id, {_extra("span_id")} AS span_id,
    {_extra("parent_span_id")} AS parent_span_id, processes.service,
    {_extra("correlation_id")} AS correlation_id,
    sites.policy, sites.file, sites.line"""
_OF_NOTE: Final = ", ".join(f"json_extract(entry, '$.{name}')" for name in FIELDS)

_VIEWS: Final = f"""
CREATE VIEW calls AS SELECT
    {_CALL_ID} AS call_id, spans.parent AS parent_id, spans.depth, sites.function, spans.args,
    CASE WHEN spans.end_id IS NULL THEN 'START' ELSE {_ENDED_AS.format("'END'", "'EXCEPTION'")} END AS stage,
    {_stamp("spans.start_ns")} AS start, spans.duration_ns / 1e6 AS duration_ms, spans.result, spans.exception,
    {_COMMON}, {_extra("closed")} AS closed, {_extra("active_ms")} AS active_ms, {_extra("yields")} AS yields, {_IDS}
{_JOINS};
CREATE VIEW entries AS SELECT
    {_CALL_ID} AS entry_id, {_CALL_ID} AS call_id, spans.parent AS parent_id, spans.depth, 'INFO' AS level,
    sites.function, spans.args, 'START' AS stage, {_stamp("spans.start_ns")} AS timestamp, {_COMMON},
    NULL AS result, NULL AS closed, NULL AS exception, NULL AS duration_ms, NULL AS active_ms, NULL AS yields, {_IDS}
{_JOINS} WHERE spans.args IS NOT NULL AND spans.end_id IS NOT {_CALL_ID}
UNION ALL SELECT
    spans.end_id, {_CALL_ID}, spans.parent, spans.depth, {_ENDED_AS.format("'INFO'", "'ERROR'")},
    sites.function, {_ENDED_AS.format(_NAME, "spans.args")}, {_ENDED_AS.format("'END'", "'EXCEPTION'")},
    {_stamp(_END_NS)}, {_COMMON}, spans.result, {_extra("closed")}, spans.exception, spans.duration_ns / 1e6,
    {_extra("active_ms")}, {_extra("yields")}, {_IDS}
{_JOINS} WHERE spans.end_id IS NOT NULL AND {_extra("end")} IS NULL
UNION ALL SELECT {_OF_NOTE} FROM notes;
"""

_INDEXES: Final = {
    "spans_site": "spans (site)",
    "spans_start": "spans (start_ns)",
    "spans_duration": "spans (duration_ns)",
    "spans_parent": "spans (parent)",
    "spans_failed": "spans (id) WHERE exception IS NOT NULL",
    "sites_function": "sites (function)",
}

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
    """Make what queries by function, time, duration, parent and failure need.

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

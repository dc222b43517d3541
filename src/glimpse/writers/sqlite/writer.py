"""SQLite: a trace to ask questions of, written by any number of processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, ClassVar, Final

from glimpse.assembly import Origin
from glimpse.entry import LogEntry
from glimpse.errors import WriterError
from glimpse.parsers import file_path
from glimpse.writers.base import BaseWriter, PartialWrite
from glimpse.writers.encoding import dump_json
from glimpse.writers.files import System
from glimpse.writers.options import Option
from glimpse.writers.sqlite.assembly import RowAssembler
from glimpse.writers.sqlite.packs import insert_rows
from glimpse.writers.sqlite.reading import read_entries
from glimpse.writers.sqlite.rows import RowBatch, RowMaker, RowSource
from glimpse.writers.sqlite.schema import DETAILS, PROCESS_BITS, SPANS, connect
from glimpse.writers.sqlite.times import PLACED

__all__ = ["SqliteWriter"]

_ON_END: Final = """ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, start = excluded.start,
duration = excluded.duration, result = excluded.result"""


_GONE: Final = (0, 0, False)
_LOG, _SHARED = "-wal", "-shm"

_Identity = tuple[int, str | None]
"""A process's pid and service."""


class SqliteWriter(BaseWriter):
    """Writes each call as a row of ``db_path``; see ``schema``. Each batch is one transaction.

    :raises WriterError: the file cannot be opened, or is something else than a trace.
    """

    waits = False
    options: ClassVar[Sequence[Option]] = (Option("db_path", file_path, "glimpse.db", "the file"),)

    def __init__(self, db_path: str) -> None:
        self._path = file_path(db_path)
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._first = True
        """Whether nothing was written through this connection yet."""
        self._file = self._beside = _GONE
        self._known: dict[RowSource, _Process] = {}
        self._makers: dict[_Identity, RowMaker] = {}
        self._connected()

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Write the entries, all or none of each process's."""
        self.write_records([entry.to_dict() for entry in entries])

    def write_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write entries that are dicts already."""
        done = 0
        for identity, maker, part in self._runs(records):
            maker.add(part)
            try:
                self.write_rows(maker.take())
            except WriterError as error:
                maker.forget()
                if done:
                    raise PartialWrite(done, error) from error
                raise
            maker.keep()
            self._makers[identity] = maker
            done += len(part)

    def _runs(self, records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[_Identity, RowMaker, list[Any]]]:
        """The entries of each process, and what makes rows of them: anew where a later run has the same pid."""
        for identity, group in groupby(records, key=_process_of):
            maker = self._makers.get(identity) or RowMaker(RowSource(*identity))
            last = maker.kept
            part: list[Any] = []
            for record in group:
                number = record["entry_id"]
                if number > last:
                    last = number
                elif record["stage"] == "START":
                    if part:
                        yield identity, maker, part
                    maker, last, part = RowMaker(RowSource(*identity)), number, []
                part.append(record)
            yield identity, maker, part

    def row_assembler(self, origin: Origin, **options: Any) -> RowAssembler:
        """What makes the batches of ``write_rows`` from events; ``options`` are those of ``RowAssembler``."""
        return RowAssembler(origin, **options)

    def write_rows(self, batch: RowBatch) -> None:
        """Write the rows of one process, all or none.

        :raises WriterError: nothing was written.
        """
        try:
            try:
                self._transaction(batch)
            except sqlite3.IntegrityError:  # another run of a process with the same pid: its calls are others
                self._known.pop(batch.source, None)
                self._transaction(batch)
            except UnicodeEncodeError:
                self._transaction(_storable(batch))
        except (sqlite3.Error, OverflowError) as error:
            raise WriterError(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Release the file."""
        self._closed = True
        self._disconnect()

    def before_fork(self) -> None:
        """Close the file: SQLite forbids to carry a connection over a fork, and even to open another beside it."""
        self._disconnect()

    def after_fork(self) -> None:
        """Write as a process of its own."""
        self._disconnect()
        self._known.clear()
        self._makers.clear()

    @classmethod
    def read(cls, source: str) -> Iterator[LogEntry]:
        """Yield the entries in the order of their time, those of each process in the order of their ids."""
        return read_entries(source)

    def _transaction(self, batch: RowBatch) -> None:
        connection = self._connected()
        try:
            connection.execute("BEGIN IMMEDIATE")
            if self._first:
                connection.execute("DELETE FROM summaries")
            process = self._known.get(batch.source) or _Process(connection, batch.source)
            process.write_names(connection, batch.source)
            process.write_rows(connection, batch)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._first = False
        process.written(batch)
        self._known[batch.source] = process

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise WriterError(f"{self._path}: the writer is closed")
        if self._connection is not None and (found := self._identity()) != self._file:
            self._leave(emptied=found[:2] == self._file[:2])
        if self._connection is None:
            self._connection, self._first = connect(self._path), True
            self._file, self._beside = self._identity(), self._identity(_SHARED)
            known = self._known.items()
            self._known = {source: process for source, process in known if process.is_in(self._connection, source)}
        return self._connection

    def _identity(self, end: str = "") -> tuple[int, int, bool]:
        """Which file this is, and whether there is anything in it."""
        try:
            state = System.stat(self._path + end)
        except (FileNotFoundError, NotADirectoryError):
            return _GONE
        except OSError:  # not to be seen any more, as after a change of user: what is open goes on
            return self._file
        return state.st_dev, state.st_ino, state.st_size > 0

    def _leave(self, *, emptied: bool) -> None:
        """Leave the file to whoever has moved or emptied it.

        SQLite itself does not put into a file that was moved what is still in its log, and would find that log beside
        the new one. A file that was emptied must get nothing of it, for it would be a part of a database: as one that
        is moved away, it gets none.
        """
        try:
            if emptied:
                System.unlink(self._path)
            elif self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint").fetchall()
            if self._beside == self._identity(_SHARED):  # else another process was here
                for end in _LOG, _SHARED:
                    System.unlink(self._path + end)
        except (OSError, sqlite3.Error):  # then the rest of it stays in the log
            pass
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Process:
    """A process's row in the database, and how much of its source's names stands there."""

    def __init__(self, connection: sqlite3.Connection, source: RowSource) -> None:
        sql = f"INSERT INTO processes (pid, service, start_ns, timed) VALUES (?, ?, ?, {PLACED})"
        row = connection.execute(sql, (source.pid, source.service, source.start_ns or 0))
        self._number = row.lastrowid or 0
        self._sites = self._threads = self._notes = self._batches = 0
        self._base = self._number << PROCESS_BITS
        self._pack = f"INSERT INTO packs VALUES ({self._base} + ?, {self._base} + ?, CAST(? AS TEXT), ?)"
        self._details = f"INSERT OR REPLACE INTO details VALUES {self._row_of(DETAILS)}"
        self._end = f"INSERT INTO spans VALUES {self._row_of(SPANS)} {_ON_END}"

    def is_in(self, connection: sqlite3.Connection, source: RowSource) -> bool:
        """Whether this is still the database that the row was written to, and not another at its place."""
        found = connection.execute("SELECT pid, service, start_ns FROM processes WHERE id = ?", (self._number,))
        return bool(found.fetchone() == (source.pid, source.service, source.start_ns or 0))

    def _row_of(self, columns: Sequence[str]) -> str:
        return f"({self._base} + ?{', ?' * (len(columns) - 1)})"

    def write_names(self, connection: sqlite3.Connection, source: RowSource) -> None:
        """Write the sites and threads that are new."""
        sites, threads = source.sites[self._sites :], source.threads[self._threads :]
        number = self._number
        if sites:
            connection.executemany(f"INSERT OR REPLACE INTO sites VALUES ({number}, ?, ?, ?, ?, ?)", sites)
        if threads:
            connection.executemany(f"INSERT OR REPLACE INTO threads VALUES ({number}, ?, ?, ?)", threads)

    def written(self, batch: RowBatch) -> None:
        """All of it is in the database."""
        self._sites, self._threads = len(batch.source.sites), len(batch.source.threads)
        self._notes += len(batch.notes)
        self._batches += 1

    def write_rows(self, connection: sqlite3.Connection, batch: RowBatch) -> None:
        """Write the calls and what else there is."""
        if batch.packs:
            packs = enumerate(batch.packs, batch.first)
            elsewhere = batch.elsewhere or None
            connection.executemany(self._pack, [(at, batch.first, pack, elsewhere) for at, pack in packs])
        insert_rows(connection, batch.calls, self._base)
        if batch.ends:
            connection.executemany(self._end, batch.ends)
        if batch.details:
            connection.executemany(self._details, batch.details)
        if batch.notes:
            texts = (dump_json(note).decode() for note in batch.notes)
            connection.executemany("INSERT INTO notes VALUES (?, ?)", enumerate(texts, self._base + self._notes + 1))
        self._write_times(connection, batch)

    def _write_times(self, connection: sqlite3.Connection, batch: RowBatch) -> None:
        if batch.times is None:
            connection.execute("UPDATE processes SET timed = 0 WHERE id = ? AND timed", (self._number,))
            return
        number, first = self._base + self._batches + 1, self._base + batch.first
        sql = "INSERT INTO times VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?)"
        connection.execute(sql, (number, first, batch.running, *batch.times))


def _process_of(record: Mapping[str, Any]) -> _Identity:
    return record["pid"], record.get("service")


def _storable(batch: RowBatch) -> RowBatch:
    """The batch with the text that UTF-8 cannot hold as blobs, from which reading makes the same text again."""
    source = batch.source
    source.sites[:] = [_blobs(site) for site in source.sites]
    source.threads[:] = [_blobs(thread) for thread in source.threads]
    (source.service,) = _blobs((source.service,))
    calls, ends, details = ([_blobs(row) for row in rows] for rows in (batch.calls, batch.ends, batch.details))
    return replace(batch, calls=calls, ends=ends, details=details)


def _blobs(row: Sequence[Any]) -> Any:
    return tuple(_blob(value) if isinstance(value, str) else value for value in row)


def _blob(text: str) -> str | bytes:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text

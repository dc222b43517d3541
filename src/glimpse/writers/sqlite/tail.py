"""The end of a database that others may be writing, or have moved, emptied or replaced since it was looked at."""

from __future__ import annotations

import heapq
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.writers.files import System
from glimpse.writers.sqlite.latest import LatestEntries, Position, Wanted
from glimpse.writers.sqlite.reading import open_trace, processes_of

__all__ = ["DatabaseTail", "Wanted"]

_NEW_S: Final = 5.0
"""So long may a file be without tables, or not be read, while it is being made or moved."""
_SAME_TIME_NS: Final = 1_000_000_000
"""A file that was changed so short a time ago may be changed again and have the same time of change."""


class DatabaseTail:
    """The last entries of a database, and then those that come.

    What comes is read with a connection of its own each time: the last one that is closed puts the log away, and if it
    were one that only reads, nobody would.
    """

    def __init__(self, path: str, wanted: Wanted) -> None:
        self._path, self._wanted = path, wanted
        self._positions: dict[tuple[Any, ...], Position] = {}
        self._state: tuple[Any, ...] = ()
        self._file: tuple[int, int] | None = None
        self._read_at = System.monotonic()

    def last(self, count: int | None, *, follow: bool) -> Iterator[LogEntry]:
        """The last entries that are wanted, or all, in the order of their time.

        :param follow: whether ``more`` is to be called.
        :raises ReadError: it is not a trace.
        """
        if follow:
            self._has_changed()
        yield from self._read(self._path, lambda connection: self._last(connection, count, follow), patient=follow)

    def more(self) -> Iterator[LogEntry]:
        """The wanted entries that have come since.

        :raises ReadError: what is there now is not a trace.
        """
        before = self._file
        if not self._has_changed():
            return
        if before is not None and self._file != before and (moved := _path_of(before, self._path)) is not None:
            yield from self._read(moved, self._more, patient=True)
        yield from self._read(self._path, self._more, patient=True)

    def _last(self, connection: sqlite3.Connection, count: int | None, follow: bool) -> Iterator[LogEntry]:
        processes = [LatestEntries(connection, row, self._wanted) for row in processes_of(connection)]
        if follow:
            self._positions = {each.row: each.position() for each in processes}
        if count is None:
            entries = heapq.merge(*(process.entries() for process in processes), key=_time_of)
            yield from filter(self._wanted.keeps, entries)
        else:
            yield from [*heapq.merge(*(process.latest(count) for process in processes), key=_time_of)][-count:]

    def _more(self, connection: sqlite3.Connection) -> Iterator[LogEntry]:
        rows = processes_of(connection)
        self._positions = {row: self._positions.get(row) or Position() for row in rows}
        processes = [
            LatestEntries(connection, row, self._wanted).since(position)
            for row, position in self._positions.items()
            if position.is_passed(connection, row[0])
        ]
        yield from filter(self._wanted.keeps, heapq.merge(*processes, key=_time_of))

    def _read(
        self, path: str, entries: Callable[[sqlite3.Connection], Iterator[LogEntry]], *, patient: bool
    ) -> Iterator[LogEntry]:
        """What a connection gives; with ``patient``, nothing while the file is being made, moved or emptied."""
        try:
            if patient and not (os.path.exists(path) and os.path.getsize(path)):
                self._read_at = System.monotonic()
                return
            with closing(open_trace(path, settled=False)) as connection:
                yield from entries(connection)
            self._read_at = System.monotonic()
        except (ReadError, sqlite3.Error, OSError) as error:
            if patient and System.monotonic() - self._read_at < _NEW_S:
                self._state = ()
                return
            text = " ".join(str(error).split())
            raise ReadError(text if isinstance(error, ReadError) else f"{path}: {text}") from None
        except (ValueError, OverflowError, TypeError) as error:
            raise ReadError(f"{path}: {' '.join(str(error).split())}") from None

    def _has_changed(self) -> bool:
        """Whether there is a file, and anybody may have written since it was asked last."""
        file, log = _state(self._path), _state(self._path + "-wal")
        now = tuple((each.st_ino, each.st_size, each.st_mtime_ns) for each in (file, log) if each is not None)
        if file is not None:
            self._file = file.st_dev, file.st_ino
        if now == self._state:
            return False
        newest = max((each.st_mtime_ns for each in (file, log) if each is not None), default=0)
        self._state = now if System.now_ns() - newest > _SAME_TIME_NS else ()
        return file is not None


def _state(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _path_of(file: tuple[int, int], path: str) -> str | None:
    """Where a file is now that was at a path, if it is in the same folder still."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        with os.scandir(folder) as found:
            for each in found:
                if each.inode() == file[1] and each.stat(follow_symlinks=False).st_dev == file[0]:
                    return each.path
    except OSError:
        pass
    return None


def _time_of(entry: LogEntry) -> str:
    return entry.timestamp

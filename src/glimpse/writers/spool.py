"""Records that wait on disk for a server to come back; each process has a file of its own, and none is forgotten.

A file is ``path.NAME``, locked by the process that writes it. Whoever finds one whose process is gone sends it too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from glimpse.errors import WriterError
from glimpse.json_text import load_json
from glimpse.writers.encoding import dump_json
from glimpse.writers.files import (
    System,
    close_own,
    create,
    identity,
    is_own,
    open_existing,
    try_lock,
    write_all,
)

__all__ = ["Spool"]

_BATCH: Final = 1000
_BLOCK: Final = 1 << 20

Send = Callable[[list[dict[str, Any]]], None]


class Spool:
    """The files below one path. ``name`` tells this process's file from those of others."""

    def __init__(self, path: str, name: str) -> None:
        self._path = path
        self._own = _File(f"{path}.{name}")
        self._orphans: list[_File] | None = None

    @property
    def path(self) -> str:
        """This process's file."""
        return self._own.path

    @property
    def waiting(self) -> int:
        """How many records this process has put there and not sent."""
        return self._own.waiting

    def put(self, records: Sequence[dict[str, Any]]) -> None:
        """Keep records, all or none.

        :raises OSError, WriterError: there is no room for them.
        """
        self._own.append(records)

    def send(self, send: Send) -> None:
        """Give everything that waits to ``send``, oldest first, and delete each file whose records it has taken.

        What ``send`` raises ends it; what it took before is not offered again, but after a crash it may be.
        """
        if self._orphans is None:
            self._orphans = list(self._adopted())
        while self._orphans:
            self._orphans[0].send(send)
            self._orphans.pop(0)
        self._own.send(send)

    def release(self) -> None:
        """Close the files and leave what waits to whoever comes next."""
        for file in (self._own, *(self._orphans or ())):
            file.release()
        self._orphans = None

    def _adopted(self) -> Iterator[_File]:
        folder, name = os.path.split(self._path)
        form = re.compile(re.escape(name) + r"\.[0-9a-f]+")
        try:
            found = sorted(other for other in System.listdir(folder) if form.fullmatch(other))
        except OSError:
            return
        for other in found:
            file = _File(os.path.join(folder, other))
            if file.path != self._own.path and file.claim():
                yield file


class _File:
    """One file of records, a line of JSON each."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.waiting = 0
        self._fd: int | None = None
        self._opened = (0, 0)
        self._sent = 0

    def claim(self) -> bool:
        """Take a file that another process has left."""
        try:
            fd = open_existing(self.path, os.O_RDWR | os.O_APPEND)
        except OSError:
            return False
        if try_lock(fd, exclusive=True)[1]:
            System.close(fd)
            return False
        self._fd, self._opened = fd, identity(fd)
        return True

    def append(self, records: Sequence[dict[str, Any]]) -> None:
        """Write the records, all or none."""
        data = b"".join([dump_json(record) + b"\n" for record in records])
        if self._fd is None or not is_own(self._fd, self._opened):
            self._fd = create(self.path, os.O_RDWR | os.O_APPEND, "spool_path")
            self._opened = identity(self._fd)
            if try_lock(self._fd, exclusive=True)[1]:
                self.release()
                raise WriterError(f"option spool_path: {self.path!r} is in use by another process")
        before = System.fstat(self._fd).st_size
        _, error = write_all(self._fd, data)
        if error is not None:
            System.truncate(self._fd, before)
            raise error
        self.waiting += len(records)

    def send(self, send: Send) -> None:
        """Send the rest of the file, then delete it."""
        if self._fd is None or not (is_own(self._fd, self._opened) or self.claim()):
            return
        for records, end in self._batches(self._fd):
            send(records)
            self._sent = end
            self.waiting = max(self.waiting - len(records), 0)
        System.unlink(self.path)
        self.release()
        self._sent = self.waiting = 0

    def release(self) -> None:
        """Close it."""
        fd, self._fd = self._fd, None
        if fd is not None:
            close_own(fd, self._opened)

    def _batches(self, fd: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Records, and where in the file they end. A line that a kill cut short is not a record."""
        rest, end = b"", self._sent
        System.lseek(fd, end, os.SEEK_SET)
        records: list[dict[str, Any]] = []
        while block := System.read(fd, _BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                end += len(line) + 1
                records.extend(_record(line))
                if len(records) == _BATCH:
                    yield records, end
                    records = []
        if records:
            yield records, end


def _record(line: bytes) -> list[dict[str, Any]]:
    try:
        record = load_json(line)
    except ValueError:
        return []
    return [record] if isinstance(record, dict) and "_id" in record else []

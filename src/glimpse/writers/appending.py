"""A file that several processes append whole records to, and that may be moved, deleted or cut at any time."""

from __future__ import annotations

import os
import stat

from glimpse.errors import WriterError
from glimpse.writers.base import PartialWrite
from glimpse.writers.files import (
    Attempt,
    System,
    close_own,
    create,
    identity,
    is_own,
    locked,
    open_existing,
    same_file,
    write_all,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol
else:
    from glimpse.light import Protocol

__all__ = ["AppendFile", "Shelf"]


class Shelf(Protocol):
    """Where a file goes when it has grown enough. One for each ``AppendFile``."""

    def opened(self, path: str) -> None:
        """The file was opened, and may have been begun by another process long ago."""

    def due(self, size: int, more: int) -> bool:
        """Whether the file of ``size`` bytes should make room before ``more`` are appended."""

    def put(self, path: str) -> None:
        """Move the file away; no other process writes to it at this moment."""

    def work(self, more: int) -> None:
        """Do a part of what is left to do with files moved earlier, in proportion to the bytes being written."""

    def finish(self) -> None:
        """Do the rest of it."""

    def after_fork(self) -> None:
        """Leave it to the parent."""


class AppendFile:
    """Appends records with one system call for each batch.

    ``header`` is what each new file begins with. ``separator`` ends each record, if records can be told apart by it;
    then a batch that the disk had no room for is cut after its last whole record, else it is taken out as a whole.
    ``repair`` is called with a descriptor of a file that another program left behind, to cut off a broken end; it
    gives the bytes to put before the next record. ``preamble`` gives what this process's first record in a file is
    to be preceded by; it is asked whenever another file stands at the path.
    """

    def __init__(
        self,
        path: str,
        *,
        header: bytes = b"",
        separator: bytes = b"",
        repair: Callable[[int], bytes] | None = None,
        preamble: Callable[[], bytes] = bytes,
        shelf: Shelf | None = None,
    ) -> None:
        self.path = os.path.abspath(path)
        self._header = header
        self._separator = separator
        self._repair = repair
        self._preamble = preamble
        self._shelf = shelf
        self._prefix = b""
        self._attempt = Attempt()
        self._fd: int | None = None
        self._opened = (0, 0)
        self._regular = True
        self._closed = False
        self._open()

    def append(self, data: bytes) -> None:
        """Append whole records.

        :raises PartialWrite: the first ``taken`` bytes, which are whole records, were written.
        :raises OSError, WriterError: nothing was written.
        """
        self._attempt.once(data, self._try)

    def _try(self, data: bytes) -> bool:
        """Append them, unless another process has moved the file in the meantime."""
        fd = self._prepare(len(data))
        if not self._regular:
            self._append(fd, data)
            return True
        with locked(fd, exclusive=False):
            current = same_file(fd, self.path) is not None
            if current:
                self._append(fd, data)
        return current

    def close(self) -> None:
        """Release the file, and finish what is left to do with those moved away."""
        if not self._closed:
            self._closed = True
            self._release()
            if self._shelf is not None:
                self._shelf.finish()

    def after_fork(self) -> None:
        """Use a descriptor of this process's own from now on."""
        self._release()
        if self._shelf is not None:
            self._shelf.after_fork()

    def _prepare(self, more: int) -> int:
        """Make sure that the right file is open, with room for ``more`` bytes; gives its descriptor."""
        if self._closed:
            raise WriterError(f"{self.path}: the writer is closed")
        fd = self._fd
        if fd is None or not is_own(fd, self._opened):
            return self._open()
        if not self._regular:
            return fd
        state = same_file(fd, self.path)
        if state is None:
            self._release()
            return self._open()
        if self._shelf is not None:
            self._shelf.work(more)
            if self._shelf.due(state.st_size, more):
                return self._put_away(fd)
        return fd

    def _open(self) -> int:
        fd = create(self.path, os.O_WRONLY | os.O_APPEND, "log_path")
        self._prefix = b""
        self._regular = stat.S_ISREG(System.fstat(fd).st_mode)
        try:
            if self._regular:
                with locked(fd, exclusive=True):
                    self._begin(fd)
        except OSError as error:
            System.close(fd)
            raise WriterError(f"option log_path: cannot write to {self.path!r}: {error.strerror or error}") from error
        self._fd, self._opened = fd, identity(fd)
        self._prefix += self._preamble()
        return fd

    def _begin(self, fd: int) -> None:
        if System.fstat(fd).st_size == 0:
            self._write_header(fd)
        elif self._repair is not None:
            try:
                reader = open_existing(self.path, os.O_RDWR)
            except OSError:  # it may be appended to and not read: then it is taken as it is
                return
            try:
                if identity(reader) == identity(fd):  # else it was moved, and what is there now is being written to
                    self._prefix = self._repair(reader)
            finally:
                System.close(reader)
        if self._shelf is not None:
            self._shelf.opened(self.path)

    def _write_header(self, fd: int) -> None:
        if self._header:
            _, error = write_all(fd, self._header)
            if error is not None:
                System.truncate(fd, 0)
                raise error

    def _append(self, fd: int, data: bytes) -> None:
        prefix = self._prefix
        done, error = write_all(fd, prefix + data if prefix else data, self._attempt.written)
        whole = 0
        if done >= len(prefix):
            self._prefix = b""
            if error is None:
                if self._header and self._regular:
                    self._begin_again_if_emptied(fd, prefix + data)
                return
            done -= len(prefix)
            whole = data.rfind(self._separator, 0, done) + 1 if self._separator else 0
        assert error is not None
        self._cut(fd, done - whole)
        self._attempt.take_back()
        if whole:
            raise PartialWrite(whole, error) from error
        raise error

    def _begin_again_if_emptied(self, fd: int, written: bytes) -> None:
        """Put the header before what was written, if the file was truncated between the look at it and the writing."""
        if System.lseek(fd, 0, os.SEEK_CUR) != len(written):
            return
        with locked(fd, exclusive=True):
            if System.fstat(fd).st_size != len(written):
                return  # others have written since
            System.truncate(fd, 0)
            self._write_header(fd)
            _, error = write_all(fd, self._preamble() + written)
            if error is not None:
                System.truncate(fd, 0)
                self._attempt.take_back()
                raise error

    def _cut(self, fd: int, fragment: int) -> None:
        """Take back the last ``fragment`` bytes; if others have written since, let the next record begin afresh.

        Whoever holds the exclusive lock is alone: everybody else appends under the shared one.
        """
        end = System.lseek(fd, 0, os.SEEK_CUR) if self._regular else -1
        try:
            with locked(fd, exclusive=True):
                if self._regular and System.fstat(fd).st_size == end:
                    System.truncate(fd, end - fragment)
                    return
        except OSError:
            pass
        self._prefix = self._separator + self._prefix

    def _put_away(self, fd: int) -> int:
        assert self._shelf is not None
        try:
            with locked(fd, exclusive=True):
                if same_file(fd, self.path) is not None:
                    self._shelf.put(self.path)
        except OSError:  # a file that grows too large is better than entries that are lost
            return fd
        self._release()
        return self._open()

    def _release(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            close_own(fd, self._opened)

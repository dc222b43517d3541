"""A JSON array: the file is whole and valid after every batch, and several processes may share it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final

from glimpse.entry import LogEntry
from glimpse.errors import ReadError, WriterError
from glimpse.json_text import load_json
from glimpse.parsers import file_path
from glimpse.writers.base import BaseWriter
from glimpse.writers.encoding import dump_json, entry_from
from glimpse.writers.files import (
    Attempt,
    System,
    close_own,
    create,
    identity,
    is_own,
    locked,
    same_file,
    write_all,
)
from glimpse.writers.json_stream import elements
from glimpse.writers.options import Option
from glimpse.writers.reading import opened

__all__ = ["JsonWriter"]

_EMPTY: Final = b"[\n]\n"
_END: Final = b"\n]\n"
_BEGINNING: Final = b'[{"entry_id":'
_BRACKET: Final = re.compile(rb"(?<=[\s}\[,])\][\s\0]*$")
_BETWEEN: Final = b", \t\r\n\0"
_LOOK: Final = 1 << 16


class JsonWriter(BaseWriter):
    """Keeps ``log_path`` a JSON array of entries, one element a line.

    Each batch overwrites the closing bracket, under a lock that other processes writing the file respect. A file of
    ours that a kill cut short is repaired; one that is not ours is refused.

    :raises WriterError: the file cannot be opened, or holds something else.
    """

    waits = False
    options: ClassVar[Sequence[Option]] = (Option("log_path", file_path, "glimpse.json", "the file"),)

    def __init__(self, log_path: str) -> None:
        self._path = os.path.abspath(log_path)
        self._fd: int | None = None
        self._opened = (0, 0)
        self._closed = False
        self._attempt = Attempt()
        self._open()

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Append the entries, all or none."""
        if self._closed:
            raise WriterError(f"{self._path}: the writer is closed")
        if not entries:
            return
        data = b",\n".join([dump_json(entry.to_dict()) for entry in entries]) + _END
        self._attempt.once(data, self._try)

    def _try(self, data: bytes) -> bool:
        """Append them, unless the file has been moved or deleted; then the next try makes a new one."""
        fd = self._fd
        if fd is None or not is_own(fd, self._opened):
            fd = self._open()
        with locked(fd, exclusive=True):
            current = same_file(fd, self._path) is not None
            if current:
                self._append(fd, data)
        if not current:
            self.after_fork()
        return current

    def close(self) -> None:
        """Release the file."""
        self._closed = True
        self.after_fork()

    def after_fork(self) -> None:
        """Use a descriptor of this process's own."""
        fd, self._fd = self._fd, None
        if fd is not None:
            close_own(fd, self._opened)

    def _open(self) -> int:
        fd = self._fd = create(self._path, os.O_RDWR, "log_path")
        self._opened = identity(fd)
        with locked(fd, exclusive=True):
            head = b"".join(_read_at(fd, 0, _LOOK).split())[: len(_BEGINNING)]
            if not _BEGINNING.startswith(head) and head != b"[]":
                raise WriterError(
                    f"option log_path: {self._path!r} holds something other than an array of entries; name another file"
                )
            _make_valid(fd, self._path)
        return fd

    def _append(self, fd: int, data: bytes) -> None:
        size = _make_valid(fd, self._path)
        keep = size - len(_END)
        separator = b"\n" if size == len(_EMPTY) else b",\n"
        System.lseek(fd, keep, os.SEEK_SET)
        try:
            _, error = write_all(fd, separator + data, self._attempt.written)
        except OSError as refused:
            error = refused
        if error is not None:
            self._attempt.take_back()
            System.truncate(fd, keep)
            System.lseek(fd, keep, os.SEEK_SET)
            write_all(fd, _END)  # there is room: these bytes stood here before
            raise error

    @classmethod
    def read(cls, source: str, tell: Callable[[str], None] | None = None) -> Iterator[LogEntry]:
        """Yield the elements of an array, however it is laid out. One that was cut short is left out.

        :param tell: is told what is not there.
        """
        with opened(source) as file:
            for number, element in enumerate(elements(file, source, tell), 1):
                try:
                    yield entry_from(element)
                except ValueError as error:
                    raise ReadError(f"{source}: element {number}: {error}") from None


def _make_valid(fd: int, path: str) -> int:
    """Give the file the ending that every batch leaves, and tell its size.

    :raises WriterError: its end is not that of an array of entries.
    """
    size = System.lseek(fd, 0, os.SEEK_END)
    if _read_at(fd, size - len(_END), len(_END)) == _END:
        return size
    keep = _whole_part(fd, size)
    if keep is None:
        raise WriterError(f"option log_path: {path!r} is a damaged array of entries; move it or name another file")
    System.truncate(fd, keep)
    System.lseek(fd, keep, os.SEEK_SET)
    ending = _END if keep else _EMPTY
    write_all(fd, ending)
    return keep + len(ending)


def _whole_part(fd: int, size: int) -> int | None:
    """How much of the file to keep: up to its last whole element, or else the opening bracket.

    A kill leaves the beginning of a batch, so at most the last line is a fragment. None: something else happened.
    """
    look = _LOOK
    while True:
        begin = max(size - look, 0)
        tail = _read_at(fd, begin, size - begin)
        bare = _BRACKET.sub(b"", tail).rstrip(_BETWEEN)
        if begin == 0 or b"\n" in bare:
            break
        look *= 2
    line = bare[bare.rfind(b"\n") + 1 :]
    if line not in {b"", b"["} and not _ends_element(line):
        bare = bare[: -len(line)].rstrip(_BETWEEN)
    if bare.endswith(b"}") or (begin == 0 and bare in {b"", b"["}):
        return begin + len(bare)
    return None


def _ends_element(line: bytes) -> bool:
    """Whether the end of a line is the end of an element: it holds whole ones, or closes one that is laid out."""
    line = line.strip()
    try:
        return line == b"}" or load_json(b"[" + line.lstrip(b"[ \t") + b"]")[-1:] != []
    except ValueError:
        return False


def _read_at(fd: int, position: int, size: int) -> bytes:
    System.lseek(fd, max(position, 0), os.SEEK_SET)
    parts = []
    while size > 0 and (part := System.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)

"""JSON Lines: one entry a line, appended by any number of processes, each batch with one system call."""

from __future__ import annotations

import os

from glimpse.entry import LogEntry
from glimpse.errors import ReadError, WriterError
from glimpse.parsers import file_path, flag, seconds, size, whole
from glimpse.writers.appending import AppendFile, Shelf
from glimpse.writers.base import BaseWriter, PartialWrite
from glimpse.writers.encoding import decode_entry, encode_entries, entry_from
from glimpse.writers.files import MAX_RECORD_BYTES, System
from glimpse.writers.options import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO, ClassVar, Final

__all__ = ["JsonlWriter"]

_START: Final = b'{"entry_id":'
_PADDING: Final = b"\0 \t\r\n"  # a file system that lost power may leave NULs
_BLOCK: Final = 1 << 16
_ENTRIES_AT_ONCE: Final = 128


class JsonlWriter(BaseWriter):
    """Appends each entry to ``log_path`` as a line of JSON.

    With ``max_bytes`` or ``max_age`` (seconds) the file is moved to ``log_path.000001`` and so on when it is full or
    old, ``backup_count`` bounds how many of those stay (``None``: all), and ``gzip`` turns them into ``.gz``.

    :raises WriterError: the file cannot be opened.
    """

    waits = False
    options: ClassVar[Sequence[Option]] = (
        Option("log_path", file_path, "glimpse.jsonl", "the file"),
        Option("max_bytes", size, None, "begin a new file when this one would become larger"),
        Option("max_age", seconds, None, "begin a new file when this one's first entry is older"),
        Option("backup_count", whole(), None, "how many files that are full or old to keep; all, if not given"),
        Option("gzip", flag, False, "compress those files with gzip"),
    )

    def __init__(
        self,
        log_path: str,
        *,
        max_bytes: int | None = None,
        max_age: float | None = None,
        backup_count: int | None = None,
        gzip: bool = False,
    ) -> None:
        rotation: Shelf | None = None
        if max_bytes is not None or max_age is not None:
            from glimpse.writers.rotation import Rotation

            rotation = Rotation(max_bytes, max_age, backup_count, compress=gzip)
        self._rotates = max_bytes is not None
        self._file = AppendFile(log_path, separator=b"\n", repair=_end_last_line, shelf=rotation)

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Append the entries; where files have a size to keep to, some of them at a time."""
        step = _ENTRIES_AT_ONCE if self._rotates else max(len(entries), 1)
        for at in range(0, len(entries), step):
            data = encode_entries(entries[at : at + step])
            try:
                self.write_lines(data)
            except PartialWrite as error:
                raise PartialWrite(at + data.count(b"\n", 0, error.taken), error.__cause__) from error
            except (WriterError, OSError) as error:
                if at:
                    raise PartialWrite(at, error) from error
                raise

    def write_lines(self, data: bytes) -> None:
        """Append whole lines."""
        if data:
            self._file.append(data)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def after_fork(self) -> None:
        """Use a descriptor of this process's own."""
        self._file.after_fork()

    @classmethod
    def read(cls, source: str) -> Iterator[LogEntry]:
        """Yield the entries of a file, plain or gzip. Lines that a kill cut short are passed over."""
        from glimpse.json_text import load_record
        from glimpse.writers.reading import opened, shown

        with opened(source) as file:
            for number, line in enumerate(_lines(file, source), 1):
                text = line.strip(_PADDING)
                if not text:
                    continue
                try:
                    data = load_record(text)
                except ValueError as error:
                    yield from _after_fragment(text, line, f"{source}:{number}: {error}")
                    continue
                try:
                    yield entry_from(data)
                except ValueError as error:
                    raise ReadError(f"{source}:{number}: {error}: {shown(text)}") from None


def _lines(file: BinaryIO, source: str) -> Iterator[bytes]:
    number = 0
    while line := file.readline(MAX_RECORD_BYTES):
        number += 1
        if len(line) == MAX_RECORD_BYTES:
            raise ReadError(f"{source}:{number}: a line of more than {MAX_RECORD_BYTES} bytes")
        yield line


def _after_fragment(text: bytes, line: bytes, message: str) -> Iterator[LogEntry]:
    """The entry that another process appended to a line that was cut short, if there is one.

    :raises ReadError: the line is not the beginning of an entry.
    """
    from glimpse.writers.reading import shown

    unfinished = not line.endswith(b"\n") and text.startswith(b"{")
    if not unfinished and not text.startswith(_START):
        raise ReadError(f"{message}: {shown(text)}")
    begin = text.rfind(_START)
    if begin > 0:
        try:
            yield decode_entry(text[begin:])
        except ValueError:
            return


def _end_last_line(fd: int) -> bytes:
    """Cut off the fragment of an entry at the file's end; gives what must come before the next line.

    Only the beginning of an entry of ours is ever cut; any other text is ended by a newline.
    """
    end = System.lseek(fd, 0, os.SEEK_END)
    tail, begin = b"", end
    while begin and b"\n" not in tail and len(tail) < MAX_RECORD_BYTES:
        size = min(max(_BLOCK, len(tail)), begin)
        begin = System.lseek(fd, begin - size, os.SEEK_SET)
        tail = System.read(fd, size) + tail
    fragment = tail[tail.rfind(b"\n") + 1 :]
    if not fragment:
        return b""
    if not fragment.startswith(_START[: len(fragment)]):
        return b"\n"
    try:
        decode_entry(fragment)
    except ValueError:
        System.truncate(fd, end - len(fragment))
        return b""
    return b"\n"

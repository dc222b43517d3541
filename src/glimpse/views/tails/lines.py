"""The end of a file of JSON Lines: its last entries, and those that come."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from glimpse.traces.lines import Damage, parse_line, read_lines
from glimpse.traces.records import Record
from glimpse.views.sources import Source
from glimpse.views.tails.growing import GrowingFile

__all__ = ["LinesTail"]

BLOCK: Final = 1 << 16


class LinesTail:
    """See ``Tail``. A file that is to be followed ends with its last whole line."""

    def __init__(self, source: Source, keeps: Callable[[Record], bool], *, follow: bool) -> None:
        self._source, self._keeps, self._follow = source, keeps, follow
        self._file = GrowingFile(source.name)
        self._damage = Damage(source.name)

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        stream = self._file.opened()
        if count is None:
            yield from self._from_beginning(stream)
            return
        end = _end_of_lines(stream) if self._follow else stream.seek(0, os.SEEK_END)
        last = _last_records(stream, count, self._keeps, end)
        if not last:  # read_lines says so if this is no trace
            stream.seek(0)
            next(read_lines(stream, self._damage), None)
        self._file.position = end
        yield from last

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        for stream, _ in self._file.streams():
            yield from self._appended(stream)

    def close(self) -> None:
        """See ``Tail``."""
        self._file.close()

    def _from_beginning(self, stream: BinaryIO) -> Iterator[Record]:
        if self._follow:
            yield from self._appended(stream)
        else:
            yield from filter(self._keeps, read_lines(stream, self._source.damage))

    def _appended(self, stream: BinaryIO) -> Iterator[Record]:
        """Entries of whole lines."""
        stream.seek(max(self._file.position - 1, 0))
        if self._file.position and stream.read(1) not in (b"\n", b""):  # emptied and written again meanwhile
            self._file.position = stream.seek(0)
        carry: list[bytes] = []  # of a line whose end has not been read yet
        while chunk := stream.read(BLOCK):
            carry.append(chunk)
            if b"\n" not in chunk:
                continue
            lines = b"".join(carry).split(b"\n")
            carry = [lines.pop()]
            for line in lines:
                self._file.position += len(line) + 1
                record = parse_line(line)
                if record is None:
                    self._damage.odd(line, 0)
                    continue
                self._damage.entries = True
                if self._keeps(record):
                    yield record


def _end_of_lines(stream: BinaryIO) -> int:
    """Where the last whole line of a file ends."""
    position = stream.seek(0, os.SEEK_END)
    while position > 0:
        size = min(BLOCK, position)
        position -= size
        stream.seek(position)
        newline = stream.read(size).rfind(b"\n")
        if newline >= 0:
            return position + newline + 1
    return 0


def _last_records(stream: BinaryIO, count: int, keeps: Callable[[Record], bool], end: int) -> list[Record]:
    """The last entries before a position that are kept, oldest first, without reading what comes before them."""
    found: list[Record] = []
    rest: list[bytes] = []  # blocks of a line whose beginning is not read yet, the last one first
    while end > 0 and len(found) < count:
        size = min(BLOCK, end)
        end -= size
        stream.seek(end)
        rest.append(stream.read(size))
        if end and b"\n" not in rest[-1]:
            continue
        lines = b"".join(reversed(rest)).split(b"\n")
        rest = [lines.pop(0)] if end else []
        for line in reversed(lines):
            record = parse_line(line) if line else None
            if record is not None and keeps(record) and len(found) < count:
                found.append(record)
    return found[::-1]

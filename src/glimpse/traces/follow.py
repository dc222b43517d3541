"""The end of a growing file of JSON Lines: its last entries, and those that come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from glimpse.errors import ReadError
from glimpse.traces.lines import Damage, parse_line
from glimpse.traces.records import Record

__all__ = ["end_of_lines", "follow", "last_records"]

BLOCK: Final = 1 << 16
POLL_S: Final = 0.2


def end_of_lines(stream: BinaryIO) -> int:
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


def last_records(stream: BinaryIO, count: int, keeps: Callable[[Record], bool], end: int) -> list[Record]:
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


def follow(path: str, position: int, pause: Callable[[float], None] = time.sleep) -> Iterator[Record]:
    """Entries as they are appended, without end; a file that is replaced or emptied is read from its beginning.

    :raises ReadError: it cannot be read.
    """
    damage = Damage(path)
    while True:
        try:
            with open(path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size >= position:
                    stream.seek(position)
                yield from _appended(stream, path, damage, pause)
        except FileNotFoundError:
            pause(POLL_S)
        except OSError as error:
            raise ReadError(f"{path}: {error.strerror or error}") from error
        position = 0


def _appended(stream: BinaryIO, path: str, damage: Damage, pause: Callable[[float], None]) -> Iterator[Record]:
    """Entries until the file is another one."""
    carry: list[bytes] = []  # of a line whose end has not come yet
    moved = False
    while True:
        chunk = stream.read(BLOCK)
        if not chunk:
            if moved:
                return
            moved = _is_other(stream, path)  # what was written before it was moved is still to be read
            if not moved:
                pause(POLL_S)
            continue
        carry.append(chunk)
        if b"\n" not in chunk:
            continue
        lines = b"".join(carry).split(b"\n")
        carry = [lines.pop()]
        for line in lines:
            record = parse_line(line)
            if record is not None:
                yield record
            else:
                damage.entries = True
                damage.odd(line, 0)


def _is_other(stream: BinaryIO, path: str) -> bool:
    mine = os.fstat(stream.fileno())
    if mine.st_size < stream.tell():
        return True
    try:
        now = os.stat(path)
    except OSError:
        return True
    return (now.st_ino, now.st_dev) != (mine.st_ino, mine.st_dev)

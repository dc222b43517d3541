"""Entries out of JSON Lines, tolerant of whatever else the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import orjson

from glimpse.errors import ReadError
from glimpse.json_text import load_record
from glimpse.traces.records import Record, usable

__all__ = ["Damage", "chunks_of", "lines_of", "parse_line", "read_lines"]

CHUNK: Final = 1 << 18
LONGEST_LINE: Final = 1 << 24
ENTRY: Final = b'{"entry_id":'
PADDING: Final = b"\0 \t\r\n"  # a file system that lost power may leave NULs
GIVE_UP: Final = 2_000
"""So many lines without one entry among them, and the file is not a trace."""


@dataclass(slots=True)
class Damage:
    """What could not be read, for one note to the reader instead of an error for every line."""

    name: str
    entries: bool = False
    skipped: int = 0
    first_line: int = 0
    cut: int = 0
    sample: str = ""
    told: list[str] = field(default_factory=list)

    def odd(self, line: bytes, number: int) -> None:
        """Note a line (numbered from 1) that is no entry: the beginning of one, or something else.

        :raises ReadError: so many of them and no entry yet.
        """
        text = line.strip(PADDING)
        if not text:
            return
        if ENTRY.startswith(text) or (text.startswith(ENTRY) and not text.endswith(b"}")):
            self.cut += 1
            return
        self.skipped += 1
        if self.skipped == 1:
            self.first_line = number
            self.sample = ascii(line[:40].decode("utf-8", "replace"))
        if self.skipped >= GIVE_UP and not self.entries:
            self.check()

    def check(self) -> None:
        """Say so if there was something to read and nothing of it was an entry.

        :raises ReadError: the file is not a trace.
        """
        if self.skipped and not self.entries:
            raise ReadError(
                f"{self.name}: not a Glimpse trace: no entry in it; line {self.first_line} begins {self.sample}"
            )

    def note(self) -> str | None:
        """One sentence about what was left out, if anything was."""
        parts = []
        if self.skipped:
            word = "line is" if self.skipped == 1 else "lines are"
            parts.append(f"{self.skipped:,} {word} not an entry (the first is line {self.first_line}: {self.sample})")
        if self.cut:
            word = "entry is" if self.cut == 1 else "entries are"
            parts.append(f"{self.cut:,} {word} cut off (being written, or its program was killed)")
        parts += self.told
        return f"{self.name}: {'; '.join(parts)}" if parts else None


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a stream, in pieces of a size that reads fast."""
    while chunk := stream.read(CHUNK):
        yield chunk


def lines_of(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Lists of whole lines without their ends, a chunk at a time; the last list may end with an unfinished line."""
    carry = b""
    for chunk in chunks_of(stream):
        lines = chunk.split(b"\n")
        lines[0] = carry + lines[0]
        carry = lines.pop()
        if lines:
            yield lines
        if len(carry) > LONGEST_LINE:
            carry = carry[:CHUNK]  # no entry is so long: what is left shows up as a line that is not one
    if carry:
        yield [carry]


def read_lines(stream: BinaryIO, damage: Damage) -> Iterator[Record]:
    """The entries of JSON Lines.

    :raises ReadError: nothing in it is an entry.
    """
    first, loads = 1, orjson.loads
    for lines in lines_of(stream):
        for line in lines:
            try:
                record = loads(line)
            except orjson.JSONDecodeError:
                record = parse_line(line)
            else:
                record = record if usable(record) else parse_line(line)
            if record is not None:
                damage.entries = True
                yield record
            else:
                damage.odd(line, 0 if damage.skipped else first + lines.index(line))
        first += len(lines)
    damage.check()


def parse_line(line: bytes) -> Record | None:
    """The entry on a line, or None if there is none.

    A line that was cut short by a kill may have the next process's entry right behind it.
    """
    begin = line.rfind(ENTRY)
    if begin < 0 and not line.lstrip(PADDING).startswith(b"{"):
        return None
    try:
        record = load_record(line)
    except ValueError:
        if begin < 0:
            return None
        try:
            record = load_record(line[begin:].rstrip(PADDING))
        except ValueError:
            return None
    return record if usable(record) else None

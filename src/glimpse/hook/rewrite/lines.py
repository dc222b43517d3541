"""No line for injected code that stands at none: the compiler gives a return without a line that of the code before it.

That may be a line which is never reached, of which a trace function would be told, and which coverage would count. Such
a place is known by the column, which it has not.

The table's format: CPython's ``Objects/locations.md``, the same from 3.11 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

__all__ = ["without_guesses"]

_GUESS: Final = re.compile(rb"[\xe8-\xef]")  # the first byte of such an entry; no other byte is one of these
_FIRST_ONE_LINE: Final = 10  # such an entry is so many lines further as its code is above this
_NO_COLUMNS, _LONG, _NO_PLACE = 13, 14, 15


class _Entry(NamedTuple):
    code: int
    start: int
    units: int
    lines: int  # further than the entry before
    columns: bytes

    def written(self) -> bytes:
        lines = _signed(self.lines) if self.code in (_NO_COLUMNS, _LONG) else b""
        return bytes([128 | self.code << 3 | self.units - 1]) + lines + self.columns

    def moved(self, lines: int) -> _Entry:
        """The same place, told from another line."""
        if self.code in (_NO_COLUMNS, _LONG):
            return self._replace(lines=self.lines + lines)
        if self.code < _FIRST_ONE_LINE:
            first = self.code * 8 + (self.columns[0] >> 4)
            last = first + (self.columns[0] & 15)
        else:
            first, last = self.columns
        columns = _unsigned(0) + _unsigned(first + 1) + _unsigned(last + 1)
        return self._replace(code=_LONG, lines=self.lines + lines, columns=columns)


def without_guesses(table: bytes, ours: Iterable[int]) -> bytes:
    """The location table without the lines that were guessed for injected code.

    :param table: of a code object from 3.11 on.
    :param ours: the offsets, in units of code, of the injected functions. Read only if there is a guess.
    """
    if _GUESS.search(table) is None:
        return table
    offsets = list(ours)
    entries = list(_entries(table))
    out = bytearray()
    skipped = place = 0
    while place < len(entries):
        end = place
        while end < len(entries) and entries[end].code == _NO_COLUMNS:
            end += 1
        run = entries[place:end]
        if run and any(run[0].start <= each < run[-1].start + run[-1].units for each in offsets):
            skipped += sum(each.lines for each in run)
            run = [each._replace(code=_NO_PLACE) for each in run]
        elif not run:
            run, end = [entries[place]], place + 1
        for each in run:
            if skipped and each.code != _NO_PLACE:
                each, skipped = each.moved(skipped), 0
            out += each.written()
        place = end
    return bytes(out)


def _entries(table: bytes) -> Iterator[_Entry]:
    start = place = 0
    while place < len(table):
        code, units = table[place] >> 3 & 15, (table[place] & 7) + 1
        place += 1
        lines, end = 0, place
        if code in (_NO_COLUMNS, _LONG):
            lines, place = _read_signed(table, place)
            end = place
            while code == _LONG and end < len(table) and not table[end] & 128:
                end += 1
        elif code < _FIRST_ONE_LINE:
            end += 1
        elif code < _NO_COLUMNS:
            lines = code - _FIRST_ONE_LINE
            end += 2
        yield _Entry(code, start, units, lines, table[place:end])
        start, place = start + units, end


def _read_signed(table: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = table[place]
        value |= (byte & 63) << shift
        place, shift = place + 1, shift + 6
        if not byte & 64:
            return (-(value >> 1) if value & 1 else value >> 1), place


def _signed(value: int) -> bytes:
    return _unsigned(-value << 1 | 1 if value < 0 else value << 1)


def _unsigned(value: int) -> bytes:
    out = bytearray()
    while value > 63:
        out.append(value & 63 | 64)
        value >>= 6
    out.append(value)
    return bytes(out)

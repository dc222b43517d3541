"""The calls of a report as columns, one row a call, and their encoding for the page."""

from __future__ import annotations

import base64
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, compress
from operator import sub
from typing import Final

__all__ = [
    "BUNDLE",
    "CLOSED",
    "FAILED",
    "INCOMPLETE",
    "NOBODY",
    "RAISED",
    "ROWS_A_BLOCK",
    "UNFINISHED",
    "Rows",
    "encoded",
]

FAILED: Final = 1
UNFINISHED: Final = 2
RAISED: Final = 4
BUNDLE: Final = 8
INCOMPLETE: Final = 16
CLOSED: Final = 32
"""Bits of ``flags``; a BUNDLE stands for many calls, and its ``below`` is the time that they took."""

NOBODY: Final = -1
"""In place of a call's caller where it has none."""

_COLUMNS: Final = (
    "serial", "caller", "start", "duration", "below", "call_id", "function", "lane", "count", "text", "flags"
)  # fmt: skip
ROWS_A_BLOCK: Final = 1 << 16
_LONGEST_ID: Final = (1 << 53) - 1
LEVEL: Final = 6


class Rows:
    """Calls in the order of their ends. Times are nanoseconds; ``below`` is what a call's time the calls in it took.

    ``serial`` numbers the calls in the order of their starts, and ``caller`` is a serial. ``count`` is how many calls
    a row stands for, ``text`` where its texts are. ``long_ids`` has by serial the call ids that a number of the page
    cannot hold.
    """

    def __init__(self) -> None:
        self.serial = array("q")
        self.caller = array("q")
        self.start = array("q")
        self.duration = array("q")
        self.below = array("q")
        self.call_id = array("q")
        self.function = array("i")
        self.lane = array("i")
        self.count = array("q")
        self.text = array("q")
        self.flags = array("B")
        self.long_ids: dict[int, int] = {}
        self._order = array("q")
        self._serials = array("q")

    def __len__(self) -> int:
        return len(self.serial)

    def identify(self, serial: int, call_id: int) -> None:
        """Add the call's serial and id."""
        self.serial.append(serial)
        if abs(call_id) > _LONGEST_ID:
            self.long_ids[serial] = call_id
            call_id = 0
        self.call_id.append(call_id)

    def keep(self, marks: bytes | bytearray) -> None:
        """Drop the rows whose mark is 0."""
        for name in _COLUMNS:
            column: array[int] = getattr(self, name)
            setattr(self, name, array(column.typecode, compress(column, marks)))

    def end(self, row: int) -> int:
        """When a row's time is over."""
        return self.start[row] + self.duration[row]

    def finish(self) -> None:
        """Find the order of the starts, which is that of the page; nothing may be added afterwards."""
        self._order = array("q", sorted(range(len(self)), key=self.serial.__getitem__))
        self._serials = array("q", map(self.serial.__getitem__, self._order))

    def place(self, serial: int) -> int:
        """Where the page has a call, or -1; ``finish`` comes before."""
        found = bisect_left(self._serials, serial)
        return found if found < len(self._serials) and self._serials[found] == serial else -1

    def blocks(self, instead: Mapping[int, int], lanes: Sequence[int]) -> Iterator[bytes]:
        """The rows in the order of their starts, packed for the page; ``finish`` comes before.

        :param instead: the caller of each call that is not among the rows.
        :param lanes: the number in the page of each lane.
        """
        order = self._order
        begin = min(self.start, default=0)
        last_start, last_id, last_text = begin, 0, 0
        for first in range(0, len(order), ROWS_A_BLOCK):
            part = order[first : first + ROWS_A_BLOCK]
            start, call_id, text = ([column[row] for row in part] for column in (self.start, self.call_id, self.text))
            columns: list[Sequence[int]] = [
                _steps(last_start, start),
                [self.duration[row] for row in part],
                [self.below[row] for row in part],
                _steps(last_id, call_id),
                [self.function[row] for row in part],
                [lanes[self.lane[row]] for row in part],
                [self.count[row] for row in part],
                _steps(last_text, text),
                [self.flags[row] for row in part],
                [self._distance(first + place, row, instead) for place, row in enumerate(part)],
            ]
            last_start, last_id, last_text = start[-1], call_id[-1], text[-1]
            yield zlib.compress(packed(columns), LEVEL)

    def _distance(self, place: int, row: int, instead: Mapping[int, int]) -> int:
        """How many rows back the caller is; 0 if it is not there."""
        caller = self.caller[row]
        while caller != NOBODY:
            found = self.place(caller)
            if found >= 0:
                return place - found
            caller = instead.get(caller, NOBODY)
        return 0


def packed(columns: Sequence[Sequence[int]]) -> bytes:
    """Columns as planes of bytes, which pack well: all lowest bytes, all second ones, and so on; signed.

    A byte before each column says how many planes it has.
    """
    return b"".join(chain.from_iterable(map(_planes, columns)))


def _planes(column: Sequence[int]) -> Iterator[bytes]:
    width = max((value if value >= 0 else ~value).bit_length() for value in (min(column), max(column))) // 8 + 1
    values = array("q", column)
    if sys.byteorder == "big":
        values.byteswap()
    data = values.tobytes()
    yield bytes((width,))
    for plane in range(width):
        yield data[plane::8]


def _steps(before: int, values: Sequence[int]) -> list[int]:
    """What has to be added to each value to get the next one."""
    return list(map(sub, values, chain((before,), values)))


def encoded(data: bytes) -> str:
    """Bytes as text that means nothing to a parser of HTML."""
    return base64.b64encode(data).decode("ascii")

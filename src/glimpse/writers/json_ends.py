"""The elements of a JSON array from its last one backwards, and those that come while it grows.

Backwards works for every layout: nothing but strings holds a quote that is not escaped, so whoever comes from the end
of an array knows what is in a string and what is not.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from glimpse.errors import ReadError
from glimpse.json_text import load_record
from glimpse.writers.files import MAX_RECORD_BYTES
from glimpse.writers.reading import CUT_OFF, shown

__all__ = ["IrregularArrayError", "last_elements", "next_elements"]

_BLOCK: Final = 1 << 16
_AROUND: Final = b"[,] \t\r\n\0"
_PADDING: Final = b" \t\r\n\0"
_TOKEN: Final = re.compile(rb'\\*"|[{}\[\]]')
_CUT_TOKEN: Final = re.compile(rb'\\*"?')
_BYTE_ORDER_MARK: Final = codecs.BOM_UTF8


class IrregularArrayError(ValueError):
    """Its end is not like that of an array of objects: it is to be read from its beginning."""


Element = dict[str, Any]


def last_elements(file: BinaryIO, tell: Callable[[str], None]) -> Iterator[tuple[Element, int]]:
    """Each element, the last one first, and where it ends. One that is cut short is left out.

    :param tell: is told what is not there.
    :raises IrregularArrayError: it cannot be read from its end.
    """
    end = file.seek(0, os.SEEK_END)
    data, begin = b"", end
    first = True
    while True:
        bare = data.rstrip(_PADDING) if first else data.rstrip(_AROUND)
        line = bare.rfind(b"\n") + 1
        if not line and begin and len(bare) < 2 * _BLOCK:
            size = min(_BLOCK, begin)
            begin -= size
            file.seek(begin)
            data = file.read(size) + bare
            continue
        if first:
            first = False
            data = _without_fragment(bare, line, tell)
            continue
        if not bare:
            return
        element = _object(bare[line:])
        if element is None:
            yield from _Backwards(file, begin + len(bare)).elements()
            return
        yield element, begin + len(bare)
        data = bare[:line]


def _without_fragment(data: bytes, line: int, tell: Callable[[str], None]) -> bytes:
    """The end of an array up to its last whole element, which is on a line of its own where it is not closed."""
    if not data or data.endswith(b"]"):
        return data
    bare = data.rstrip(_AROUND)
    if _object(bare[line:]) is not None:
        tell(f"its end is cut off {CUT_OFF}")
        return data
    if not line or _object(data[data.rfind(b"\n", 0, line - 1) + 1 : line]) is None:
        raise IrregularArrayError
    tell(f"its last entry is cut off {CUT_OFF}")
    return data[:line]


def _object(text: bytes) -> Element | None:
    """The object of a text, whatever separates it from others; None if it is something else, or several."""
    text = text.strip(_AROUND)
    try:
        value = load_record(text) if text.startswith(b"{") else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Backwards:
    """Finds the elements before a position that is between two of them, without a look at lines."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file, self._end = file, end
        self._later: list[bytes] = []
        """What follows of an element whose beginning is not read yet, the last part first."""
        self._depth = self._right = 0
        self._in_string = False

    def elements(self) -> Iterator[tuple[Element, int]]:
        """What ``last_elements`` gives."""
        while self._end:
            data = self._block()
            yield from self._elements_in(data)
            if sum(map(len, self._later)) > MAX_RECORD_BYTES:
                raise IrregularArrayError

    def _block(self) -> bytes:
        """What comes before; it begins with nothing that would depend on what is before it."""
        size = _BLOCK
        while True:
            begin = max(self._end - size, 0)
            self._file.seek(begin)
            data = self._file.read(self._end - begin)
            cut = _CUT_TOKEN.match(data)
            unsure = cut.end() if begin and cut is not None else 0
            if unsure < len(data) or not begin:
                self._end = begin + unsure
                return data[unsure:]
            size *= 2

    def _elements_in(self, data: bytes) -> Iterator[tuple[Element, int]]:
        end = between = len(data)
        for match in self._brackets(data):
            opens = match[0] in b"{["
            if not self._depth:
                if match[0] == b"{" or data[match.end() : between].strip(_AROUND):
                    raise IrregularArrayError
                between = match.start()
                if match[0] in b"[]":
                    continue
                end, self._right = match.end(), self._end + match.end()
            self._depth += -1 if opens else 1
            if not self._depth:
                element = _object(data[match.start() : end] + b"".join(reversed(self._later)))
                if element is None:
                    raise IrregularArrayError
                self._later.clear()
                between = match.start()
                yield element, self._right
        if self._depth:
            self._later.append(data[:end])
        elif data[:between].strip(_AROUND + _BYTE_ORDER_MARK):
            raise IrregularArrayError

    def _brackets(self, data: bytes) -> Iterator[re.Match[bytes]]:
        """Those that are in no string, the last one first."""
        for match in reversed(list(_TOKEN.finditer(data))):
            if match[0].endswith(b'"'):
                self._in_string ^= len(match[0]) % 2 == 1
            elif not self._in_string:
                yield match


def next_elements(file: BinaryIO, position: int, source: str) -> Iterator[tuple[Element, int]]:
    """The whole elements from a position on, and where each ends.

    :raises ReadError: it is not an array of objects.
    """
    amount = _BLOCK
    while True:
        file.seek(position)  # what follows the last element is overwritten when more come
        data = file.read(amount)
        begin = position
        for value, end in _elements(data, source, first=not position):
            position = begin + end
            yield value, position
        if position > begin:
            amount = _BLOCK
        elif len(data) < amount:
            return
        elif len(data) > MAX_RECORD_BYTES:
            raise ReadError(f"{source}: an element of more than {MAX_RECORD_BYTES} bytes")
        else:
            amount *= 2


def _elements(data: bytes, source: str, *, first: bool) -> Iterator[tuple[Element, int]]:
    at = len(_BYTE_ORDER_MARK) if first and data.startswith(_BYTE_ORDER_MARK) else 0
    scan = json.JSONDecoder(parse_constant=lambda name: None).raw_decode
    while True:
        while at < len(data) and data[at] in _AROUND:
            at += 1
        if at == len(data):
            return
        if data[at : at + 1] != b"{":
            raise ReadError(f"{source}: not an array of entries: {shown(data[at : at + 100])}")
        found = _element(data, at, scan)
        if found is None:
            return
        at = found[1]
        yield found


def _element(data: bytes, at: int, scan: Callable[[str], tuple[Any, int]]) -> tuple[Element, int] | None:
    """The object that begins there, and where it ends; None if not all of it is there."""
    line = data.find(b"\n", at)
    if line >= 0 and (value := _object(data[at:line])) is not None:
        return value, line
    text = data[at:].decode("utf-8", "surrogateescape")
    try:
        value, end = scan(text)
    except (ValueError, RecursionError):
        return None
    return value, at + len(text[:end].encode("utf-8", "surrogateescape"))

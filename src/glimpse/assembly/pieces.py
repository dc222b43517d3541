"""Pieces of lines: texts as they stand in JSON, by the shortest way to each, and what all lines have in common.

Text is UTF-8 of which each byte stands for a character (latin-1). So joining and encoding a chunk's lines is copying,
be they ASCII or not; as strings with a single ``…`` among them it took three times as long.
"""

from __future__ import annotations

from _json import encode_basestring_ascii

from ..encoder import JSON
from .shapes import SHORT_INT_BITS, SHORT_TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = [
    "BELOW_A_MS", "DIGITS", "IDS_AT_ONCE", "MS", "WIDTH", "Durations", "Escaped", "Ids", "encoded", "escaped",
    "escaped_all", "finished", "plain_text_maker", "text_maker",
]  # fmt: skip

BELOW_A_MS: Final = '","duration_ms":0.'
DIGITS: Final = tuple(f"{number:03d}" for number in range(1000))
"""The last three digits of numbers."""

IDS_AT_ONCE: Final = 1000
_SMALL: Final = tuple(map(str, range(IDS_AT_ONCE)))
MS: Final = 1_000_000

WIDTH: Final = 12
"""Of a row: the pieces of one line, all of them text that is escaped but for arguments and result."""

_ARGS, _RESULT = 3, 7
_FEW: Final = 4096
_BETWEEN: Final = "\x7f"  # not escaped, and hardly ever in a text


def encoded(data: bytes | bytearray) -> str:
    """UTF-8, a byte a character."""
    return data.decode("latin-1")


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string. A lone surrogate becomes its JSON escape."""
    try:
        return encoded(JSON.dumps(text)[1:-1])
    except TypeError:
        return encode_basestring_ascii(text)[1:-1]


def escaped_all(texts: list[str]) -> list[str]:
    """The same of many, which takes a quarter of the time."""
    joined = _BETWEEN.join(texts)
    try:
        data = JSON.dumps(joined)
    except TypeError:  # lone surrogates
        return list(map(escaped, texts))
    if len(data) == len(joined) + 2:
        return texts
    found = encoded(data[1:-1]).split(_BETWEEN)
    return found if len(found) == len(texts) else list(map(escaped, texts))


def finished(rows: list[Any]) -> list[str]:
    """Rows, one after the other, of which all text is escaped."""
    pieces = rows[:]
    if rows:
        pieces[_ARGS::WIDTH] = escaped_all(rows[_ARGS::WIDTH])
        pieces[_RESULT::WIDTH] = escaped_all(rows[_RESULT::WIDTH])
    return pieces


class Ids(NamedTuple):
    """A thousand ids: the last digits of each, and what is before them in a line's ``entry_id`` and ``call_id``."""

    base: int
    entry: str
    called: str
    high: str
    digits: tuple[str, ...]

    @classmethod
    def of(cls, base: int) -> Ids:
        """Those from this one on, which is a multiple of their number."""
        high = str(base // IDS_AT_ONCE) if base else ""
        return cls(base, f'{{"entry_id":{high}', f',"call_id":{high}', high, DIGITS if base else _SMALL)

    @classmethod
    def listing(cls, first: int, count: int) -> Ids:
        """So many from this one on, each in full."""
        numbers: list[str] = []
        for base in range(first // IDS_AT_ONCE * IDS_AT_ONCE, first + count, IDS_AT_ONCE):
            _, _, _, high, digits = cls.of(base)
            numbers += [high + each for each in digits[max(first - base, 0) : first + count - base]]
        return cls(first, '{"entry_id":', ',"call_id":', "", tuple(numbers))


class Durations(dict):  # type: ignore[type-arg]
    """The six digits of nanoseconds. Those of a few thousand are kept when they have been asked for."""

    def __missing__(self, ns: int) -> str:
        found = f"{ns:06d}"
        if ns < _FEW:
            self[ns] = found
        return found


class Escaped(dict):  # type: ignore[type-arg]
    """Names, escaped: there are few, but nothing says what is in them."""

    def __missing__(self, name: str) -> str:
        self[name] = found = escaped(name)
        return found


def text_maker(atom_text: Callable[[Any], str]) -> Callable[[Any], str]:
    """A function that gives the escaped text of what ``freeze`` gave. IndexError for the value of a closed call."""
    plain = plain_text_maker(atom_text)

    def text(value: Any) -> str:
        return escaped(plain(value))

    return text


def plain_text_maker(atom_text: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same, not escaped.

    Where the JSON encoder escapes nothing, a string's ``repr`` is the string in apostrophes. Of a long one, asking it
    takes a tenth of the time of ``repr``.
    """

    def text(value: Any) -> str:
        kind = type(value)
        if kind is tuple:
            ready: str = value[0]
            return ready
        if kind is int and value.bit_length() < SHORT_INT_BITS:
            return repr(value)
        if kind is not str:
            return "None" if value is None else atom_text(value)
        long = len(value) >= SHORT_TEXT and value.isascii() and "'" not in value and "\x7f" not in value
        if long and len(JSON.dumps(value)) == len(value) + 2:
            return f"'{value}'"
        return repr(value) if value.isprintable() else atom_text(value)

    return text

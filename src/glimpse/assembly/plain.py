"""The lines of plain calls: three functions for each shape of a parameter list, compiled when the shape is first met.

Most calls are *leaves*: their END follows their START, and both lines are made at once, without a place on a stack.
The functions are closures over what their site contributes to a line. What changes with time, thread and number is in
the namespace that they run in. They give pieces, and a whole chunk's are joined at its end. Per call, CPython 3.12,
ratios: dicts copied from templates and one JSON encoder for a chunk 1.0, f-strings 0.55, pieces 0.4.
"""

from __future__ import annotations

import functools
from json.encoder import encode_basestring

import orjson

from ..entry import Site
from .shapes import FIRST, SHORT_INT_BITS, labels_of, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Final, TypeAlias

__all__ = ["DIGITS", "PlainLines", "escaped"]

Leaf: TypeAlias = "Callable[[Any, Any, str, str, str], bool]"
Started: TypeAlias = "Callable[[Any, str, str], str | None]"
Ended: TypeAlias = "Callable[[Any, Any, str], bool]"

DIGITS: Final = tuple(f"{number:03d}" for number in range(1000))
"""The last three digits of numbers."""


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    try:
        data = orjson.dumps(text)
    except TypeError:  # lone surrogates
        return encode_basestring(text)[1:-1]
    return text if len(data) == len(text) + 2 else data[1:-1].decode()


class PlainLines:
    """Those functions by site, and what they have in common.

    Each says no to an event of another thread, within a coroutine, or of another millisecond than the current one:
    then the slower way must be taken, which sets these straight.

    ``leaves``: (START, END, the last digits of their ids, what the caller's children share) to whether it was done.
    ``starts``: (START, digits, the same) to what this call's lines share. ``ends``: (END, frame, digits) to whether.
    """

    def __init__(self, atom_text: Callable[[Any], str]) -> None:
        self.leaves: dict[str, Leaf] = {}
        self.starts: dict[str, Started] = {}
        self.ends: dict[str, Ended] = {}
        self.text = _text(atom_text)
        self.since = self.until = 0
        self.stamp = ""
        self._scope: dict[str, Any] = {
            "since": 0, "until": 0, "here": None, "text": self.text, "D": DIGITS,
            "names": _Names(),
        }  # fmt: skip
        self._makers: dict[str, Callable[..., tuple[Leaf, Started, Ended]]] = {}

    def into(self, pieces: list[str]) -> None:
        """The lines that follow go here."""
        self._scope["out"] = pieces.extend

    def stay(self, th: int, place: str) -> None:
        """They are of this thread, whose part of a line is ``place``."""
        self._scope["here"] = th
        self._scope["thread"] = place

    def begin(self, since: int, stamp: str) -> None:
        """A millisecond begins; ``stamp`` is its timestamp."""
        self.since, self.until, self.stamp = since, since + 1_000_000, stamp
        self._scope |= {
            "since": since,
            "until": self.until,
            "begun": f'","stage":"START","timestamp":"{stamp}',
            "ended": f'","stage":"END","timestamp":"{stamp}',
        }

    def number(self, high: str) -> None:
        """The ids that follow begin with these digits."""
        self._scope |= {"entry": f'{{"entry_id":{high}', "call": f',"call_id":{high}'}

    def add(self, site: Site, opening: str, closing: str) -> None:
        """Make a site's functions. ``opening`` comes before its arguments, ``closing`` ends its lines."""
        shape = shape_of(site)
        maker = self._makers.get(shape)
        if maker is None:
            exec(_compiled(shape), self._scope)  # compiled before: see ``shapes``
            maker = self._makers[shape] = self._scope["make"]
        key = site.key
        self.leaves[key], self.starts[key], self.ends[key] = maker(opening, closing, *map(escaped, labels_of(site)))


@functools.lru_cache(maxsize=1024)
def _compiled(shape: str) -> CodeType:
    names = [f"v{index}" for index in range(len(shape))]
    labels = [f"l{index}" for index in range(len(shape) + 1)]
    values = "".join(
        f"{label}, {_PIECE[kind].format(name)}, " for label, name, kind in zip(labels, names, shape, strict=False)
    )
    unpacked = ["_", "key", "t", "th", "ctx"]
    assert len(unpacked) == FIRST
    source = _SOURCE.format(
        labels=", ".join(labels),
        unpacked=", ".join(unpacked + names),
        args=values + labels[-1],
        value=_PIECE["v"].format("value"),
    )
    return compile(source.replace("BITS", str(SHORT_INT_BITS)), "<lines>", "exec")


class _Names(dict[str, str]):
    """Names of classes, escaped: there are few, but nothing says what is in them."""

    def __missing__(self, name: str) -> str:
        self[name] = found = escaped(name)
        return found


def _text(atom_text: Callable[[Any], str]) -> Callable[[Any], str]:
    """A function that gives the escaped text of what ``freeze`` gave.

    Where the JSON encoder escapes nothing but quotes, a string's ``repr`` is the string in apostrophes. Asking it takes
    a tenth of the time of ``repr`` and an escaping of its own.
    """
    dumps = orjson.dumps

    def text(value: Any) -> str:
        ready = type(value) is tuple
        if ready:
            value = value[0]
        elif type(value) is not str:
            return atom_text(value)
        try:
            data = dumps(value)
        except TypeError:  # lone surrogates
            return escaped(value if ready else atom_text(value))
        added = len(data) - len(value) - 2
        if ready:
            return value if not added else data[1:-1].decode()
        if "'" not in value and "\x7f" not in value:
            if not added:
                return f"'{value}'"
            if added == value.count('"') and value.isascii():
                return f"'{data[1:-1].decode()}'"
        return escaped(repr(value) if value.isprintable() else atom_text(value))

    return text


_PIECE: Final = {
    "v": 'f"{{{0}}}" if type({0}) is int and {0}.bit_length() < BITS else "None" if {0} is None else text({0})',
    "r": "names[{0}]",
    "h": "'<redacted>'",
}

# The end of a call that was closed has an empty tuple for a value: ``text`` raises IndexError for it.
_SOURCE: Final = """\
def make(opening, closing, {labels}):
    def leaf(start, end, i, j, above):
        {unpacked} = start
        _, key2, u, th2, value = end
        if key2 is not key or th != here or th2 != th or ctx is not None or t < since or u >= until:
            return False
        ns = u - t
        out((
            entry, i, call, i, above, opening, {args}, begun, D[(t - since) // 1000], thread, closing,
            entry, j, call, i, above, opening, ended, D[(u - since) // 1000], thread, ',"result":"', {value},
            '","duration_ms":0.', D[ns // 1000], D[ns % 1000], closing,
        ))
        return True
    def started(start, i, above):
        {unpacked} = start
        if th != here or ctx is not None or t < since or t >= until:
            return None
        shared = f"{{call}}{{i}}{{above}}{{opening}}"
        out((entry, i, shared, {args}, begun, D[(t - since) // 1000], thread, closing))
        return shared
    def finished(end, frame, i):
        _, key2, u, th, value = end
        if th != here or u < since or u >= until:
            return False
        ns = u - frame[4]
        out((
            entry, i, frame[10], ended, D[(u - since) // 1000], thread, ',"result":"', {value},
            '","duration_ms":', f"{{ns // 1000000}}." if ns >= 1000000 else "0.",
            D[ns // 1000 % 1000], D[ns % 1000], closing,
        ))
        return True
    return leaf, started, finished
"""

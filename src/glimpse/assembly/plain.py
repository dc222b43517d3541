"""The lines of plain calls: four functions for each shape of a parameter list, compiled when the shape is first met.

Most calls are *leaves*: their END follows their START, and both lines are made at once, without a place on a stack.
The functions are closures over what their site contributes to a line. What changes with time, thread and number is in
the namespace that they run in. They give pieces, and a whole chunk's are joined at its end. Per call, CPython 3.12,
ratios: dicts copied from templates and one JSON encoder for a chunk 1.0, f-strings 0.55, pieces 0.4.

The text of an argument is kept for the next call of the same function: many are the same object again. Where a loop
calls one leaf after the other, ``runs`` makes the lines of many calls at once, field by field, each in a few steps of
the interpreter for all of them: 0.25, of which the JSON encoder takes a tenth for all numbers. What did not help: a
template of bytes and ``%`` for both lines takes as long as the pieces, an f-string for both longer.
"""

from __future__ import annotations

import functools
from _json import encode_basestring
from _operator import itemgetter, sub

from ..encoder import JSON
from ..entry import Site
from .runs import NEVER, fields_of, texts
from .shapes import FIRST, SHORT_INT_BITS, labels_of, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Final, TypeAlias

__all__ = ["DIGITS", "PlainLines", "escaped"]

Leaf: TypeAlias = "Callable[[Any, Any, str, str, str], bool]"
Run: TypeAlias = "Callable[[Any, int, int, Any, int, str], bool]"
Started: TypeAlias = "Callable[[Any, str, str], str | None]"
Ended: TypeAlias = "Callable[[Any, Any, str], bool]"

DIGITS: Final = tuple(f"{number:03d}" for number in range(1000))
"""The last three digits of numbers."""


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    try:
        data = JSON.dumps(text)
    except TypeError:  # lone surrogates
        return encode_basestring(text)[1:-1]
    return text if len(data) == len(text) + 2 else data[1:-1].decode()


class PlainLines:
    """Those functions by site, and what they have in common.

    Each says no to an event of another thread, within a coroutine, or of another millisecond than the current one:
    then the slower way must be taken, which sets these straight.

    ``leaves``: (START, END, the last digits of their ids, what the caller's children share) to whether it was done.
    ``starts``: (START, digits, the same) to what this call's lines share. ``ends``: (END, frame, digits) to whether.
    ``runs``: (chunk, where in it, how many calls, the digits of ids, where in these, the same) to whether it did them.
    """

    def __init__(self, atom_text: Callable[[Any], str]) -> None:
        self.leaves: dict[str, Leaf] = {}
        self.starts: dict[str, Started] = {}
        self.ends: dict[str, Ended] = {}
        self.runs: dict[str, Run] = {}
        self.text = _text(atom_text)
        self.since = self.until = 0
        self.stamp = ""
        self._scope: dict[str, Any] = {
            "since": NEVER, "until": 0, "here": None, "text": self.text, "D": DIGITS,
            "names": _Names(),
            "one": _one(self.text), "texts": texts, "fields_of": fields_of,
            "N": _Durations(), "each_of": itemgetter, "sub": sub,
        }  # fmt: skip
        self._makers: dict[str, Callable[..., tuple[Leaf, Started, Ended, Run]]] = {}
        self._made_of: dict[str, tuple[Site, str, str]] = {}

    def into(self, pieces: list[str]) -> None:
        """The lines that follow go here."""
        self._scope["out"] = pieces.extend

    def stay(self, th: int, place: str) -> None:
        """They are of this thread, whose part of a line is ``place``."""
        self._scope["here"] = th
        self._scope |= {"thread": place, "results": f'{place},"result":"'}

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
        made = maker(key, opening, closing, *map(escaped, labels_of(site)))
        self.leaves[key], self.starts[key], self.ends[key], self.runs[key] = made
        self._made_of[key] = site, opening, closing

    def forget_values(self) -> None:
        """Forget the texts that are kept for the next call: a signal's handler may have come between two of them."""
        for site, opening, closing in list(self._made_of.values()):
            self.add(site, opening, closing)


@functools.lru_cache(maxsize=1024)
def _compiled(shape: str) -> CodeType:
    places = range(len(shape))
    labels = [f"l{place}" for place in (*places, len(shape))]
    fresh = [(place, kind) for place, kind in enumerate(shape) if kind != "h"]
    shown = [_PIECE[kind].format(f"v{place}") if kind == "h" else f"s{place}" for place, kind in enumerate(shape)]
    args = [piece for pair in zip(labels, shown, strict=False) for piece in pair]
    names = [*args, labels[-1]][1:]
    unpacked = ["_", "key", "t", "th", "ctx"]
    assert len(unpacked) == FIRST
    row = ["entry", "None", "call", "None", "first", *names[:-1], "last", "None", "between"]
    columns = [(row.index(f"s{place}"), _COLUMN[kind].format(f"v{place}")) for place, kind in fresh]
    width = len(row) + _WIDTH_OF_END
    source = _SOURCE.format(
        labels=", ".join(labels),
        unpacked=", ".join([*unpacked, *(f"v{place}" for place in places)]),
        args=", ".join(["opening0", *names]),
        kept="".join(f"    k{place} = s{place} = UNSET\n" for place, _ in fresh),
        nonlocals=", ".join(["kept", "result", *(f"{x}{place}" for place, _ in fresh for x in "ks")]),
        fresh="".join(
            f"        if v{place} is not k{place}:\n            s{place} = {_PIECE[kind].format(f'v{place}')}\n"
            f"            k{place} = v{place}\n"
            for place, kind in fresh
        ),
        value=_PIECE["v"].format("value"),
        row=", ".join("None" if name[0] == "s" else name for name in row),
        last=labels[-1] if shape else "''",
        columns="".join(f"        pieces[{at}::{width}] = {column}\n" for at, column in columns),
        width=width,
        stamp=len(row) - 2,
        end=len(row),
    )
    return compile(source.replace("BITS", str(SHORT_INT_BITS)), "<lines>", "exec")


class _Names(dict[str, str]):
    """Names of classes, escaped: there are few, but nothing says what is in them."""

    def __missing__(self, name: str) -> str:
        self[name] = found = escaped(name)
        return found


class _Durations(dict[int, str]):
    """The six digits of a few thousand nanoseconds, made when they are first asked for."""

    def __missing__(self, ns: int) -> str:
        self[ns] = found = f"{ns:06d}"
        return found


def _text(atom_text: Callable[[Any], str]) -> Callable[[Any], str]:
    """A function that gives the escaped text of what ``freeze`` gave.

    Where the JSON encoder escapes nothing but quotes, a string's ``repr`` is the string in apostrophes. Asking it takes
    a tenth of the time of ``repr`` and an escaping of its own.
    """

    def text(value: Any) -> str:
        ready = type(value) is tuple
        if ready:
            value = value[0]
        elif type(value) is not str:
            return atom_text(value)
        try:
            data = JSON.dumps(value)
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


def _one(text: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same, of what need not be looked into too."""

    def one(value: Any) -> str:
        if type(value) is int and value.bit_length() < SHORT_INT_BITS:
            return repr(value)
        return "None" if value is None else text(value)

    return one


_PIECE: Final = {
    "v": 'f"{{{0}}}" if type({0}) is int and {0}.bit_length() < BITS else "None" if {0} is None else text({0})',
    "r": "names[{0}]",
    "h": "'<redacted>'",
}

_WIDTH_OF_END: Final = 11
_COLUMN: Final = {"v": "texts({0}, one)", "r": "[names[each] for each in {0}]"}

# The end of a call that was closed has an empty tuple for a value: ``text`` raises IndexError for it. A text is kept
# before the value that it is of, so an error between the two does no harm.
_SOURCE: Final = """\
UNSET = object()
def make(own, opening, closing, {labels}):
    opening0 = opening + l0
    kept = result = UNSET
{kept}    def leaf(start, end, i, j, above):
        nonlocal {nonlocals}
        {unpacked} = start
        _, key2, u, th2, value = end
        x = t - since
        y = u - since
        if (
            (key2 is not key and key2 is not None) or th != here or th2 != th or ctx is not None
            or x < 0 or y >= 1000000
        ):
            return False
{fresh}        if value is not kept:
            result = {value}
            kept = value
        ns = y - x
        out((
            entry, i, call, i, above, {args}, begun, D[x // 1000], thread, closing,
            entry, j, call, i, above, opening, ended, D[y // 1000], results, result,
            '","duration_ms":0.', D[ns // 1000], D[ns % 1000], closing,
        ))
        return True
    def started(start, i, above):
        nonlocal {nonlocals}
        {unpacked} = start
        x = t - since
        if th != here or ctx is not None or x < 0 or x >= 1000000:
            return None
{fresh}        shared = f"{{call}}{{i}}{{above}}{{opening}}"
        out((entry, i, call, i, above, {args}, begun, D[x // 1000], thread, closing))
        return shared
    def finished(end, frame, i):
        nonlocal kept, result
        _, key2, u, th, value = end
        y = u - since
        if th != here or y < 0 or y >= 1000000:
            return False
        if value is not kept:
            result = {value}
            kept = value
        ns = u - frame[4]
        out((
            entry, i, frame[10], ended, D[y // 1000], results, result,
            '","duration_ms":', f"{{ns // 1000000}}." if ns >= 1000000 else "0.",
            D[ns // 1000 % 1000], D[ns % 1000], closing,
        ))
        return True
    def run(chunk, position, calls, ids, place, above):
        beyond_ids = place + 2 * calls
        fields = fields_of(chunk, position, calls, own, here)
        if fields is None:
            return False
        {unpacked} = fields[0]
        _, key, u, th, value = fields[1]
        if t[0] < since or u[-1] >= until:
            return False
        first = above + opening0
        last = {last} + begun
        between = thread + closing
        lengths = [*map(sub, u, t)]
        lengths = each_of(*lengths)(N) if max(lengths) < 4096 else [f"{{ns:06d}}" for ns in lengths]
        pieces = [
            {row},
            entry, None, call, None, above + opening + ended, None, results, None, '","duration_ms":0.', None, closing,
        ] * calls
        numbers = ids[place:beyond_ids:2]
        pieces[1::{width}] = pieces[3::{width}] = pieces[{end} + 3::{width}] = numbers
{columns}        pieces[{stamp}::{width}] = [D[(each - since) // 1000] for each in t]
        pieces[{end} + 1::{width}] = ids[place + 1:beyond_ids:2]
        pieces[{end} + 5::{width}] = [D[(each - since) // 1000] for each in u]
        pieces[{end} + 7::{width}] = texts(value, one)
        pieces[{end} + 9::{width}] = lengths
        out(pieces)
        return True
    return leaf, started, finished, run
"""

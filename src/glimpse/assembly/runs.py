"""Runs: one leaf call after another of the same function on one thread, as loops make them, taken apart by fields.

What is made of many calls at once, field by field, takes a few steps of the interpreter for all of them in the place of
some for each: between a half and a quarter of the time.
"""

from __future__ import annotations

from _operator import is_, itemgetter, sub
from itertools import chain, repeat

from ..encoder import JSON
from .events import CLOSED, END, START, Event
from .pieces import BELOW_A_MS, DIGITS, MS, Durations, Escaped, Ids, encoded
from .shapes import FIRST, labels_of, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, NamedTuple, Protocol, TypeAlias

    from ..entry import Site
    from .clock import Clock
else:
    from glimpse.light import NamedTuple, Protocol

__all__ = ["Labels", "Run", "args_of_run", "fields_of", "lines_of", "run_length", "texts"]

_LENGTHS: Final = (128, 64, 32, 16, 8)
"""Of runs. A chunk may be much longer, if the program's threads are faster than what takes its events: then each look
that is in vain would take as long as the chunk is."""
_SECOND: Final = 1_000_000_000
_DIGITS: Final = 8  # a 1, six digits, and a comma
_DURATIONS: Final = Durations()


def run_length(chunk: Sequence[Event], position: int, most: int, key: str, th: int) -> int:
    """How many calls of a run seem to begin here: a look at a few of them tells mostly.

    :param key: the function's, ``th``: the thread's number. What is at ``position`` may be anything.
    """
    most = min((len(chunk) - position) // 2, most, _LENGTHS[0])
    if most < _LENGTHS[-1] or chunk[position + 2][1] is not key or chunk[position + 3][0] != END:
        return 0
    for calls in (most, *_LENGTHS):
        if calls <= most:
            last, middle = chunk[position + 2 * calls - 1], chunk[position + calls]
            alike = last[1] is key and last[3] == th and middle[1] is key and middle[3] == th
            if alike and last[0] == END and middle[0] == START:
                return calls
    return 0


def fields_of(
    chunk: Sequence[Event], position: int, calls: int, key: str, th: int, ctx: int | None
) -> tuple[Any, Any, list[int]] | None:
    """The fields of the STARTs, those of the ENDs, and how long it took, for all calls of a run; None if it is none.

    :param th: the thread's number, ``ctx``: the context's.
    """
    beyond = position + 2 * calls
    try:
        starts = tuple(zip(*chunk[position:beyond:2], strict=True))
        ends = tuple(zip(*chunk[position + 1 : beyond : 2], strict=True))
    except ValueError:  # of different lengths
        return None
    took = list(map(sub, ends[2], starts[2]))
    if (
        starts[0].count(START) == calls == ends[0].count(END)
        and starts[1].count(key) == calls == ends[1].count(key)
        and starts[3].count(th) == calls == ends[3].count(th)
        and starts[4].count(ctx) == calls
        and CLOSED not in ends[4]
        and max(took) < MS
    ):
        return starts, ends, took
    return None


def texts(values: Sequence[Any], text: Callable[[Any], str]) -> Sequence[str]:
    """The texts of a run's values: of what one parameter is, call by call. ``text`` gives that of any one."""
    first, count = values[0], len(values)
    if values[1] is first and list(map(is_, values, repeat(first))).count(True) == count:
        return [text(first)] * count
    if type(first) is int:
        found = JSON.integers(values)
        if found is not None:
            return found
    return list(map(text, values))


def args_of_run(site: Site, starts: Any, text: Callable[[Any], str]) -> list[str]:
    """The texts of a run's arguments, call by call; see ``args_maker``.

    :param starts: the fields of the STARTs.
    """
    calls = len(starts[0])
    first, *labels = labels_of(site)
    pieces: list[Any] = [repeat(site.name + first, calls)]
    for kind, values, label in zip(shape_of(site), starts[FIRST:], labels, strict=True):
        shown = texts(values, text) if kind == "v" else values if kind == "r" else repeat("<redacted>", calls)
        pieces += shown, repeat(label, calls)
    return list(map("".join, zip(*pieces, strict=True)))


Labels: TypeAlias = "tuple[list[str], str]"
"""What stands before each argument, and after the last one, as it stands in JSON; and the shape of the arguments."""


class TextsOf(Protocol):
    """See ``lines.LineRecords``."""

    text: Callable[[Any], str]
    names: Escaped
    clock: Clock


class Run(NamedTuple):
    """What the lines of a run's calls have in common.

    :ivar ids: of them and others, of which their own begin at the place ``at``.
    :ivar opening: between a call's id and its arguments.
    :ivar place: after the timestamp of a START, ``ending``: of an END.
    :ivar millisecond: see ``lines.LineRecords``.
    """

    ids: Ids
    at: int
    opening: str
    labels: Labels
    place: str
    ending: str
    millisecond: tuple[int, int, str, str]


def lines_of(run: Run, fields: Any, closings: Any, texts_of: TextsOf) -> list[str]:
    """The lines of a run, in pieces.

    :param closings: the ends of each call's two lines; one text if they are all the same.
    :param texts_of: gives the texts of values and of names.
    """
    text, names = texts_of.text, texts_of.names
    (_, entry, called, _, digits), at, opening, (labels, shape), place, ending, _ = run
    starts, (_, _, u, _, results), took = fields
    t, calls = starts[2], len(u)
    begun, ended, stamps, end_stamps = _stamps(t, u, run.millisecond, texts_of)
    begin, *labels = labels
    args = [*chain.from_iterable((None, label) for label in labels)]
    last = args.pop() if args else ""
    alike = type(closings) is str
    close = closings if alike else ""
    start = [entry, None, called, None, f"{opening}{begin}", *args, f"{last}{begun}", None, f"{place}{close}"]
    end = [entry, None, called, None, f"{opening}{ended}", None, ending, None, BELOW_A_MS, None, close]
    if not alike:
        start.append(None)
    first, width = len(start), len(start) + len(end)
    pieces: list[Any] = [*start, *end] * calls
    ids = digits[at : at + 2 * calls]
    pieces[1::width] = pieces[3::width] = pieces[first + 3 :: width] = ids[::2]
    for number, (kind, values) in enumerate(zip(shape, starts[FIRST:], strict=True)):
        if kind == "h":
            pieces[5 + 2 * number :: width] = repeat("<redacted>", calls)
        else:
            pieces[5 + 2 * number :: width] = texts(values, text if kind == "v" else names.__getitem__)
    pieces[6 + len(args) :: width] = stamps
    pieces[first + 1 :: width] = ids[1::2]
    pieces[first + 5 :: width] = end_stamps
    pieces[first + 7 :: width] = texts(results, text)
    pieces[first + 9 :: width] = itemgetter(*took)(_DURATIONS)
    if not alike:
        pieces[first - 1 :: width] = pieces[width - 1 :: width] = closings
    return pieces


def _stamps(
    t: Sequence[int], u: Sequence[int], millisecond: tuple[int, int, str, str], texts_of: TextsOf
) -> tuple[str, str, Sequence[str], Sequence[str]]:
    """What comes before the last digits of the timestamps of STARTs, and of ENDs; and those digits."""
    since, until, begun, ended = millisecond
    if since <= t[0] and u[-1] < until:
        return begun, ended, [DIGITS[(x - since) // 1000] for x in t], [DIGITS[(x - since) // 1000] for x in u]
    second = t[0] - (t[0] + texts_of.clock.base) % _SECOND
    stamp = texts_of.clock.stamp(t[0])
    begun, ended = begun[: -len(stamp) + 3], ended[: -len(stamp) + 3]
    if u[-1] - second < _SECOND:
        return f"{begun}{stamp[:-6]}", f"{ended}{stamp[:-6]}", _micros(t, second), _micros(u, second)
    return begun, ended, list(map(texts_of.clock.stamp, t)), list(map(texts_of.clock.stamp, u))


def _micros(times: Sequence[int], second: int) -> list[str]:
    """Six digits of each, of one second."""
    data = bytearray(JSON.dumps([(x - second) // 1000 + MS for x in times]))
    del data[1::_DIGITS]  # the 1 before each
    return encoded(data[1:-1]).split(",")

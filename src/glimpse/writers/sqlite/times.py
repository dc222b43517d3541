"""How long calls took, as the table ``times`` has it: what statistics need, so that they need not read the calls.

Each batch adds the durations of the calls that ended in it, function by function and thread by thread, and of how much
of each caller's time something else was running. So a reader adds up a few megabytes where the calls have a thousand,
and no batch needs to look at what an earlier one has written. Durations are stored as they are, since a writer that
sorted them into classes would spend on each more than all else that is done for it here. The starts, in the same order,
are for those who ask for calls of some time.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Iterator, Set
from typing import Any, Final, NamedTuple

import orjson

from glimpse.json_text import load_json
from glimpse.writers.sqlite.views import PROCESS_BITS

__all__ = [
    "PLACED", "BatchTimes", "Lists", "SiteTimes", "Times", "batches_without", "bytes_of", "is_timed", "numbers_in",
    "times_of",
]  # fmt: skip

_MOST_WAITED: Final = 1 << 17
_WIDTHS: Final = {4: "I", 8: "Q"}
_SIGNED: Final = "l" if array("l").itemsize == 8 else "q"
"""Where both have 8 bytes, the first takes a third of the time."""
_OLD_HEAD: Final = 4
"""So much is known of a function where neither threads nor starts are."""
PLACED: Final = 2
"""``processes.timed`` where times are told with the threads and starts of calls."""

BatchTimes = tuple[bytes, bytes, bytes, bytes]
"""The columns ``sites``, ``durations``, ``elsewhere`` and ``starts``."""


class SiteTimes(NamedTuple):
    """Of one function's calls on one thread that ended in a batch: how long they took, and how much they did not run.

    Times are nanoseconds; in ``durations`` each takes ``width`` bytes, the lowest first. The last ones are those of
    calls that made others. ``thread`` is None, and the rest not there, where an older Glimpse has written them.
    """

    site: int
    durations: bytes
    width: int
    elsewhere: int
    errors: int
    thread: int | None = None
    starts: bytes = b""
    apart: bytes = b""
    """How much of each of the last calls something else was running."""
    apart_width: int = 4


class Lists(NamedTuple):
    """Where durations and starts of calls go that made no others; for others also how long something else ran."""

    durations: list[int]
    starts: list[int]
    callers: tuple[list[int], list[int], list[int]]
    errors: list[int]


class Times:
    """The times of one process's calls, batch by batch.

    ``waited`` has the nanoseconds that open calls have waited for those that they made, by their ids.
    """

    def __init__(self) -> None:
        self.waited: dict[int, int] = {}
        self.complete = True
        """Whether every call that ended so far is in here."""
        self._kept: dict[int, int] = {}
        self._lists: dict[tuple[int, int], Lists] = {}

    def lists(self, site: int, thread: int) -> Lists:
        """Where the times of a function's calls on a thread go, until ``keep`` or ``forget``."""
        found = self._lists.get((site, thread))
        if found is None:
            found = self._lists[site, thread] = Lists([], [], ([], [], []), [])
        return found

    def end(
        self, call: int, parent: int | None, lists: Lists, start: int, duration: int, active: int, *, failed: bool
    ) -> None:
        """A call has ended, of whose time the function itself and those that it called took the ``active`` part."""
        own = max(active - self.waited.pop(call, 0), 0)
        durations, starts = lists.durations, lists.starts
        if own != duration:
            durations, starts, elsewhere = lists.callers
            elsewhere.append(duration - own)
        durations.append(duration)
        starts.append(start)
        if failed:
            lists.errors.append(call)
        if parent is not None:
            self.waited[parent] = self.waited.get(parent, 0) + active

    def take(self) -> BatchTimes | None:
        """What came since ``keep`` or ``forget``; None if it would not be all."""
        if not self.complete:
            return None
        heads: list[list[int]] = []
        durations: list[list[int]] = []
        starts: list[list[int]] = []
        elsewhere: list[list[int]] = []
        for (site, thread), (took, began, (longer, before, apart), errors) in self._lists.items():
            if took or longer:
                heads.append([site, len(took) + len(longer), sum(apart), len(errors), thread, len(longer)])
                durations += took, longer
                starts += began, before
                elsewhere.append(apart)
        try:
            return orjson.dumps(heads), _packed(durations), _packed(elsewhere), _array(_SIGNED, starts)
        except (OverflowError, TypeError):  # no length of time: a clock was set back, or a record is made up
            self.complete = False
            return None

    def keep(self) -> None:
        """What was taken is on its way."""
        if len(self.waited) > _MOST_WAITED:  # of calls that ended before those that they had made
            for call in sorted(self.waited, key=self.waited.__getitem__)[: _MOST_WAITED // 2]:
                del self.waited[call]
        self._lists = {}
        self._kept = self.waited.copy()

    def forget(self) -> None:
        """What was taken was not written, and will come again."""
        self._lists = {}
        self.waited = self._kept.copy()


def _packed(lists: list[list[int]]) -> bytes:
    try:
        return _array(_WIDTHS[4], lists)
    except OverflowError:
        return _array(_WIDTHS[8], lists)


def _array(kind: str, lists: list[list[int]]) -> bytes:
    values = array(kind)
    for numbers in lists:
        values.fromlist(numbers)
    return bytes_of(values)


def bytes_of(values: array[int]) -> bytes:
    """Numbers as they are stored."""
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def numbers_in(data: bytes, width: int, *, signed: bool = False) -> array[int]:
    """The numbers in a part of ``SiteTimes``."""
    values = array(_SIGNED if signed else _WIDTHS[width], data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def is_timed(connection: sqlite3.Connection, process: int, least: int = 1) -> bool:
    """Whether ``times`` has every call of a process that has ended; not so in files of earlier versions.

    :param least: ``PLACED`` to ask whether it also has their threads and starts.
    """
    try:
        found = connection.execute("SELECT timed FROM processes WHERE id = ?", (process,)).fetchone()
    except sqlite3.OperationalError:
        return False
    return bool(found and found[0] in range(least, PLACED + 1))


def times_of(
    connection: sqlite3.Connection, process: int, *, each: bool = False
) -> Iterator[tuple[int, int, list[SiteTimes]]]:
    """Of each batch of a process that is timed: its id, how many more calls were open after it, and the times in it.

    :param each: whether what is known of each call is asked for too, its start and how long something else was running.
    :raises ValueError: they are damaged.
    """
    more = ", elsewhere, starts" if each else ""
    sql = f"SELECT batch, running, sites, durations{more} FROM times WHERE id >= ? AND id < ?"
    for batch, running, heads, *blobs in connection.execute(sql, _ids(process)):
        yield batch, running, _site_times(load_json(heads), *blobs)


def _site_times(heads: list[Any], blob: bytes, elsewhere: bytes = b"", starts: bytes = b"") -> list[SiteTimes]:
    calls = sum(head[1] for head in heads)
    if not calls:
        return []
    width, rest = divmod(len(blob), calls)
    callers = sum(head[5] for head in heads if len(head) > _OLD_HEAD)
    apart_width = len(elsewhere) // callers if elsewhere and callers else 4
    fits = not starts or (len(starts) == 8 * calls and len(elsewhere) == apart_width * callers)
    if rest or not fits or not {width, apart_width} <= _WIDTHS.keys() or min(head[1] for head in heads) < 0:
        raise ValueError("the times of calls are damaged")
    found, begin, apart = [], 0, 0
    for site, count, waited, errors, *more in heads:
        thread, made = more or (None, 0)
        end, last = begin + count, apart + made * apart_width
        found.append(
            SiteTimes(
                site,
                blob[begin * width : end * width],
                width,
                waited,
                errors,
                thread,
                starts[begin * 8 : end * 8],
                elsewhere[apart:last],
                apart_width,
            )
        )
        begin, apart = end, last
    return found


def batches_without(connection: sqlite3.Connection, process: int, sites: Set[int]) -> set[int]:
    """The batches, by the ids of their packs, in which no call of these sites has ended.

    :raises ValueError: what says so is damaged.
    """
    if not is_timed(connection, process):
        return set()
    rows = connection.execute("SELECT batch, sites FROM times WHERE id >= ? AND id < ?", _ids(process))
    return {batch for batch, heads in rows if sites.isdisjoint(head[0] for head in load_json(heads))}


def _ids(process: int) -> tuple[int, int]:
    return process << PROCESS_BITS, (process + 1) << PROCESS_BITS

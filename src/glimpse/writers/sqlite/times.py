"""How long calls took, as the table ``times`` has it: what statistics need, so that they need not read the calls.

Each batch adds the durations of the calls that ended in it, function by function, and of how much of each function's
time something else was running. So a reader adds up a few megabytes where the calls have a thousand, and no batch needs
to look at what an earlier one has written. Durations are stored as they are, since a writer that sorted them into
classes would spend on each more than all else that is done for it here.
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

__all__ = ["BatchTimes", "SiteTimes", "Times", "batches_without", "is_timed", "times_of"]

_MOST_WAITED: Final = 1 << 17
_WIDTHS: Final = {4: "I", 8: "Q"}

BatchTimes = tuple[bytes, bytes]
"""The columns ``sites`` and ``durations``."""


class SiteTimes(NamedTuple):
    """Of one function's calls that ended in a batch: how long they took, how much of that it did not run, and errors.

    Times are nanoseconds; in ``durations`` each takes ``width`` bytes, the lowest first.
    """

    site: int
    durations: bytes
    width: int
    elsewhere: int
    errors: int


class _Site(NamedTuple):
    durations: list[int]
    elsewhere: list[int]
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
        self._sites: dict[int, _Site] = {}

    def lists(self, site: int) -> tuple[list[int], list[int]]:
        """Where durations of this function's calls go, and how much of each something else was running."""
        return self._site(site)[:2]

    def end(self, call: int, parent: int | None, site: int, duration: int, active: int, *, failed: bool) -> None:
        """A call has ended, of whose time the function itself and those that it called took the ``active`` part."""
        own = max(active - self.waited.pop(call, 0), 0)
        found = self._site(site)
        found.durations.append(duration)
        if own != duration:
            found.elsewhere.append(duration - own)
        if failed:
            found.errors.append(call)
        if parent is not None:
            self.waited[parent] = self.waited.get(parent, 0) + active

    def take(self) -> BatchTimes | None:
        """What came since ``keep`` or ``forget``; None if it would not be all."""
        if not self.complete:
            return None
        sites = [(number, *site) for number, site in self._sites.items() if site.durations]
        heads = [[number, len(took), sum(elsewhere), len(errors)] for number, took, elsewhere, errors in sites]
        try:
            return orjson.dumps(heads), _packed([site[1] for site in sites])
        except (OverflowError, TypeError):  # no length of time: a clock was set back, or a record is made up
            self.complete = False
            return None

    def keep(self) -> None:
        """What was taken is on its way."""
        if len(self.waited) > _MOST_WAITED:  # of calls that ended before those that they had made
            for call in sorted(self.waited, key=self.waited.__getitem__)[: _MOST_WAITED // 2]:
                del self.waited[call]
        self._clear()
        self._kept = self.waited.copy()

    def forget(self) -> None:
        """What was taken was not written, and will come again."""
        self._clear()
        self.waited = self._kept.copy()

    def _site(self, number: int) -> _Site:
        found = self._sites.get(number)
        if found is None:
            found = self._sites[number] = _Site([], [], [])
        return found

    def _clear(self) -> None:
        for site in self._sites.values():
            if site.durations:
                for values in site:
                    values.clear()


def _packed(durations: list[list[int]]) -> bytes:
    try:
        values = _array(_WIDTHS[4], durations)
    except OverflowError:
        values = _array(_WIDTHS[8], durations)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _array(kind: str, lists: list[list[int]]) -> array[int]:
    values = array(kind)
    for numbers in lists:
        values.fromlist(numbers)
    return values


def is_timed(connection: sqlite3.Connection, process: int) -> bool:
    """Whether ``times`` has every call of a process that has ended; not so in files of earlier versions."""
    try:
        found = connection.execute("SELECT timed FROM processes WHERE id = ?", (process,)).fetchone()
    except sqlite3.OperationalError:
        return False
    return bool(found and found[0] == 1)


def times_of(connection: sqlite3.Connection, process: int) -> Iterator[tuple[int, list[SiteTimes]]]:
    """Of each batch of a process that is timed: how many more calls were open after it, and the times in it.

    :raises ValueError: they are damaged.
    """
    rows = connection.execute("SELECT running, sites, durations FROM times WHERE id >= ? AND id < ?", _ids(process))
    for running, heads, blob in rows:
        yield running, _site_times(load_json(heads), blob)


def _site_times(heads: list[Any], blob: bytes) -> list[SiteTimes]:
    calls = sum(head[1] for head in heads)
    if not calls:
        return []
    width, rest = divmod(len(blob), calls)
    if rest or width not in _WIDTHS or min(head[1] for head in heads) < 0:
        raise ValueError("the times of calls are damaged")
    found, begin = [], 0
    for site, count, elsewhere, errors in heads:
        end = begin + count * width
        found.append(SiteTimes(site, blob[begin:end], width, elsewhere, errors))
        begin = end
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

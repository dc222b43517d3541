"""Statistics from the times that the writer of a database has noted beside the calls."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from glimpse.traces.packed import Packed
from glimpse.traces.ranks import PackedDurations
from glimpse.traces.stats import QUANTILES, FunctionStats, TopTable
from glimpse.views.choice import Choice
from glimpse.writers.sqlite.times import SiteTimes, times_of

__all__ = ["SiteStats", "add_times"]

_CHUNK: Final = 1 << 15
"""Bytes of one function's durations that are counted at once: few enough for the processor's cache."""


class SiteStats(dict[int, FunctionStats]):
    """The statistics of a process's functions by the numbers of their sites.

    :param choice: which calls are counted; all of them if None.
    """

    def __init__(
        self, table: TopTable, process: int, name: Callable[[int, int], str], choice: Choice | None = None
    ) -> None:
        super().__init__()
        self.table, self.process, self.choice, self._name = table, process, choice, name

    def __missing__(self, site: int) -> FunctionStats:
        found = self[site] = self.table.stats(self._name(self.process, site))
        return found


def add_times(connection: sqlite3.Connection, processes: Collection[SiteStats]) -> None:
    """Add up the times of the calls of processes whose times are complete.

    :raises ValueError: they are damaged.
    """
    spans: defaultdict[FunctionStats, PackedDurations] = defaultdict(lambda: PackedDurations(*QUANTILES))
    for stats in processes:
        own: Counter[int] = Counter()
        for site, numbers in _durations(_counted(connection, stats, own)):
            found = stats[site]
            if found.durations.count:  # of processes whose calls were counted one by one
                own[site] += numbers.total()
                found.durations.extend(number / 1e6 for number in numbers.values())
            else:
                own[site] += spans[found].add(numbers)
        for site, nanoseconds in own.items():
            stats[site].self_ms += nanoseconds / 1e6
    while again := {found for found, packed in spans.items() if packed.again()}:
        for stats in processes:
            wanted = {site for site, found in stats.items() if found in again}
            batches = (sites for _, sites in _batches(connection, stats))
            for site, numbers in _durations([times for times in sites if times.site in wanted] for sites in batches):
                spans[stats[site]].recount(numbers)
    for found, packed in spans.items():
        found.durations = packed.durations()


def _counted(connection: sqlite3.Connection, stats: SiteStats, own: Counter[int]) -> Iterator[list[SiteTimes]]:
    """The times of a process; counts calls and errors, and takes off ``own`` what was not a site's own time."""
    open_calls = 0
    choice = stats.choice
    for running, sites in _batches(connection, stats):
        open_calls += running
        for times in sites:
            count = len(times.durations) // times.width
            stats.table.started += count
            stats.table.ended += count
            if choice is None or not choice.each:
                stats[times.site].errors += times.errors
            own[times.site] -= times.elsewhere
        yield sites
    if choice is not None and not choice.every:
        open_calls = choice.running(connection) if open_calls else 0
    stats.table.started += open_calls
    for site, errors in choice.errors(connection).items() if choice is not None and choice.each else ():
        stats[site].errors += errors


def _batches(connection: sqlite3.Connection, stats: SiteStats) -> Iterator[tuple[int, list[SiteTimes]]]:
    """The times of each batch as ``times_of`` gives them, of calls that are chosen."""
    choice = stats.choice
    for _, running, sites in times_of(connection, stats.process, each=choice is not None and choice.each):
        yield running, sites if choice is None else list(choice.of(sites))


def _durations(batches: Iterable[list[SiteTimes]]) -> Iterator[tuple[int, Packed]]:
    """Sites with their durations, many of one site at a time."""
    waiting: defaultdict[tuple[int, int], bytearray] = defaultdict(bytearray)
    for sites in batches:
        for times in sites:
            gathered = waiting[times.site, times.width]
            gathered += times.durations
            while len(gathered) >= _CHUNK:
                yield times.site, Packed(bytes(gathered[:_CHUNK]), times.width)
                del gathered[:_CHUNK]
    for (site, width), gathered in waiting.items():
        yield site, Packed(bytes(gathered), width)

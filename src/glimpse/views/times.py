"""Statistics from the times that the writer of a database has noted beside the calls."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from glimpse.traces.packed import Packed
from glimpse.traces.ranks import PackedDurations
from glimpse.traces.stats import QUANTILES, FunctionStats, TopTable
from glimpse.writers.sqlite.times import SiteTimes, times_of

__all__ = ["SiteStats", "add_times"]

_CHUNK: Final = 1 << 15
"""Bytes of one function's durations that are counted at once: few enough for the processor's cache."""


class SiteStats(dict[int, FunctionStats]):
    """The statistics of a process's functions by the numbers of their sites."""

    def __init__(self, table: TopTable, process: int, name: Callable[[int, int], str]) -> None:
        super().__init__()
        self.table, self.process, self._name = table, process, name

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
            batches = (sites for _, sites in times_of(connection, stats.process))
            for site, numbers in _durations([times for times in sites if times.site in wanted] for sites in batches):
                spans[stats[site]].recount(numbers)
    for found, packed in spans.items():
        found.durations = packed.durations()


def _counted(connection: sqlite3.Connection, stats: SiteStats, own: Counter[int]) -> Iterator[list[SiteTimes]]:
    """The times of a process; counts calls and errors, and takes off ``own`` what was not a site's own time."""
    for running, sites in times_of(connection, stats.process):
        count = sum(len(times.durations) // times.width for times in sites)
        stats.table.started += running + count
        stats.table.ended += count
        for times in sites:
            stats[times.site].errors += times.errors
            own[times.site] -= times.elsewhere
        yield sites


def _durations(batches: Iterable[list[SiteTimes]]) -> Iterator[tuple[int, Packed]]:
    """Sites with their durations, many of one site at a time."""
    waiting: defaultdict[tuple[int, int], bytearray] = defaultdict(bytearray)
    for sites in batches:
        for site, durations, width, _, _ in sites:
            gathered = waiting[site, width]
            gathered += durations
            while len(gathered) >= _CHUNK:
                yield site, Packed(bytes(gathered[:_CHUNK]), width)
                del gathered[:_CHUNK]
    for (site, width), gathered in waiting.items():
        yield site, Packed(bytes(gathered), width)

"""Which calls of a process are chosen, told by the times that the writer has noted: no call itself is looked at."""

from __future__ import annotations

import operator
import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from itertools import compress
from math import ceil
from typing import Final

from glimpse.traces.filters import Selection
from glimpse.traces.packed import Packed
from glimpse.views.rows import Names
from glimpse.writers.sqlite.schema import DEPTH_BITS, PROCESS_BITS, WHERE_BITS
from glimpse.writers.sqlite.times import PLACED, SiteTimes, bytes_of, is_timed, numbers_in

__all__ = ["Choice", "Window", "choice_of", "may_have"]

_DAY: Final = 86_400_000_000_000
_SITE: Final = DEPTH_BITS + WHERE_BITS
_THREAD: Final = (1 << WHERE_BITS) - 1
_FOREVER: Final = 1 << 62
_WIDTH: Final = 8
_STAMP: Final = "%Y-%m-%d %H:%M:%S.%f"
_FIRST_DAY: Final = "1970-01-01"
_FAILED: Final = """
SELECT place, start, duration FROM details JOIN spans ON spans.id = details.id
WHERE details.id >= ? AND details.id < ? AND exception IS NOT NULL"""
_SPANS: Final = "SELECT id, ended, place, start FROM spans WHERE id >= ? AND id < ?"
_OPEN: Final = "SELECT place, start FROM spans WHERE id >= ? AND id < ? AND ended IS NULL"


class Window:
    """The starts, in nanoseconds as rows have them, of calls that began in the chosen time.

    :param origin: what they are relative to.
    :raises ValueError: a limit is not written as entries have it.
    """

    def __init__(self, selection: Selection, origin: int) -> None:
        self._origin = origin
        self._low, self._high = -_FOREVER, _FOREVER
        self._day = 0, _DAY
        since, until = selection.since, selection.until
        if since is not None:
            if _is_clock(since):
                self._day = _clock(since), self._day[1]
            else:
                self._low = _epoch(since) - origin
        if until is not None:
            if _is_clock(until):
                self._day = self._day[0], _clock(until) + 1000
            else:
                self._high = _epoch(until) + 1000 - origin
        self.daily = self._day != (0, _DAY)

    def has(self, start: int) -> bool:
        """Whether a call that began then is chosen."""
        first, last = self._day
        return self._low <= start < self._high and first <= (self._origin + start) % _DAY < last

    def whole(self, starts: bytes) -> bool | None:
        """Whether all calls that began then are chosen, or none of them; None if it is not to be told so fast."""
        try:
            packed = Packed(starts, _WIDTH)
        except ValueError:  # before the origin
            return None
        if not packed.count:
            return True
        low, high, midnight = self._low, self._high, 0
        if self.daily:
            first = numbers_in(starts[:_WIDTH], _WIDTH)[0]
            midnight = (self._origin + first) // _DAY * _DAY - self._origin
            low, high = max(low, midnight + self._day[0]), min(high, midnight + self._day[1])
        inside = _share(packed, low, high)
        if inside == packed.count:
            return True
        one_day = not self.daily or _share(packed, midnight, midnight + _DAY) == packed.count
        return False if one_day and not inside else None

    def chosen(self, starts: Sequence[int]) -> list[bool]:
        """Whether each of many calls is chosen."""
        low, high, origin = self._low, self._high, self._origin
        if not self.daily:
            return [low <= start < high for start in starts]
        first, last = self._day
        return [low <= start < high and first <= (origin + start) % _DAY < last for start in starts]


def _share(numbers: Packed, low: int, high: int) -> int:
    """How many are from ``low`` up to ``high``."""
    below = numbers.below(low) if low > 0 else 0
    beyond = numbers.count - numbers.below(high) if 0 < high < _FOREVER else 0 if high > 0 else numbers.count
    return max(numbers.count - below - beyond, 0)


class Choice:
    """The chosen calls of a process, by function, thread, duration and time.

    :param wanted: whether the calls of a function, by its number, on a thread are chosen.
    """

    def __init__(
        self, process: int, wanted: Callable[[int, int], bool], least: int, window: Window | None, *, every: bool
    ) -> None:
        self.each = window is not None or least > 0
        """Whether it takes more than functions and threads to tell them."""
        self.every = every and not self.each
        """Whether all calls are chosen."""
        self._wanted, self._least, self._window = wanted, least, window
        self._ids = process << PROCESS_BITS, (process + 1) << PROCESS_BITS
        self._known: dict[tuple[int, int], bool] = {}

    def of(self, batch: Iterable[SiteTimes]) -> Iterator[SiteTimes]:
        """Of the times of a batch, those of calls that are chosen. Errors are counted by ``errors`` if ``each``."""
        if self.every:
            yield from batch
            return
        chosen = [times for times in batch if self._place(times.site, times.thread)]
        window = self._window
        if window is not None:
            whole = window.whole(b"".join(times.starts for times in chosen))
            if whole is not None:
                window, chosen = None, chosen if whole else []
        for times in chosen:
            found = self._some(times, window) if window is not None or self._least else times
            if found is not None and found.durations:
                yield found

    def errors(self, connection: sqlite3.Connection) -> Counter[int]:
        """How many chosen calls of each function failed."""
        found: Counter[int] = Counter()
        for place, start, duration in connection.execute(_FAILED, self._ids):
            if (duration or 0) >= self._least and self._began(place, start):
                found[place >> _SITE] += 1
        return found

    def running(self, connection: sqlite3.Connection) -> int:
        """How many chosen calls have no end."""
        return sum(self._began(place, start) for place, start in connection.execute(_OPEN, self._ids))

    def ranges(self, connection: sqlite3.Connection) -> Iterator[tuple[int, int]]:
        """Where chosen calls of which there are rows begin and end, as ids in the tables."""
        for call, ended, place, start in connection.execute(_SPANS, self._ids):
            if self._began(place, start):
                yield call, self._ids[1] if ended is None else call + ended

    def _began(self, place: int, start: int) -> bool:
        thread = place >> DEPTH_BITS & _THREAD
        return self._place(place >> _SITE, thread) and (self._window is None or self._window.has(start))

    def _place(self, site: int, thread: int | None) -> bool:
        key = (site, -1 if thread is None else thread)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._wanted(*key)
        return known

    def _some(self, times: SiteTimes, window: Window | None) -> SiteTimes | None:
        """The times of the calls that are slow enough and began in time."""
        whole = True if window is None else window.whole(times.starts)
        if whole is False or (whole and not self._least):
            return times if whole else None
        took = numbers_in(times.durations, times.width)
        if whole or window is None:
            keep = [duration >= self._least for duration in took]
        else:
            keep = window.chosen(numbers_in(times.starts, _WIDTH, signed=True))
            if self._least:
                keep = list(map(operator.and_, keep, map(self._least.__le__, took)))
        apart = numbers_in(times.apart, times.apart_width)
        elsewhere = sum(compress(apart, keep[len(keep) - len(apart) :]))
        durations = array(took.typecode, list(compress(took, keep)))
        return times._replace(durations=bytes_of(durations), elsewhere=elsewhere)


def may_have(names: Names, process: int, selection: Selection) -> bool:
    """Whether there may be chosen calls in a process."""
    pid, service, _ = names.processes[process]
    return selection.runs_in(pid, service) and any(
        selection.runs_on(name, task) for name, task in names.threads(process).values()
    )


def choice_of(connection: sqlite3.Connection, names: Names, process: int, selection: Selection) -> Choice | None:
    """The chosen calls of a process in which there may be some; None if its times do not tell which they are."""
    threads = names.threads(process)
    chosen = {number: selection.runs_on(name, task) for number, (name, task) in threads.items()}
    simple = not (selection.args or selection.traces or selection.errors or selection.depth)
    dated = selection.since is not None or selection.until is not None
    every_thread = all(chosen.values())
    detailed = dated or selection.min_ms > 0 or not every_thread
    by_task = selection.tasks and any(task is not None for _, task in threads.values())
    if (
        not simple
        or selection.call_id is not None
        or by_task
        or not is_timed(connection, process, PLACED if detailed else 1)
    ):
        return None
    try:
        window = Window(selection, names.processes[process][2]) if dated else None
    except ValueError:
        return None
    sites = names.sites(process, selection.names) if selection.functions else None
    return Choice(
        process,
        lambda site, thread: (every_thread or chosen.get(thread, False)) and (sites is None or site in sites),
        _least(selection.min_ms),
        window,
        every=every_thread and sites is None,
    )


def _least(milliseconds: float) -> int:
    """The least whole number of nanoseconds that is as long."""
    least = max(ceil(milliseconds * 1e6) - 1, 0)
    while least / 1e6 < milliseconds:
        least += 1
    return least


def _is_clock(text: str) -> bool:
    return text[2:3] == ":"


def _clock(text: str) -> int:
    moment = datetime.strptime(f"{_FIRST_DAY} {text}", _STAMP).replace(tzinfo=timezone.utc)
    return _nanoseconds(moment)


def _epoch(text: str) -> int:
    return _nanoseconds(datetime.strptime(text, _STAMP).replace(tzinfo=timezone.utc))


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, timezone.utc)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000

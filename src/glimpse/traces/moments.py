"""A function's durations by when they were measured: what a machine was busy with then is in all of them alike."""

from __future__ import annotations

from statistics import median
from typing import Final

__all__ = ["Moments"]

MOST_MOMENTS: Final = 256
MOST_OF_ONE: Final = 32
_CUTS: Final = (22, 21, 19, 18, 16, 15, 13, 10)
"""Where a timestamp's text is cut to tell moments of 10 ms, 100 ms, 1 s, 10 s, 1 min, 10 min, 1 h and a day apart."""


class Moments:
    """Some durations of each moment. The moments last 10 ms, or longer if there are more than can be kept."""

    __slots__ = ("_cut", "_durations")

    def __init__(self) -> None:
        self._cut = _CUTS[0]
        self._durations: dict[str, list[float]] = {}

    def add(self, timestamp: str, duration_ms: float) -> None:
        """Take one more duration in.

        :param timestamp: as entries have it.
        """
        durations = self._durations.setdefault(timestamp[: self._cut], [])
        if len(durations) < MOST_OF_ONE:
            durations.append(duration_ms)
        while len(self._durations) > MOST_MOMENTS and self._cut > _CUTS[-1]:
            self._join()

    def medians(self) -> list[float]:
        """The median of each moment."""
        return [median(durations) for durations in self._durations.values()]

    def _join(self) -> None:
        """Make the moments longer."""
        self._cut = _CUTS[_CUTS.index(self._cut) + 1]
        joined: dict[str, list[float]] = {}
        for moment, durations in self._durations.items():
            joined.setdefault(moment[: self._cut], []).extend(durations)
        self._durations = {moment: _thinned(durations) for moment, durations in joined.items()}


def _thinned(durations: list[float]) -> list[float]:
    return durations[:: -(-len(durations) // MOST_OF_ONE)]

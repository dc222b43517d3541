"""Durations of many calls in little memory: exact while they are few or alike, then within half a percent.

Beyond that, durations whose numbers of single precision (IEEE 754, binary32) have the same upper half are one class:
1/128 of a power of two, so at most 0.8 % wide and told by its middle. Nothing sorts numbers into classes faster here.
"""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

__all__ = ["Durations"]

SETTLE_AT: Final = 4_096
MOST_EXACT: Final = 8_192
_UPPER_HALF: Final = slice(1 if sys.byteorder == "little" else 0, None, 2)
_LONGEST: Final = 1e30
"""Of single precision, in milliseconds."""


class Durations:
    """Count, sum, longest and quantiles of durations in milliseconds. ``pending.append`` is the fast way in."""

    __slots__ = ("_classes", "_count", "_exact", "_longest", "_sum", "_values", "pending")

    def __init__(self) -> None:
        self.pending: list[float] = []
        self._values: Counter[float] = Counter()
        self._classes: Counter[int] = Counter()
        self._exact = True
        self._count = 0
        self._sum = 0.0
        self._longest = 0.0

    @classmethod
    def counted(cls, values: Mapping[float, int], total_ms: float, longest_ms: float) -> Durations:
        """Durations of which somebody else has counted how many there are of each."""
        durations = cls()
        durations._values.update(values)
        durations._count = sum(values.values())
        durations._sum, durations._longest = total_ms, longest_ms
        return durations

    def add(self, duration_ms: float) -> None:
        """Take one more duration in."""
        self.pending.append(duration_ms)
        if len(self.pending) >= SETTLE_AT:
            self.settle()

    def extend(self, durations_ms: Iterable[float]) -> None:
        """Take more of them in."""
        self.pending.extend(durations_ms)
        self.settle()

    def settle(self) -> None:
        """Work the pending durations in; to be called at every ``SETTLE_AT`` of them."""
        pending = self.pending
        if not pending:
            return
        self._count += len(pending)
        self._sum += math.fsum(pending)
        self._longest = max(self._longest, *pending)
        if not self._exact:
            self._classes.update(_classes_of(pending))
        else:
            self._values.update(pending)
            if len(self._values) > MOST_EXACT:
                self._sort_into_classes()
        pending.clear()

    def _sort_into_classes(self) -> None:
        self._exact = False
        for place, count in zip(_classes_of(list(self._values)), self._values.values(), strict=True):
            self._classes[place] += count
        self._values.clear()

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count + len(self.pending)

    @property
    def total_ms(self) -> float:
        """Their sum."""
        return self._sum + math.fsum(self.pending)

    @property
    def max_ms(self) -> float:
        """The longest, 0 if there are none."""
        return max(self._longest, max(self.pending, default=0.0))

    @property
    def mean_ms(self) -> float:
        """Their mean, 0 if there are none."""
        return self.total_ms / self.count if self.count else 0.0

    def quantiles(self, *shares: float) -> list[float]:
        """The durations that these shares (0 to 1) of all do not exceed, interpolated where they are exact."""
        self.settle()
        if not self._count:
            return [0.0] * len(shares)
        values, counts = zip(*self.classes(), strict=True)
        ranks = list(accumulate(counts))
        return [self._quantile(values, ranks, share) for share in shares]

    def _quantile(self, values: Sequence[float], ranks: list[int], share: float) -> float:
        position = share * (self._count - 1)
        low = math.floor(position)
        here = bisect_right(ranks, low)
        value = values[here]
        if self._exact and position > low and ranks[here] <= low + 1:
            value += (values[here + 1] - value) * (position - low)
        return min(value, self._longest)

    def classes(self) -> list[tuple[float, int]]:
        """Each distinct duration, or middle of a class, with its count, shortest first."""
        self.settle()
        return sorted([*self._values.items(), *((middle, self._classes[at]) for at, middle in _middles(self._classes))])


def _classes_of(durations: list[float]) -> memoryview:
    """The class that each one belongs to."""
    singles = array("f")
    try:
        singles.fromlist(durations)
    except OverflowError:
        singles.fromlist([min(duration, _LONGEST) for duration in durations])
    return memoryview(singles).cast("B").cast("H")[_UPPER_HALF]


def _middles(places: Iterable[int]) -> list[tuple[int, float]]:
    """Of each class, its middle."""
    numbers = list(places)
    singles = memoryview(array("I", [place << 16 | 0x8000 if place else 0 for place in numbers])).cast("B").cast("f")
    return list(zip(numbers, singles, strict=True))

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
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

__all__ = ["Durations"]

SETTLE_AT: Final = 4_096
MOST_EXACT: Final = 8_192
_UPPER_HALF: Final = slice(1 if sys.byteorder == "little" else 0, None, 2)
_LONGEST: Final = 1e30
"""Of single precision, in milliseconds or nanoseconds."""


class Durations:
    """Count, sum, longest and quantiles of durations in milliseconds. ``pending.append`` is the fast way in."""

    __slots__ = ("_classes", "_classes_ns", "_count", "_exact", "_longest", "_sum", "_values", "pending")

    def __init__(self) -> None:
        self.pending: list[float] = []
        self._values: Counter[float] = Counter()
        self._classes: Counter[int] = Counter()
        self._classes_ns: Counter[int] = Counter()
        self._exact = True
        self._count = 0
        self._sum = 0.0
        self._longest = 0.0

    def add(self, duration_ms: float) -> None:
        """Take one more duration in."""
        self.pending.append(duration_ms)
        if len(self.pending) >= SETTLE_AT:
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
            self._check_exact()
        pending.clear()

    def add_nanoseconds(self, values: list[int]) -> int:
        """Take in many at once, in a third of the time; gives their sum."""
        total = sum(values)
        self._count += len(values)
        self._sum += total / 1e6
        self._longest = max(self._longest, max(values, default=0) / 1e6)
        if not self._exact:
            self._classes_ns.update(_classes_of(values))
        else:
            self._values.update({value / 1e6: count for value, count in Counter(values).items()})
            self._check_exact()
        return total

    def _check_exact(self) -> None:
        """Go over to classes if there are too many values."""
        if len(self._values) > MOST_EXACT:
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
        if self._exact:
            return sorted(self._values.items())
        found = [(middle, self._classes[place]) for place, middle in _middles(self._classes)]
        found += [(middle / 1e6, self._classes_ns[place]) for place, middle in _middles(self._classes_ns)]
        return sorted(found)


def _classes_of(durations: list[float] | list[int]) -> memoryview:
    """The class that each one belongs to."""
    singles = array("f")
    try:
        singles.fromlist(durations)  # type: ignore[arg-type]
    except OverflowError:
        singles.fromlist([min(duration, _LONGEST) for duration in durations])
    return memoryview(singles).cast("B").cast("H")[_UPPER_HALF]


def _middles(places: Iterable[int]) -> list[tuple[int, float]]:
    """Of each class, its middle."""
    numbers = list(places)
    singles = memoryview(array("I", [place << 16 | 0x8000 if place else 0 for place in numbers])).cast("B").cast("f")
    return list(zip(numbers, singles, strict=True))

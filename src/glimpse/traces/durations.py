"""Durations of many calls in little memory: exact while they are few or alike, then within one percent."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

__all__ = ["Durations"]

SETTLE_AT: Final = 4_096
MOST_EXACT: Final = 8_192
_SCALE: Final = 1 / math.log(1.02)
_SHIFT: Final = 1_000  # keeps the numbers of classes positive, so that cutting off decimals always rounds down
_SHORTEST_MS: Final = 1e-7


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
            self._classes.update([_class_of(value) for value in pending])
        else:
            self._values.update(pending)
            if len(self._values) > MOST_EXACT:
                self._exact = False
                for value, count in self._values.items():
                    self._classes[_class_of(value)] += count
                self._values.clear()
        pending.clear()

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
        return [(math.exp((place + 0.5 - _SHIFT) / _SCALE), count) for place, count in sorted(self._classes.items())]


def _class_of(duration_ms: float) -> int:
    """The class that a duration belongs to, each two percent wide."""
    return int(math.log(duration_ms) * _SCALE + _SHIFT) if duration_ms > _SHORTEST_MS else 0

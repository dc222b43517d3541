"""Quantiles of numbers that are read twice, which takes a fraction of the time that sorting or classing them would.

The first reading adds up and takes a sample, which tells between which limits a quantile is likely to be. The second
one counts how many numbers are below these, and collects those between. Should the quantile not be there after all, one
more reading has wider limits. So what is found is exact.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from math import ceil, floor, sqrt
from typing import Final

from glimpse.traces.durations import Durations
from glimpse.traces.packed import Packed

__all__ = ["MOST_KEPT", "PackedDurations"]

MOST_KEPT: Final = 1 << 14
"""Up to so many numbers are all kept; of more, a sample of at least half as many."""
_DEVIATIONS: Final = 3.0
"""Of the sample's quantile, within which the one of all numbers is looked for."""
_WIDER: Final = 4.0
_DENSE: Final = 0.2
"""Where so many of the numbers are between limits, to look at each of them is faster than to find these."""


class _Range:
    """Numbers from ``low`` up to ``high`` in which those of a rank (0 is the least) and the next one are looked for."""

    def __init__(self, share: float, count: int) -> None:
        self.share = share
        self.rank = floor(share * (count - 1))
        self.next = min(self.rank + 1, count - 1)
        self.low = self.high = self.below = self.inside = 0
        self.deviations = _DEVIATIONS

    @property
    def found(self) -> bool:
        """Whether both are in it."""
        return self.below <= self.rank and self.next < self.below + self.inside

    def guess(self, sample: array[int], longest: int) -> None:
        """Set the limits to what is likely; wider ones each time."""
        last = len(sample) - 1
        deviation = self.deviations * sqrt(self.share * (1 - self.share) * last) + 1
        low, high = floor(self.share * last - deviation), ceil(self.share * last + deviation)
        self.low = sample[low] if low > 0 else 0
        self.high = (sample[high] if high < last else longest) + 1
        self.below = self.inside = 0
        self.deviations *= _WIDER

    def is_dense(self, sample: array[int]) -> bool:
        """Whether a large part of all numbers is likely to be in it."""
        return bisect_left(sample, self.high) - bisect_left(sample, self.low) > _DENSE * len(sample)


class PackedDurations:
    """Durations in nanoseconds, of which some quantiles are wanted.

    All are given to ``add``, then to ``recount`` for as long as ``again`` says so; then ``durations`` has the answer.

    :param shares: the quantiles, each from 0 to 1.
    """

    def __init__(self, *shares: float) -> None:
        self._shares = shares
        self._count = self._total = self._longest = 0
        self._sample = array("Q")
        self._every = 1
        self._ranges: list[_Range] | None = None
        self._dense = False
        self._inside: Counter[int] = Counter()

    def add(self, numbers: Packed) -> int:
        """Take numbers in; gives their sum."""
        total = numbers.total()
        self._longest = numbers.longest(self._longest)
        self._sample.extend(numbers.values(self._every, -self._count % self._every))
        self._count += numbers.count
        self._total += total
        while len(self._sample) > MOST_KEPT:
            self._sample = self._sample[::2]
            self._every *= 2
        return total

    def again(self) -> bool:
        """Whether all numbers are to be given to ``recount``, once more."""
        if self._every == 1:
            return False
        if self._ranges is None:
            self._sample = array("Q", sorted(self._sample))
            self._ranges = [_Range(share, self._count) for share in self._shares]
        for part in self._ranges:
            part.inside = sum(count for number, count in self._inside.items() if part.low <= number < part.high)
        if all(part.found for part in self._ranges):
            return False
        self._inside.clear()
        for part in self._ranges:
            if not part.found:
                part.guess(self._sample, self._longest)
            part.below = 0
        self._dense = any(part.is_dense(self._sample) for part in self._ranges)
        return True

    def recount(self, numbers: Packed) -> None:
        """Count numbers that have been added already."""
        ranges = [(part.low, part.high) for part in self._ranges or ()]
        for part in self._ranges or ():
            part.below += numbers.below(part.low)
        self._inside.update(numbers.values() if self._dense else numbers.within(ranges))

    def durations(self) -> Durations:
        """What has been found out, in milliseconds."""
        values = {number / 1e6: count for number, count in self._known().items()}
        return Durations.counted(values, self._total / 1e6, self._longest / 1e6)

    def _known(self) -> dict[int, int]:
        """Numbers with how many there are of each; in the place of those that do not matter, any between the others."""
        if self._ranges is None:
            return Counter(self._sample)
        known: dict[int, int] = {}
        seen = 0
        for part in sorted(self._ranges, key=lambda part: part.low):
            if part.below > seen:
                known[part.low - 1] = part.below - seen
            known |= {number: count for number, count in self._inside.items() if part.low <= number < part.high}
            seen = sum(known.values())
        if self._count > seen:
            known[self._longest] = self._count - seen
        return known

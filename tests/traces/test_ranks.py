"""Quantiles of numbers that are read more than once."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

import pytest

from glimpse.traces.durations import Durations
from glimpse.traces.ranks import MOST_KEPT, PackedDurations
from tests.traces.test_packed import packed

DICE = random.Random(7)
SHARES = (0.0, 0.5, 0.95, 1.0)


def answer(numbers: list[int], width: int = 4, chunk: int = 4_999) -> tuple[Durations, int]:
    """What is found out about durations in nanoseconds, and how often they were read."""
    found = PackedDurations(*SHARES)
    chunks = [packed(numbers[at : at + chunk], width) for at in range(0, len(numbers), chunk)]
    assert sum(map(found.add, chunks)) == sum(numbers)
    readings = 1
    while found.again():
        readings += 1
        for some in chunks:
            found.recount(some)
    return found.durations(), readings


def shapes() -> Iterator[tuple[str, list[int], int]]:
    """Numbers of many shapes, and their width."""
    many = 5 * MOST_KEPT
    yield "none", [], 4
    yield "one", [7], 4
    yield "few", [DICE.randrange(1000) for _ in range(500)], 4
    yield "spread", [int(DICE.lognormvariate(11, 1)) for _ in range(many)], 4
    yield "long", [int(DICE.lognormvariate(24, 2)) for _ in range(many)], 8
    yield "ticks", [DICE.randrange(8) * 41 for _ in range(many)], 4
    yield "alike", [1234] * many, 4
    yield "two", [100] * (many // 2) + [100_000] * (many // 2), 4
    yield "growing", list(range(many)), 4
    yield "a period of the sample's", [1_000_000 + at if at % 16 == 0 else at % 7_000 for at in range(many)], 4


@pytest.mark.parametrize(("numbers", "width"), [pytest.param(*shape[1:], id=shape[0]) for shape in shapes()])
def test_quantiles_are_exact(numbers: list[int], width: int) -> None:
    """Whatever the numbers look like, as if they had all been sorted."""
    durations, readings = answer(numbers, width)
    assert durations.count == len(numbers)
    assert durations.total_ms == pytest.approx(sum(numbers) / 1e6)
    assert durations.max_ms == max(numbers, default=0) / 1e6
    low, median, high, longest = durations.quantiles(*SHARES)
    if len(numbers) > 1:
        cuts = statistics.quantiles(numbers, n=20, method="inclusive")
        expected = [min(numbers), statistics.median(numbers), cuts[18], max(numbers)]
        assert [low, median, high, longest] == pytest.approx([number / 1e6 for number in expected], rel=1e-12)
    assert readings <= (1 if len(numbers) <= MOST_KEPT else 5)


def test_what_is_likely_takes_two_readings() -> None:
    """The sample tells where to look."""
    assert answer([int(DICE.lognormvariate(11, 1)) for _ in range(4 * MOST_KEPT)])[1] == 2

"""Durations of many calls in little memory."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.durations import MOST_EXACT, Durations


def filled(values: list[float]) -> Durations:
    """Durations with these values."""
    durations = Durations()
    for value in values:
        durations.add(value)
    return durations


@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=2, max_size=60))
def test_few_are_exact(values: list[float]) -> None:
    """Count, sum, longest and quantiles are those of the values, interpolated between two."""
    durations = filled(values)
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    assert durations.count == len(values)
    assert durations.total_ms == pytest.approx(sum(values))
    assert durations.max_ms == max(values)
    assert durations.mean_ms == pytest.approx(statistics.fmean(values))
    assert durations.quantiles(0.25, 0.5, 0.75) == pytest.approx(quarters)


def test_many_are_within_half_a_percent() -> None:
    """More different values than are kept give quantiles that are off by half a percent at most."""
    values = [1.0001**place for place in range(5 * MOST_EXACT)]
    durations = filled(values)
    assert len(durations.classes()) < MOST_EXACT
    for share in (0.0, 0.1, 0.5, 0.95, 1.0):
        assert durations.quantiles(share)[0] == pytest.approx(values[int(share * (len(values) - 1))], rel=0.005)
    assert durations.count == len(values)
    assert durations.total_ms == pytest.approx(sum(values))


def test_counted_by_somebody_else() -> None:
    """How many there are of each is as good as each of them."""
    durations = Durations.counted({0.5: 2, 1.5: 1, 0.25: 1}, 2.75, 1.5)
    assert (durations.count, durations.total_ms, durations.max_ms) == (4, 2.75, 1.5)
    assert durations.quantiles(0.0, 0.5, 1.0) == [0.25, 0.5, 1.5]
    durations.extend([3.0, 0.125])
    assert (durations.count, durations.total_ms, durations.max_ms) == (6, 5.875, 3.0)
    assert durations.quantiles(0.0, 0.5, 1.0) == [0.125, 0.5, 3.0]


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e29, 1e39, 1e300])
def test_any_length_has_a_class(value: float) -> None:
    """Also lengths that single precision cannot hold; they count as the longest that it can."""
    durations = filled([value, *(float(place) for place in range(MOST_EXACT))])
    assert durations.count == MOST_EXACT + 1
    assert sum(count for _, count in durations.classes()) == durations.count
    assert durations.max_ms == max(value, MOST_EXACT - 1.0)


def test_many_alike_stay_exact() -> None:
    """Only different values take memory."""
    durations = filled([0.25, 0.5, 0.75, 1.0] * 20_000)
    assert durations.quantiles(0.5) == [0.625]
    assert len(durations.classes()) == 4


def test_none_is_zero() -> None:
    """Without calls there is nothing to divide by."""
    durations = Durations()
    assert (durations.count, durations.mean_ms, durations.max_ms, durations.quantiles(0.5)) == (0, 0.0, 0.0, [0.0])

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


def test_many_are_within_one_percent() -> None:
    """More different values than are kept give quantiles that are off by one percent at most."""
    values = [1.0001**place for place in range(5 * MOST_EXACT)]
    durations = filled(values)
    assert len(durations.classes()) < MOST_EXACT
    for share in (0.0, 0.1, 0.5, 0.95, 1.0):
        assert durations.quantiles(share)[0] == pytest.approx(values[int(share * (len(values) - 1))], rel=0.0101)
    assert durations.count == len(values)
    assert durations.total_ms == pytest.approx(sum(values))


def test_many_alike_stay_exact() -> None:
    """Only different values take memory."""
    durations = filled([0.25, 0.5, 0.75, 1.0] * 20_000)
    assert durations.quantiles(0.5) == [0.625]
    assert len(durations.classes()) == 4


def test_none_is_zero() -> None:
    """Without calls there is nothing to divide by."""
    durations = Durations()
    assert (durations.count, durations.mean_ms, durations.max_ms, durations.quantiles(0.5)) == (0, 0.0, 0.0, [0.0])

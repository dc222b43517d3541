"""Durations by when they were measured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.moments import MOST_MOMENTS, MOST_OF_ONE, Moments
from glimpse.traces.records import timestamp_of
from tests.traces.recording import START_US


def test_what_is_measured_together_counts_once() -> None:
    """All durations of a hundredth of a second have one median."""
    moments = Moments()
    for after_us, duration in ((0, 1.0), (100, 5.0), (200, 3.0), (10_000, 7.0), (25_000, 8.0), (25_100, 9.0)):
        moments.add(timestamp_of(1_701_426_615_000_000 + after_us), duration)
    assert moments.medians() == [3.0, 7.0, 8.5]


@given(st.lists(st.integers(0, 40 * 86_400_000_000), max_size=3 * MOST_MOMENTS))
def test_a_long_trace_has_few_moments(times: list[int]) -> None:
    """However long a trace is, a bounded number is kept of it, and no moment is without durations."""
    moments = Moments()
    for after_us in times:
        moments.add(timestamp_of(START_US + after_us), 2.5)
    assert set(moments.medians()) <= {2.5}
    assert bool(moments.medians()) == bool(times)
    assert len(moments.medians()) <= MOST_MOMENTS


def test_of_a_moment_only_some_durations_are_kept() -> None:
    """What comes after that does not change its median."""
    moments = Moments()
    for duration in [1.0] * MOST_OF_ONE + [9.0] * 1_000:
        moments.add(timestamp_of(START_US), duration)
    assert moments.medians() == [1.0]

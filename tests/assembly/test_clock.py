"""Timestamps of a monotonic clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@given(base=st.integers(0, 4_000_000_000 * 10**9), ticks=st.lists(st.integers(0, 10**12), min_size=1))
def test_stamps_are_utc_to_the_microsecond(base: int, ticks: list[int]) -> None:
    """Whatever came before, a stamp is the wall clock's time in the record's format."""
    clock = Clock(base)
    for tick in ticks:
        expected = EPOCH + timedelta(microseconds=(base + tick) // 1000)
        assert clock.stamp(tick) == expected.strftime("%Y-%m-%d %H:%M:%S.%f")

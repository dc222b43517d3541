"""Calls chosen by their times alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.filters import Selection
from glimpse.traces.records import timestamp_of
from glimpse.views.choice import Window
from glimpse.writers.sqlite.times import bytes_of, numbers_in

ORIGIN = 1_701_426_615_000_000_123
"""In the morning of a day."""
HOURS = 3_600_000_000_000
starts = st.integers(-40 * HOURS, 40 * HOURS)
limits = st.one_of(
    st.none(),
    starts.map(lambda start: timestamp_of((ORIGIN + start) // 1000)),
    starts.map(lambda start: timestamp_of((ORIGIN + start) // 1000)[11:]),
)


@given(since=limits, until=limits, some=st.lists(starts, max_size=4), near=st.integers(-2000, 2000))
def test_windows_are_what_timestamps_tell(since: str | None, until: str | None, some: list[int], near: int) -> None:
    """Of any calls, one by one and together, by dates and by times of day, to the nanosecond."""
    chosen = Selection(since=since, until=until)
    window = Window(chosen, ORIGIN)
    some += [start + near for start in some]
    expected = [chosen.in_time(timestamp_of((ORIGIN + start) // 1000)) for start in some]
    assert [window.has(start) for start in some] == window.chosen(some) == expected
    numbers = numbers_in(b"", 8, signed=True)
    numbers.extend(some)
    whole = window.whole(bytes_of(numbers))
    assert whole is None or expected == [whole] * len(some)


def test_what_is_no_timestamp_is_no_window() -> None:
    """A part of a date is for whoever compares texts."""
    with pytest.raises(ValueError, match="format"):
        Window(Selection(since="2023-12"), ORIGIN)

"""Whole numbers side by side in a long one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.packed import Packed

WIDTHS = {4: "I", 8: "Q"}


def packed(numbers: list[int], width: int) -> Packed:
    """The numbers as a database has them."""
    return Packed(struct.pack(f"<{len(numbers)}{WIDTHS[width]}", *numbers), width)


@given(data=st.data(), width=st.sampled_from([4, 8]))
def test_all_that_is_asked(data: st.DataObject, width: int) -> None:
    """Sum, comparisons, ranges and samples are what a loop over the numbers gives, also for those with a high bit."""
    number = st.one_of(st.integers(0, 300), st.integers(0, (1 << (32 if width == 4 else 63)) - 1))
    numbers = data.draw(st.lists(number, max_size=70))
    limit = data.draw(st.one_of(number, st.sampled_from([*numbers, 0])))
    other = data.draw(number)
    every, first = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 9))
    found = packed(numbers, width)
    assert (found.count, list(found.values())) == (len(numbers), numbers)
    assert found.total() == sum(numbers)
    assert found.below(limit) == sum(number < limit for number in numbers)
    assert found.longest(limit) == max(limit, *numbers, 0)
    assert list(found.values(every, first)) == numbers[first::every]
    low, high = sorted((limit, other))
    expected = [number for number in numbers if low <= number < high or 10 <= number < 20]
    assert found.within([(low, high), (10, 20)]) == expected


def test_limits_that_no_number_reaches() -> None:
    """They are no more than what can be compared with."""
    found = packed([1, 2, 3], 4)
    assert found.below(1 << 31) == found.below(1 << 40) == found.below(1 << 80) == 3
    assert found.longest(1 << 80) == 1 << 80


def test_what_is_out_of_range_is_damage() -> None:
    """A length of 300 years is none."""
    with pytest.raises(ValueError, match="out of range"):
        packed([1, 1 << 63], 8)

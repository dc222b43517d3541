"""Rows and their packing."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from glimpse.views.html.rows import FAILED, packed
from tests.support.reportpage import numbers
from tests.views.html.making import rows_of

WHOLE = st.integers(-(2**62), 2**62)


@given(st.lists(st.lists(WHOLE, min_size=3, max_size=3), min_size=1, max_size=4))
def test_packing_loses_nothing(columns: list[list[int]]) -> None:
    """Planes of as many bytes as the largest value needs give the values back."""
    data = packed(columns)
    for column in columns:
        width, data = data[0], data[1:]
        assert numbers(data[: width * 3], width, 3) == column
        data = data[width * 3 :]
    assert data == b""


def test_small_values_take_one_byte() -> None:
    """The width is that of the column's largest value, with its sign."""
    assert packed([[0, 127]])[0] == 1
    assert packed([[0, 128]])[0] == 2
    assert packed([[-128]])[0] == 1
    assert packed([[-129]])[0] == 2


def test_places_and_what_is_kept() -> None:
    """Rows are found by the number of the call; dropped ones are not."""
    rows = rows_of({"serial": 5}, {"serial": 2, "flags": FAILED}, {"serial": 3})
    rows.keep(b"\x01\x01\x00")
    rows.finish()
    assert [rows.place(serial) for serial in (2, 3, 5)] == [0, -1, 1]
    assert len(rows) == 2


def test_ids_that_a_page_cannot_count_with() -> None:
    """They are kept beside the column; a number of JavaScript has 53 bits."""
    rows = rows_of()
    for serial, call_id in enumerate((7, (1 << 53) - 1, 1 << 53, -(1 << 70))):
        rows.identify(serial, call_id)
    assert list(rows.call_id) == [7, (1 << 53) - 1, 0, 0]
    assert rows.long_ids == {2: 1 << 53, 3: -(1 << 70)}


def test_a_caller_without_a_row_is_stepped_over() -> None:
    """A call hangs on the nearest call above that has a row."""
    rows = rows_of({"serial": 9, "caller": 4}, {"serial": 1})
    rows.finish()
    data = zlib.decompress(next(rows.blocks({4: 3, 3: 1}, [0])))
    assert data[-2:] == bytes((0, 1))  # the last column: no caller, and the caller one row back

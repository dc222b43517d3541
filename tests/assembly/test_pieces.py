"""Texts as they stand in lines."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly.pieces import Ids, escaped, escaped_all, plain_text_maker, text_maker
from glimpse.values import Renderer

TEXT = st.one_of(
    st.text(max_size=80), st.sampled_from(["\x7f", "a\x7fb", "\ud800", '","', "\\", "é…", "", "x" * 90, "'" * 50])
)


def read(text: str) -> object:
    """What a reader makes of an escaped text."""
    return json.loads(f'"{text}"'.encode("latin-1"))


@given(st.lists(TEXT, max_size=9))
def test_many_texts_are_escaped_as_each(texts: list[str]) -> None:
    """Whatever is in them, the separator too, each is read back as it was."""
    assert [read(text) for text in escaped_all(texts)] == texts
    assert [read(escaped(text)) for text in texts] == texts


@given(st.one_of(TEXT, st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False), st.tuples(TEXT)))
def test_a_value_is_shown_as_its_renderer_shows_it(value: object) -> None:
    """The short ways to a text give what the long one gives."""
    atom_text = Renderer().atom_text
    expected = atom_text(value)  # type: ignore[arg-type]
    assert plain_text_maker(atom_text)(value) == expected
    assert read(text_maker(atom_text)(value)) == expected


@given(st.integers(0, 1 << 40), st.integers(1, 300))
def test_ids_in_two_parts_are_numbers(first: int, count: int) -> None:
    """What is before the digits and these make the id, listed or from the table of a thousand."""
    listed, table = Ids.listing(first, count), Ids.of(first // 1000 * 1000)
    assert [int(listed.high + digits) for digits in listed.digits] == list(range(first, first + count))
    assert int(table.high + table.digits[first - table.base]) == first
    assert table.entry.endswith(table.high)
    assert table.called.endswith(table.high)

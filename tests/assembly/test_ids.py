"""Ids of spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly.ids import SpanIds


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 600), st.integers(0, 600))
def test_span_ids_are_given_again_after_going_back(seed: int, kept: int, more: int) -> None:
    """Each is 16 hexadecimal digits, no two are the same, and going back gives those that followed."""
    spans = SpanIds(seed)
    before = [spans.next() for _ in range(kept)]
    assert spans.count == kept
    after = [spans.next() for _ in range(more)]
    assert all(len(span) == 16 and int(span, 16) for span in before + after)
    assert len({*before, *after}) == kept + more
    spans.go_back(kept)
    assert [spans.next() for _ in range(more)] == after

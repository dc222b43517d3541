"""Many entries become JSON lines at once, whatever their text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly import as_lines

TEXT = st.one_of(st.text(), st.sampled_from(['},{"entry_id":', '"}\n{"entry_id":1', "\ud800", "\x00\x1f", "</script>"]))
VALUE = st.one_of(TEXT, st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
RECORD = st.builds(
    lambda number, rest: {"entry_id": number, **rest},
    st.integers(1, 1 << 80),
    st.dictionaries(
        st.sampled_from(["args", "result", "task", "exception"]), st.one_of(VALUE, st.dictionaries(TEXT, VALUE))
    ),
)


@given(st.lists(RECORD, max_size=8))
def test_every_record_is_read_back_from_its_line(records: list[dict[str, Any]]) -> None:
    """A line is a record, also where a text looks like the place between two."""
    lines = as_lines(records).split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == records

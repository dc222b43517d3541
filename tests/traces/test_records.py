"""What counts as an entry, and what its fields may be."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.records import epoch_us, number, timestamp_of, usable
from tests.traces.recording import Recorder

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def entry() -> dict[str, Any]:
    """A good entry."""
    program = Recorder()
    program.leaf("app.main")
    return program.entries[0]


def test_an_entry_is_usable() -> None:
    """What a writer writes is accepted."""
    assert usable(entry())


@given(anything)
def test_foreign_json_is_not_usable(value: object) -> None:
    """Any other JSON is told apart without an exception."""
    assert not usable(value)


@given(st.sampled_from(sorted({"call_id", "function", "stage", "args", "timestamp", "thread", "pid"})), anything)
def test_a_field_of_another_type_makes_it_unusable(name: str, value: object) -> None:
    """Everything behind the check may rely on the types of the fields."""
    good = entry()
    if type(value) is not type(good[name]):
        assert not usable({**good, name: value})


@given(st.integers(0, 4_102_444_800_000_000))
def test_timestamps_survive(moment: int) -> None:
    """Microseconds to text and back are the same."""
    assert epoch_us(timestamp_of(moment)) == moment


def test_timestamps_are_utc() -> None:
    """The text is read as UTC, whatever the machine's zone."""
    assert epoch_us("2023-12-01 10:30:15.123456") == round(
        datetime(2023, 12, 1, 10, 30, 15, 123456, tzinfo=timezone.utc).timestamp() * 1e6
    )


@given(st.text(max_size=30))
def test_a_bad_timestamp_is_none(text: str) -> None:
    """Text that is no time is no error."""
    moment = epoch_us(text)
    assert moment is None or isinstance(moment, int)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (3, 3.0),
        ("21.767", 21.767),
        (-1.0, None),
        (float("nan"), None),
        ("x", None),
        (True, None),
        ([], None),
    ],
)
def test_durations_are_finite_numbers(value: object, expected: float | None) -> None:
    """Text with a number counts, as other tools write it; nothing else does."""
    assert number(value) == expected

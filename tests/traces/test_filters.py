"""Choosing calls."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.errors import GlimpseError
from glimpse.traces.calls import finished_calls
from glimpse.traces.filters import Selection, function_matches, parse_duration, parse_time
from tests.traces.recording import Recorder


@pytest.mark.parametrize(
    ("pattern", "function", "expected"),
    [
        ("parse_item", "shop.load.parse_item", True),
        ("Order.total", "shop.models.Order.total", True),
        ("shop.models", "shop.models.Order.total", True),
        ("shop.models.Order.total", "shop.models.Order.total", True),
        ("item", "shop.load.parse_item", False),
        ("parse_*", "shop.load.parse_item", True),
        ("*item", "shop.load.parse_item", True),
        ("load.p*", "shop.load.parse_item", True),
        ("par?e_item", "shop.load.parse_item", True),
        ("arse_*", "shop.load.parse_item", False),
    ],
)
def test_function_patterns(pattern: str, function: str, *, expected: bool) -> None:
    """Dotted parts match as they are, wildcards from a dot to the end."""
    assert function_matches(pattern, function) is expected


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("250", 250), ("10ms", 10), ("1.5s", 1500), ("80us", 0.08), ("80µs", 0.08), ("2 min", 120_000), ("1h", 3_600_000)],
)
def test_durations(text: str, milliseconds: float) -> None:
    """Units are optional, milliseconds the default."""
    assert parse_duration(text) == pytest.approx(milliseconds)


@given(st.text(max_size=10))
def test_bad_durations_are_named(text: str) -> None:
    """Any text is a duration or one clear error."""
    try:
        found = str(parse_duration(text) >= 0)
    except GlimpseError as error:
        found = str(error)
    assert found == "True" or "accepted" in found


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2023-12-01", "2023-12-01 00:00:00.000000"),
        ("2023-12-01 10:30", "2023-12-01 10:30:00.000000"),
        ("2023-12-01T10:30:15+02:00", "2023-12-01 08:30:15.000000"),
        ("10:30", "10:30:00.000000"),
        ("9:05:07.5", "09:05:07.500000"),
        ("10min", "2023-12-01 11:50:00.000000"),
        ("-2h", "2023-12-01 10:00:00.000000"),
    ],
)
def test_times(text: str, stamp: str) -> None:
    """Dates, times of day, offsets and so long ago become the form that entries have."""
    assert parse_time(text, lambda: datetime(2023, 12, 1, 12, tzinfo=timezone.utc)) == stamp


@given(st.text(max_size=20))
def test_bad_times_are_named(text: str) -> None:
    """Any text is a time or one clear error."""
    try:
        found = parse_time(text)
    except GlimpseError as error:
        found = str(error)
    assert "accepted" in found or found.endswith(tuple("0123456789"))


def chosen(selection: Selection) -> list[str]:
    """The functions chosen from a small program."""
    program = Recorder(service="shop")
    try:
        with program.call("app.main", "path='a.csv'", ms=5):
            program.leaf("app.load", "path='a.csv', strict=True", ms=20)
            program.leaf("app.work", "job=7", ms=1, thread="worker-1", task="Task-3")
            raise ValueError
    except ValueError:
        pass
    return sorted(call.function for call in finished_calls(program.entries) if selection.selects(call))


@pytest.mark.parametrize(
    ("selection", "functions"),
    [
        (Selection(), ["app.load", "app.main", "app.work"]),
        (Selection(functions=("load", "work")), ["app.load", "app.work"]),
        (Selection(args=("a.csv", "strict")), ["app.load"]),
        (Selection(min_ms=20), ["app.load", "app.main"]),
        (Selection(errors=True), ["app.main"]),
        (Selection(threads=("worker-*",)), ["app.work"]),
        (Selection(tasks=("Task-3",)), ["app.work"]),
        (Selection(pids=(1,)), []),
        (Selection(services=("shop",), depth=1), ["app.main", "app.work"]),
        (Selection(since="2023-12-01 10:30:15.130000"), ["app.work"]),
        (Selection(until="10:30:15.125000"), ["app.main"]),
    ],
)
def test_each_condition(selection: Selection, functions: list[str]) -> None:
    """Each condition leaves out what it should, and nothing else."""
    assert chosen(selection) == functions


def test_everything_is_everything() -> None:
    """A selection knows whether it leaves anything out."""
    assert Selection().everything
    assert not Selection(depth=3).everything
    assert not Selection(threads=("a",)).everything

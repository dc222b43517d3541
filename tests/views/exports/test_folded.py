"""Folded stacks."""

from __future__ import annotations

import io

import pytest
from hypothesis import given

from glimpse.traces.calls import call_events, finished_calls
from glimpse.views.exports.folded import DEEPEST, write
from tests.traces.recording import Recorder
from tests.traces.strategies import programs


def stacks(program: Recorder) -> dict[str, int]:
    """The stacks of a program with their weights."""
    stream = io.StringIO()
    write(call_events(program.entries), stream)
    lines = stream.getvalue().splitlines()
    found = {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines}
    assert len(found) == len(lines)
    return found


def test_paths_with_own_time() -> None:
    """A line for each path, in microseconds, the thread first; separators in names are replaced."""
    program = Recorder(service="shop;1")
    with program.call("app.main", ms=5):
        program.leaf("app.step", ms=2)
        program.leaf("app.step", ms=1)
    assert stacks(program) == {
        "shop:1 4711 MainThread;app.main": 5000,
        "shop:1 4711 MainThread;app.main;app.step": 3000,
    }


@given(programs)
def test_weights_are_the_own_times(program: Recorder) -> None:
    """All weights together are all time spent, rounded path by path."""
    found = stacks(program)
    spent = sum(call.self_ms for call in finished_calls(program.entries)) * 1000
    assert sum(found.values()) == pytest.approx(spent, abs=0.5 * len(program.entries) + 1)


def test_endless_recursion_is_cut() -> None:
    """Stacks stay short enough for the tools that draw them."""
    program = Recorder()
    calls = []
    for _ in range(DEEPEST * 3):
        calls.append(program.start("app.f"))
        program.spend(0.01)
    for call in reversed(calls):
        program.end(call)
    found = stacks(program)
    assert max(path.count(";") for path in found) < DEEPEST
    assert sum(found.values()) == pytest.approx(DEEPEST * 3 * 10, rel=0.01)


@pytest.mark.once
def test_a_call_at_the_bottom_of_a_deep_recursion() -> None:
    """It counts for the deepest level that is shown; the way there is not gone up for every call."""
    program = Recorder()
    for _ in range(50_000):
        program.start("app.down")
    program.leaf("app.leaf", ms=1)
    ((path, weight),) = stacks(program).items()
    assert (path.count(";"), path.rpartition(";")[2], weight) == (DEEPEST - 1, "… deeper", 1000)

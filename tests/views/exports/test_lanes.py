"""Calls as slices that nest."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given

from glimpse.traces.calls import call_events
from glimpse.views.exports.lanes import Lane, Slice, slices
from tests.traces.recording import Recorder
from tests.traces.strategies import programs


def lanes_of(program: Recorder) -> dict[Lane, list[Slice]]:
    """The slices of each lane."""
    lanes = defaultdict(list)
    for piece in slices(call_events(program.entries)):
        lanes[piece.lane].append(piece)
    return dict(lanes)


def assert_nested(pieces: list[Slice]) -> None:
    """Any two slices of a lane nest or do not touch."""
    ends: list[float] = []
    for piece in sorted(pieces, key=lambda piece: (piece.start_us, -piece.duration_us)):
        while ends and ends[-1] <= piece.start_us:
            ends.pop()
        end = piece.start_us + piece.duration_us
        assert not ends or end <= ends[-1] + 1e-3
        ends.append(end)


@given(programs)
def test_slices_nest(program: Recorder) -> None:
    """Every call is one slice, in the order of time, on the lane of its thread."""
    lanes = lanes_of(program)
    starts = [entry for entry in program.entries if entry["stage"] == "START"]
    assert sum(map(len, lanes.values())) == len(starts)
    for lane, pieces in lanes.items():
        assert_nested(pieces)
        assert {piece.call.thread for piece in pieces} == {lane.name}


def test_a_generator_gets_a_lane_of_its_own() -> None:
    """Its caller goes on while it is suspended, and may end before it."""
    program = Recorder()
    main = program.start("app.main")
    generator = program.start("app.numbers")
    program.stacks["MainThread", None].remove(generator)
    program.spend(1)
    program.leaf("app.between", ms=1)
    program.end(main)
    program.stacks["MainThread", None].append(generator)
    program.spend(1)
    program.end(generator, yields=3, active_ms=0.5)
    lanes = lanes_of(program)
    assert {lane.name: [piece.call.function for piece in pieces] for lane, pieces in lanes.items()} == {
        "MainThread": ["app.between", "app.main"],
        "MainThread (generators 1)": ["app.numbers"],
    }
    for pieces in lanes.values():
        assert_nested(pieces)


def test_tasks_have_lanes_of_their_own() -> None:
    """Tasks take turns in a thread, so their calls overlap."""
    program = Recorder()
    tasks = [program.start("app.fetch", task=f"Task-{number}") for number in range(3)]
    program.spend(5)
    for task in tasks:
        program.end(task)
    assert sorted(lane.name for lane in lanes_of(program)) == [f"MainThread Task-{number}" for number in range(3)]


def test_processes_of_the_same_number_stay_apart() -> None:
    """Two machines may use the same process id."""
    one, other = Recorder(pid=1, service="a"), Recorder(pid=1, service="b")
    one.leaf("app.main")
    other.leaf("app.main")
    program = Recorder()
    program.entries = [*one.entries, *other.entries]
    assert len({lane.pid for lane in lanes_of(program)}) == 2


def test_unfinished_calls_reach_to_the_end() -> None:
    """A call without an end lasts until the last moment known."""
    program = Recorder()
    program.start("app.main")
    program.leaf("app.step", ms=7)
    (pieces,) = lanes_of(program).values()
    assert {piece.call.function: piece.duration_us for piece in pieces} == {
        "app.step": pytest.approx(7000),
        "app.main": pytest.approx(7000),
    }


def test_damaged_times_are_harmless() -> None:
    """A timestamp that is none does not stop the export."""
    program = Recorder()
    program.leaf("app.main")
    for entry in program.entries:
        entry["timestamp"] = "yesterday"
    assert len(lanes_of(program)) == 1

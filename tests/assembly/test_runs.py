"""Runs: one leaf call after another of the same function on one thread."""

from __future__ import annotations

from glimpse.assembly.events import END, START, THREAD, Event
from glimpse.assembly.runs import fields_of, run_length

KEY = "m:f:1:f::"


def calls_of(*threads: int) -> list[Event]:
    """The events of a call on each of these threads, one call after the other."""
    events: list[Event] = []
    for number, th in enumerate(threads):
        events += (START, KEY, 10 * number, th, None), (END, KEY, 10 * number + 5, th, ("None",))
    return events


def test_runs_are_taken_in_parts() -> None:
    """However many calls follow each other, a look takes no longer than 128 of them."""
    chunk = calls_of(*[1] * 2000)
    assert run_length(chunk, 0, len(chunk) // 2, KEY, 1) == 128
    fields = fields_of(chunk, 0, 128, KEY, 1, None)
    assert fields is not None
    assert fields[2] == [5] * 128


def test_runs_are_of_one_thread() -> None:
    """Calls of the same function that threads make in turn are no run, which is seen by a look at a few."""
    for threads in ((1, 2), (1, 2, 3), (1, 1, 1, 2, 2, 2), tuple(range(7))):
        chunk = calls_of(*threads * 200)
        for position in range(0, 40, 2):
            th = chunk[position][3]
            calls = run_length(chunk, position, len(chunk) // 2, KEY, th)
            looked_at = (chunk[position + calls], chunk[position + 2 * calls - 1]) if calls else ()
            assert calls <= 128
            assert {event[3] for event in looked_at} <= {th}


def test_the_end_of_a_run() -> None:
    """A run is as long as what is there, and nothing is one that is shorter than eight calls."""
    assert run_length(calls_of(*[1] * 7), 0, 7, KEY, 1) == 0
    assert run_length(calls_of(*[1] * 40), 0, 40, KEY, 1) == 40
    assert run_length(calls_of(*[1] * 40, *[2] * 40), 0, 80, KEY, 1) == 32


def test_what_follows_a_run_may_be_anything() -> None:
    """Where a run ends and another thread begins, that is said by an event that has no thread's number in its place."""
    chunk = [(THREAD, 2, "worker"), *calls_of(*[2] * 40)]
    for position in range(3):
        calls = run_length(chunk, position, (len(chunk) - position) // 2, KEY, 1)
        assert not calls or fields_of(chunk, position, calls, KEY, 1, None) is None

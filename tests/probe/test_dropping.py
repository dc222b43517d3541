"""What is left out when there is no room: whole calls, and the trace says how many entries."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly import Assembler, Origin
from glimpse.assembly import events as ev
from glimpse.probe.dropping import dropped_events, thinned

KEY, GENERATOR, COROUTINE = "m:f:1:f:a:", "m:g:2:g:a:", "m:c:3:c:a:"


def test_calls_that_begin_and_end_are_left_out() -> None:
    """An open call's START stays, and so does the end of one that began earlier."""
    outer, late = (ev.START, KEY, 1, 1, None, 0), (ev.END, KEY, 9, 2, 0)
    events = [outer, late, (ev.START, KEY, 2, 1, None, 1), (ev.END, KEY, 3, 1, 1), (ev.THREAD, 3, "x")]
    kept, lost = thinned(events)
    assert kept == [outer, late, events[-1]]
    assert lost == 2


def test_threads_are_apart() -> None:
    """The end in one thread is not that of a call in another."""
    events = [(ev.START, KEY, 1, 1, None, 0), (ev.END, KEY, 2, 2, 0)]
    assert thinned(events) == (events, 0)


def test_generators_and_coroutines() -> None:
    """They go with their suspensions if they have ended; else all of it stays."""
    ended: list[tuple[Any, ...]] = [
        (ev.GEN_START, GENERATOR, 1, 1, None, 77, 0),
        (ev.YIELD, GENERATOR, 2, 1, None, 77),
        (ev.RESUME, GENERATOR, 3, 1, None, 77),
        (ev.GEN_END, GENERATOR, 4, 1, None, 77),
        (ev.CORO_START, COROUTINE, 5, 1, None, 1, "t", 0),
        (ev.CORO_END, COROUTINE, 6, 1, None, 1),
        (ev.ERROR_ONLY, KEY, 7, 1, None, 1, ("E", "", 1, None), 0),
    ]
    assert thinned(ended) == ([], 5)
    assert thinned(ended[:2]) == (ended[:2], 0)


@given(st.lists(st.sampled_from(("call", "return", "raise")), max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_what_is_left_is_whole(steps: list[str], begin: int, size: int) -> None:
    """Whatever part is thinned out, each START that is left has its end, each end its START, and depths are right."""
    depth, events = 0, []
    for t, step in enumerate(steps):
        if step == "call" or not depth:
            events.append((ev.START, f"m:f{depth}:1:f:a:", t, 1, None, t))
            depth += 1
        else:
            depth -= 1
            value = ("E", "", 1, None) if step == "raise" else t
            events.append((ev.EXCEPTION if step == "raise" else ev.END, f"m:f{depth}:1:f:a:", t, 1, value))
    begin = min(begin, len(events))
    kept, lost = thinned(events[begin : begin + size])
    assert len(kept) + lost == len(events[begin : begin + size])
    made = Assembler(Origin(1, 0))
    entries = made.feed([*events[:begin], *kept, *events[begin + size :]])
    assert made.unmatched == 0
    assert all(entry["function"] == f"m.f{entry['depth'] - 1}" for entry in entries)
    assert not any(entry.get("closed") for entry in entries)


def test_the_trace_says_so() -> None:
    """An error of ``glimpse.dropped`` says how many are missing before it, and why."""
    (entry,) = Assembler(Origin(1, 0)).feed(dropped_events(7, "no room", 1000))
    assert (entry["level"], entry["function"], entry["args"]) == ("ERROR", "glimpse.dropped", "dropped(entries=7)")
    assert entry["thread"] == "glimpse"
    assert entry["exception"]["message"] == "7 entries before this one were dropped: no room"

"""Events become entries with the right parents, depths and ids, however they are cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly import Assembler, Origin
from glimpse.assembly import events as ev

KEY = "m:f:1:f:a:"
TREES = st.recursive(st.just([]), lambda inner: st.lists(inner, max_size=4), max_leaves=20)


def origin() -> Origin:
    """A process whose clock began at the epoch."""
    return Origin(pid=7, base=0)


def assembler(**options: Any) -> Assembler:
    """An assembler that knows two threads."""
    made = Assembler(origin(), **options)
    made.feed([(ev.THREAD, 1, "MainThread"), (ev.THREAD, 2, "other")])
    return made


def walk(tree: list[Any], th: int, clock: Iterator[int]) -> Iterator[ev.Event]:
    """The events of a call whose children are the items of ``tree``."""
    yield (ev.START, KEY, next(clock), th, None, 5)
    for child in tree:
        yield from walk(child, th, clock)
    yield (ev.END, KEY, next(clock), th, 6)


def shape(entries: list[dict[str, Any]]) -> list[Any]:
    """The trees that entries describe, by their parent ids."""
    children: dict[int | None, list[int]] = {}
    for entry in entries:
        if entry["stage"] == "START":
            children.setdefault(entry["parent_id"], []).append(entry["call_id"])

    def below(call: int | None) -> list[Any]:
        return [below(child) for child in children.get(call, [])]

    return below(None)


@given(tree=TREES, cuts=st.lists(st.integers(1, 5), min_size=1))
def test_a_tree_comes_out_as_it_went_in_whatever_the_chunks(tree: list[Any], cuts: list[int]) -> None:
    """Parents, depths and ids do not depend on where the buffer was drained."""
    events = list(walk(tree, 1, iter(range(0, 10_000_000, 1000))))
    made = assembler()
    entries: list[dict[str, Any]] = []
    position = turn = 0
    while position < len(events):
        size = cuts[turn % len(cuts)]
        entries += made.feed(events[position : position + size])
        position, turn = position + size, turn + 1
    assert shape(entries) == [tree]
    assert [entry["entry_id"] for entry in entries] == list(range(1, len(events) + 1))
    depths = {entry["call_id"]: entry["depth"] for entry in entries}
    for entry in entries:
        assert entry["depth"] == depths.get(entry["parent_id"], 0) + 1


def test_fields_of_a_plain_call_are_in_the_order_of_the_record() -> None:
    """A START and an END say what the record promises, in its order."""
    start, end = assembler().feed([(ev.START, KEY, 1_500_000, 1, None, "x"), (ev.END, KEY, 2_750_000, 1, ("<X>",))])
    assert list(start) == [
        "entry_id", "call_id", "parent_id", "depth", "level", "function", "args", "stage", "timestamp", "thread", "pid",
    ]  # fmt: skip
    assert start["args"] == "f(a='x')"
    assert start["timestamp"] == "1970-01-01 00:00:00.001500"
    assert (end["call_id"], end["args"], end["result"], end["duration_ms"]) == (1, "f", "<X>", 1.25)


def test_threads_have_stacks_of_their_own() -> None:
    """Calls of two threads that overlap in time are not each other's parents."""
    entries = assembler().feed(
        [
            (ev.START, KEY, 1, 1, None, 1),
            (ev.START, KEY, 2, 2, None, 2),
            (ev.END, KEY, 3, 1, None),
            (ev.END, KEY, 4, 2, None),
        ]
    )
    assert [entry["parent_id"] for entry in entries] == [None] * 4
    assert [entry["thread"] for entry in entries] == ["MainThread", "other", "MainThread", "other"]


def test_a_generator_is_on_the_stack_only_while_it_runs() -> None:
    """What the consumer calls between two values is the consumer's child, what the generator calls is its own."""
    generator, inner = "m:g:1:g::", "m:h:1:f::"
    entries = assembler().feed(
        [
            (ev.START, KEY, 0, 1, None, 1),
            (ev.GEN_START, generator, 10, 1, None, 99),
            (ev.START, inner, 11, 1, None),
            (ev.END, inner, 12, 1, None),
            (ev.YIELD, generator, 20, 1, None, 99),
            (ev.START, inner, 21, 1, None),
            (ev.END, inner, 22, 1, None),
            (ev.RESUME, generator, 50, 1, None, 99),
            (ev.GEN_END, generator, 60, 1, "done", 99),
            (ev.END, KEY, 70, 1, None),
        ]
    )
    parents = [entry["parent_id"] for entry in entries if entry["function"] == "m.h" and entry["stage"] == "START"]
    assert parents == [2, 1]
    (end,) = [entry for entry in entries if entry["function"] == "m.g" and entry["stage"] == "END"]
    assert (end["yields"], end["active_ms"], end["duration_ms"]) == (1, 20 / 1e6, 50 / 1e6)


def test_delegation_suspends_the_whole_chain() -> None:
    """A value that passes through ``yield from`` suspends the inner generator and the outer one with it."""
    outer, inner = "m:outer:1:g::", "m:inner:2:g::"
    entries = assembler(pauses=True).feed(
        [
            (ev.GEN_START, outer, 0, 1, None, 1),
            (ev.DELEGATE, outer, 1, 1, None, 1, True),
            (ev.GEN_START, inner, 2, 1, None, 2),
            (ev.YIELD, inner, 3, 1, None, 2),
            (ev.START, KEY, 4, 1, None, 0),
            (ev.END, KEY, 5, 1, None),
            (ev.RESUME, inner, 6, 1, None, 2),
            (ev.GEN_END, inner, 7, 1, None, 2),
            (ev.DELEGATED, outer, 8, 1, None, 1),
            (ev.GEN_END, outer, 9, 1, None, 1),
        ]
    )
    told = [(entry["function"], entry["stage"]) for entry in entries]
    assert told[2:4] == [("m.inner", "SUSPEND"), ("m.outer", "SUSPEND")]
    assert told[6:8] == [("m.outer", "RESUME"), ("m.inner", "RESUME")]
    assert [entry["parent_id"] for entry in entries if entry["function"] == "m.f"] == [None, None]
    assert entries[-1]["yields"] == 1


def test_a_coroutine_is_the_parent_of_what_its_context_runs() -> None:
    """A call carries the coroutine call of its context, which is its parent unless it was made deeper inside."""
    coroutine = "m:c:1:c::"
    entries = assembler().feed(
        [
            (ev.START, KEY, 0, 1, None, 0),
            (ev.CORO_START, coroutine, 1, 1, None, 41, "Task-1"),
            (ev.START, KEY, 2, 1, 41, 1),
            (ev.START, KEY, 3, 1, 41, 2),
            (ev.END, KEY, 4, 1, None),
            (ev.END, KEY, 5, 1, None),
            (ev.START, KEY, 6, 2, 41, 3),
            (ev.END, KEY, 7, 2, None),
            (ev.CORO_END, coroutine, 8, 1, "r", 41),
            (ev.END, KEY, 9, 1, None),
        ]
    )
    starts = {entry["args"]: entry for entry in entries if entry["stage"] == "START"}
    assert starts["c()"]["parent_id"] == 1
    assert starts["f(a=1)"]["parent_id"] == 2
    assert starts["f(a=2)"]["parent_id"] == 3
    assert starts["f(a=3)"]["parent_id"] == 2
    assert starts["f(a=3)"]["task"] == "Task-1"


@pytest.mark.parametrize("orphan", [(ev.END, KEY, 1, 1, None), (ev.GEN_END, KEY, 1, 1, None, 5)])
def test_an_end_without_its_start_is_left_out(orphan: ev.Event) -> None:
    """Recording that began in the middle of a call leaves no END alone."""
    made = assembler()
    assert made.feed([orphan]) == []
    assert made.unmatched == 1


def test_a_call_whose_end_was_lost_is_closed_when_its_caller_ends() -> None:
    """Each START has its end also where an end was not recorded."""
    other = "m:lost:1:f::"
    entries = assembler().feed([(ev.START, KEY, 1, 1, None, 0), (ev.START, other, 2, 1, None), (ev.END, KEY, 3, 1, 1)])
    assert [(entry["function"], entry.get("closed")) for entry in entries[2:]] == [("m.lost", True), ("m.f", None)]


def test_closing_ends_every_open_call() -> None:
    """When recording ends, running calls, suspended generators and waiting coroutines are closed, once each."""
    made = assembler()
    made.feed(
        [
            (ev.START, KEY, 1, 1, None, 0),
            (ev.GEN_START, "m:g:1:g::", 2, 1, None, 9),
            (ev.YIELD, "m:g:1:g::", 3, 1, None, 9),
            (ev.CORO_START, "m:c:1:c::", 4, 1, None, 3, None),
            (ev.CORO_START, "m:c:1:c::", 5, 1, 3, 4, None),
            (ev.CORO_END, "m:c:1:c::", 6, 1, None, 4),
        ]
    )
    ends = made.close(10)
    assert sorted(entry["function"] for entry in ends) == ["m.c", "m.f", "m.g"]
    assert all(entry["closed"] for entry in ends)
    assert made.close(11) == []


def test_muted_events_leave_nothing() -> None:
    """What ran because of Glimpse itself is not in the output, and does not disturb what is."""
    events = [(ev.START, KEY, 1, ev.MUTED, None, 0), (ev.END, KEY, 2, ev.MUTED, None)]
    made = assembler()
    assert made.feed(events) == []
    assert made.unmatched == 0


def test_an_exception_shows_the_arguments_of_its_start() -> None:
    """EXCEPTION repeats what the call was given."""
    exc = ("ValueError", "bad", 12, "Traceback ...")
    entries = assembler().feed([(ev.START, KEY, 1, 1, None, 5), (ev.EXCEPTION, KEY, 2, 1, exc)])
    assert entries[1]["args"] == "f(a=5)"
    assert entries[1]["level"] == "ERROR"
    assert entries[1]["exception"] == {"type": "ValueError", "message": "bad", "line": 12, "traceback": "Traceback ..."}

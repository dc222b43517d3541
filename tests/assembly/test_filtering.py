"""Entries that a policy's limits drop, and what stays of the tree."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glimpse.assembly import Assembler, Filter, Origin, Rule, early_drop
from glimpse.assembly import events as ev


def start(number: int, parent: int | None, depth: int, policy: str | None = None) -> dict[str, Any]:
    """A START."""
    named = {"policy": policy} if policy else {}
    return {"entry_id": number, "call_id": number, "parent_id": parent, "depth": depth, "stage": "START", **named}


def end(number: int, call: int, parent: int | None, depth: int, ms: float, stage: str = "END") -> dict[str, Any]:
    """An END, or another end."""
    return {
        "entry_id": number, "call_id": call, "parent_id": parent, "depth": depth, "stage": stage, "duration_ms": ms,
    }  # fmt: skip


def told(records: list[dict[str, Any]]) -> list[tuple[int, int, int | None, str]]:
    """What a test looks at."""
    return [(each["entry_id"], each["call_id"], each["parent_id"], each["stage"]) for each in records]


def test_calls_below_the_depth_are_dropped_and_ids_have_no_gaps() -> None:
    """Deeper calls leave no entries; those that stay are numbered 1, 2, 3."""
    kept = Filter({"": Rule(depth=1)}).apply(
        [start(1, None, 1), start(2, 1, 2), end(3, 2, 1, 2, 5), end(4, 1, None, 1, 9), start(5, None, 1)], 0
    )
    assert told(kept) == [(1, 1, None, "START"), (2, 1, None, "END"), (3, 3, None, "START")]


def test_fast_calls_leave_no_entries_and_slow_ones_keep_their_ancestors() -> None:
    """What ends soon is dropped with its START; a slow call brings the STARTs above it, outermost first."""
    records = [
        start(1, None, 1), start(2, 1, 2), start(3, 2, 3), end(4, 3, 2, 3, 0.5), start(5, 2, 3), end(6, 5, 2, 3, 20),
        end(7, 2, 1, 2, 30), end(8, 1, None, 1, 40),
    ]  # fmt: skip
    kept = Filter({"": Rule(min_duration_ms=10)}).apply(records, 0)
    assert told(kept) == [
        (1, 1, None, "START"), (2, 2, 1, "START"), (3, 3, 2, "START"), (4, 3, 2, "END"), (5, 2, 1, "END"),
        (6, 1, None, "END"),
    ]  # fmt: skip


def test_an_exception_is_kept_however_fast() -> None:
    """A call that raises leaves both entries."""
    kept = Filter({"": Rule(min_duration_ms=10)}).apply([start(1, None, 1), end(2, 1, None, 1, 0.1, "EXCEPTION")], 0)
    assert told(kept) == [(1, 1, None, "START"), (2, 1, None, "EXCEPTION")]


def test_a_call_that_is_still_running_shows_once_it_has_lasted() -> None:
    """A START is held no longer than the limit: a killed program leaves it behind."""
    held = Filter({"": Rule(min_duration_ms=10)})
    assert held.apply([start(1, None, 1)], 100) == []
    assert held.apply([], 105) == []
    assert told(held.apply([], 110)) == [(1, 1, None, "START")]
    assert told(held.apply([end(2, 1, None, 1, 12)], 112)) == [(2, 1, None, "END")]


def test_each_policy_has_its_own_limits() -> None:
    """The policy that an entry names decides."""
    rules = {"web": Rule(depth=1), "jobs": Rule()}
    kept = Filter(rules).apply([start(1, None, 1, "web"), start(2, 1, 2, "jobs"), start(3, 1, 2, "web")], 0)
    assert told(kept) == [(1, 1, None, "START"), (2, 2, 1, "START")]


@given(
    steps=st.lists(st.tuples(st.sampled_from("ssseeex"), st.sampled_from([1, 2]), st.integers(1, 2_000)), max_size=40),
    cut=st.integers(1, 12),
)
def test_what_is_dropped_early_would_be_dropped_anyway(steps: list[tuple[str, int, int]], cut: int) -> None:
    """The entries that stay are the same, whether events of short calls are left out before or not."""
    rules = {"": Rule(min_duration_ms=0.002), "other": Rule()}
    events: list[ev.Event] = []
    stacks: dict[int, list[str]] = {1: [], 2: []}
    clock = 0
    for what, th, step in steps:
        clock += step
        if what == "s":
            stacks[th].append(f"m:f:{len(stacks[th])}:f::{'other' if step % 3 == 0 else ''}")
            events.append((ev.START, stacks[th][-1], clock, th, None))
        elif stacks[th]:
            key = stacks[th].pop()
            shown = ("E", "", 1, None) if what == "x" else None
            events.append((ev.EXCEPTION if what == "x" else ev.END, key, clock, th, shown))
    leave_out = early_drop(rules)
    assert leave_out is not None
    found = []
    for drop in (list, leave_out):
        entries, limits = Assembler(Origin(pid=1, base=0)), Filter(rules)
        chunks = [events[position : position + cut] for position in range(0, len(events), cut)]
        found.append([record for chunk in chunks for record in limits.apply(entries.feed(drop(chunk)), 0)])
    assert found[0] == found[1]


def test_nothing_is_left_out_where_no_call_has_to_last() -> None:
    """Depth alone is not told by a call's own events."""
    assert early_drop({"": Rule(depth=3)}) is None

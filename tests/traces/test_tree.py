"""Call trees built in one pass."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given

from glimpse.traces.calls import call_events
from glimpse.traces.filters import Selection
from glimpse.traces.tree import Fold, Folding, Node, TreeBuilder
from tests.traces.recording import Recorder, walk
from tests.traces.strategies import finished_programs, programs


def trees_of(
    program: Recorder, selection: Selection | None = None, folding: Folding | None = None
) -> list[Node | Fold]:
    """The trees of a program."""
    return [tree for _, tree in TreeBuilder(selection, folding).roots(call_events(program.entries))]


def outline(trees: Any) -> list[Any]:
    """Trees as nested lists of function names and folds."""
    return [
        f"{tree.calls} {tree.function}" if isinstance(tree, Fold) else [tree.call.function, *outline(tree)]
        for tree in trees
    ]


def nested(program: Recorder) -> dict[int | None, list[int]]:
    """The numbers of the calls below each call, as the entries say."""
    below: dict[int | None, list[int]] = {}
    for entry in program.entries:
        if entry["stage"] == "START":
            below.setdefault(entry["parent_id"], []).append(entry["call_id"])
    return below


@given(programs)
def test_nothing_is_lost_without_folding(program: Recorder) -> None:
    """Every call stands below its caller, callees in the order in which they began."""
    found: dict[int | None, list[int]] = {}
    waiting: list[tuple[int | None, Node | Fold]] = [(None, tree) for tree in trees_of(program)]
    while waiting:
        parent, node = waiting.pop(0)
        assert isinstance(node, Node)
        found.setdefault(parent, []).append(node.call.call_id)
        waiting.extend((node.call.call_id, child) for child in node)
    expected = nested(program)
    assert {parent: sorted(calls) for parent, calls in found.items()} == expected
    assert all(calls == expected[parent] for parent, calls in found.items() if parent is not None)


@given(finished_programs)
def test_folding_counts_every_call(program: Recorder) -> None:
    """What is shown and what is folded add up to all calls and all failures."""
    trees = trees_of(program, folding=Folding())
    starts = [entry for entry in program.entries if entry["stage"] == "START"]
    failures = [entry for entry in program.entries if entry["stage"] == "EXCEPTION"]
    assert sum(tree.size for tree in trees) == len(starts)
    assert sum(tree.failed for tree in trees) == len(failures)


def test_repeated_calls_fold() -> None:
    """Of many calls of one function below one caller the first two are shown."""
    program = Recorder()
    with program.call("app.main"):
        for number in range(10_000):
            program.leaf("app.parse_item", f"n={number}", ms=0.2 if number != 77 else 5)
        program.leaf("app.done")
    (main,) = trees_of(program, folding=Folding())
    assert outline([main]) == [
        ["app.main", ["app.parse_item"], ["app.parse_item"], "9998 app.parse_item", ["app.done"]]
    ]
    fold = next(child for child in main if isinstance(child, Fold))  # type: ignore[union-attr]
    assert (fold.calls, round(fold.total_ms, 1), fold.slowest_ms) == (9_998, 2_004.4, 5.0)
    slowest = next(entry for entry in program.entries if entry["args"] == "parse_item(n=77)")
    assert fold.slowest_id == slowest["call_id"]


def test_folding_one_call_would_save_nothing() -> None:
    """A third call is shown: a line that stands for it would be as long."""
    program = Recorder()
    with program.call("app.main"):
        for _ in range(3):
            program.leaf("app.step")
    assert outline(trees_of(program, folding=Folding())) == [["app.main", *[["app.step"]] * 3]]


def test_calls_in_turn_fold_too() -> None:
    """A loop that calls two functions in turn folds as well as one that calls one."""
    program = Recorder()
    with program.call("app.main"):
        for _ in range(50):
            program.leaf("app.read")
            program.leaf("app.write")
    assert outline(trees_of(program, folding=Folding())) == [
        ["app.main", ["app.read"], ["app.write"], ["app.read"], ["app.write"], "48 app.read", "48 app.write"]
    ]


def test_failed_calls_are_not_folded_away() -> None:
    """The one call that failed among a thousand is shown."""
    program = Recorder()
    with program.call("app.main"):
        for number in range(1000):
            call = program.start("app.step", f"n={number}")
            if number == 500:
                program.fail(call, ValueError("bad"))
            else:
                program.end(call)
    (main,) = trees_of(program, folding=Folding())
    failed = [child.call.args for child in main if isinstance(child, Node) and child.call.failed]  # type: ignore[union-attr]
    assert failed == ["step(n=500)"]


def test_deep_recursion_folds() -> None:
    """Levels of recursion beyond the first three are one line, with all their calls."""
    program = Recorder()
    walk(program, 12)
    (root,) = trees_of(program, folding=Folding())
    assert root.size == 2**13 - 1
    shown = str(outline([root]))
    assert shown.count("'shop.report.walk'") == 7
    assert shown.count("1 shop.report.walk") + shown.count("2 shop.report.walk") == 4


def test_mutual_recursion_folds() -> None:
    """Functions that call each other in turn are recursion too."""
    program = Recorder()
    calls = [program.start("app.ping" if level % 2 else "app.pong") for level in range(100)]
    for call in reversed(calls):
        program.end(call)
    (root,) = trees_of(program, folding=Folding())
    assert str(outline([root])).count("app.p") <= 8
    assert root.size == 100


@pytest.mark.once
def test_a_hundred_thousand_levels() -> None:
    """Depth costs no stack, folded or not, finished or not."""
    program = Recorder()
    for level in range(100_000):
        program.start(f"app.f{level % 20}")
    (whole,) = trees_of(program)
    assert (whole.size, whole.height) == (100_000, 100_000)  # type: ignore[union-attr]
    (folded,) = trees_of(program, folding=Folding())
    assert folded.size == 100_000


def test_memory_follows_what_is_shown() -> None:
    """Many calls of a few functions need no more memory than some."""

    def entries(count: int) -> Any:
        program = Recorder()
        main = program.start("app.main")
        yield program.entries.pop()
        for number in range(2, count):
            call = program.start("app.load", f"n={number}")
            program.entries.append(dict(call, entry_id=number))
            program.end(call)
            for entry in (program.entries[0], program.entries[-1]):
                yield dict(entry, call_id=number)
            program.entries.clear()
        program.end(main)
        yield dict(program.entries[-1], call_id=1)

    peaks = []
    for count in (500, 8_000):
        tracemalloc.start()
        list(TreeBuilder(folding=Folding()).roots(call_events(entries(count))))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 2


def test_unfinished_calls_are_shown() -> None:
    """Calls of a program that runs or was killed stand in the tree."""
    program = Recorder()
    program.start("app.main")
    program.leaf("app.done")
    program.start("app.stuck")
    (main,) = trees_of(program, folding=Folding())
    assert outline([main]) == [["app.main", ["app.done"], ["app.stuck"]]]
    assert not main.call.finished  # type: ignore[union-attr]


def test_a_call_in_focus_brings_what_is_below() -> None:
    """Choosing a function shows its calls with everything below them, and the way there."""
    program = Recorder()
    with program.call("app.main"):
        program.leaf("app.other")
        with program.call("app.load"):
            program.leaf("app.read")
    (load,) = trees_of(program, Selection(functions=("load",)))
    assert outline([load]) == [["app.load", ["app.read"]]]
    assert [call.function for call in load.call.path()] == ["app.main", "app.load"]  # type: ignore[union-attr]


def test_slow_calls_keep_their_callers() -> None:
    """Choosing by duration or failure keeps the calls around what is chosen, and nothing else."""
    program = Recorder()
    with program.call("app.main"):
        program.leaf("app.quick", ms=0.1)
        with program.call("app.outer"):
            program.leaf("app.slow", ms=50)
            program.fail(program.start("app.broken"), ValueError())
    assert outline(trees_of(program, Selection(min_ms=10))) == [["app.main", ["app.outer", ["app.slow"]]]]
    assert outline(trees_of(program, Selection(errors=True))) == [["app.main", ["app.outer", ["app.broken"]]]]


def test_depth_counts_what_it_hides() -> None:
    """Levels beyond the limit are counted at the call that made them."""
    program = Recorder()
    with program.call("app.main"), program.call("app.load"):
        program.leaf("app.read")
        program.leaf("app.read")
    (main,) = trees_of(program, Selection(depth=2))
    assert outline([main]) == [["app.main", ["app.load"]]]
    assert next(iter(main)).hidden == 2  # type: ignore[arg-type, union-attr]


def test_threads_stand_apart() -> None:
    """The trees of a thread come together, the thread seen first in front."""
    program = Recorder()
    for thread in ("a", "b", "a", "b"):
        program.leaf("app.work", thread=thread)
    order = [track.thread for track, _ in TreeBuilder().roots(call_events(program.entries))]
    assert order == ["a", "a", "b", "b"]


def test_callees_before_their_caller() -> None:
    """A callee whose caller is written later stands below it all the same."""
    program = Recorder()
    with program.call("app.main"):
        for _ in range(3):
            program.leaf("app.one")
    program.entries.insert(-1, program.entries.pop(0))
    assert outline(trees_of(program, folding=Folding())) == [["app.main", *[["app.one"]] * 3]]


def test_a_lost_caller_makes_roots() -> None:
    """Where the beginning of a file is gone, its calls are roots, folded like others."""
    program = Recorder()
    with program.call("app.main"):
        for _ in range(10):
            program.leaf("app.one")
    entries = program.entries[1:-1]
    trees = [tree for _, tree in TreeBuilder(folding=Folding()).roots(call_events(entries))]
    assert outline(trees) == [["app.one"], ["app.one"], "8 app.one"]


def test_a_task_after_its_creator_is_not_lost() -> None:
    """A task that starts when its creator's tree is shown, folded or open is shown or counted."""
    program = Recorder()
    for _ in range(6):
        spawn = program.start("app.spawn", task="main")
        program.end(spawn)
        program.end(program.start("app.background", task="other", parent=spawn))
    trees = trees_of(program, folding=Folding())
    assert sum(tree.size for tree in trees) == 12


def test_totals_describe_the_whole_trace() -> None:
    """The counts do not depend on what is shown."""
    program = Recorder()
    with program.call("app.main"):
        program.fail(program.start("app.broken"), ValueError())
    program.start("app.stuck")
    builder = TreeBuilder(Selection(functions=("nothing",)))
    assert list(builder.roots(call_events(program.entries))) == []
    totals = builder.totals
    assert (totals.calls, totals.failed, totals.unfinished, len(totals.functions)) == (3, 1, 1, 3)

"""Trees cut to a number of lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.calls import Call, call_events
from glimpse.traces.tree import Fold, Folding, Node, TreeBuilder
from glimpse.traces.trim import Tree, trimmed

from .recording import Recorder
from .strategies import programs


def trees_of(program: Recorder, folding: Folding | None = None) -> list[Tree]:
    """The trees of a program's trace."""
    return list(TreeBuilder(folding=folding, at_once=False).roots(call_events(program.entries)))


def items(trees: list[Tree]) -> list[Node | Fold]:
    """Every line that the trees have."""
    found: list[Node | Fold] = []
    waiting: list[Node | Fold] = [tree for _, tree in trees]
    while waiting:
        found.append(waiting.pop())
        if isinstance(found[-1], Node):
            waiting.extend(found[-1])
    return found


def failed(call: Call) -> bool:
    """What stays in these tests."""
    return call.failed


@given(programs, st.integers(1, 30), st.booleans())
def test_nothing_is_lost_uncounted(program: Recorder, lines: int, folded: bool) -> None:
    """At most so many lines are left, and what is shown, hidden and left out are all the calls."""
    folding = Folding() if folded else None
    whole = len(items(trees_of(program)))
    shown, left_out = trimmed(trees_of(program, folding), lines, failed)
    kept = items(shown)
    assert len(kept) <= lines
    inside = sum(item.size if isinstance(item, Fold) else 1 + item.hidden for item in kept)
    assert inside + left_out == whole


@given(programs)
def test_enough_room_changes_nothing(program: Recorder) -> None:
    """With a line for each call, all stay in their order."""
    trees = trees_of(program)
    before = [id(item) for item in items(trees)]
    shown, left_out = trimmed(trees, len(before), failed)
    assert [id(item) for item in items(shown)] == before
    assert left_out == 0


def test_the_way_of_an_exception_stays() -> None:
    """However early and deep it was, it is shown before anything else."""
    program = Recorder()
    with program.call("app.main"):
        try:
            with program.call("app.load"), program.call("app.read"):
                raise OSError("gone")
        except OSError:
            pass
        for number in range(50):
            program.leaf(f"app.step{number}")
    shown, _ = trimmed(trees_of(program), 3, failed)
    assert [item.call.function for item in items(shown) if isinstance(item, Node)] == [
        "app.main",
        "app.load",
        "app.read",
    ]


def test_the_end_is_closer_than_the_beginning() -> None:
    """Of calls alike, the last ones stay, and those nearer to the root before those deep below."""
    program = Recorder()
    for number in range(9):
        with program.call(f"app.step{number}"), program.call("app.inner"):
            program.leaf("app.innermost")
    shown, left_out = trimmed(trees_of(program), 4, failed)
    functions = sorted(item.call.function for item in items(shown) if isinstance(item, Node))
    assert functions == ["app.inner", "app.step6", "app.step7", "app.step8"]
    assert left_out == 6 * 3

"""What is kept of a phase: everything that is shown, in bounded memory."""

from __future__ import annotations

import pytest

from glimpse.pytest_plugin import memory
from glimpse.pytest_plugin.memory import MemoryWriter
from glimpse.traces.tree import Fold, Node
from tests.traces.recording import Recorder


def test_trees_are_in_the_order_of_their_beginning() -> None:
    """Also those that are folded, which are known only later."""
    trace = Recorder()
    for _ in range(5):
        trace.leaf("shop.price", 1.0)
    trace.leaf("shop.total", 1.0)
    writer = MemoryWriter()
    writer.write_records(trace.entries)
    trees, totals = writer.take().trees()
    kinds = [(type(tree), tree.call.function if isinstance(tree, Node) else tree.function) for _, tree in trees]
    assert kinds == [(Node, "shop.price"), (Node, "shop.price"), (Fold, "shop.price"), (Node, "shop.total")]
    assert totals.calls == 6


def test_entries_are_given_up_for_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit no more than so many entries are held, and times are those of all."""
    monkeypatch.setattr(memory, "MOST_ENTRIES", 10)
    writer = MemoryWriter(with_times=True)
    for _ in range(100):
        trace = Recorder()
        trace.leaf("shop.price", 2.0)
        writer.write_records(trace.entries)
        assert len(writer._phase._entries) <= 10
    writer.take()
    assert writer.table is not None
    assert [(row["function"], row["calls"]) for row in writer.table.rows()] == [("shop.price", 100)]


def test_phases_are_apart() -> None:
    """What was taken is not in what follows."""
    writer = MemoryWriter()
    trace = Recorder()
    trace.leaf("shop.price", 1.0)
    writer.write_records(trace.entries)
    assert len(writer.take().trees()[0]) == 1
    assert writer.take().trees()[0] == []

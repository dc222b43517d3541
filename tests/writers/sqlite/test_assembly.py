"""Rows made straight from events are what the assembler would make of them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.assembly import Assembler, Origin
from glimpse.entry import LogEntry, Param, Site
from glimpse.traces.calls import finished_calls
from glimpse.traces.stats import TopTable
from glimpse.views.database import database_table
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.memory import folder_in_memory
from tests.traces.test_stats import close
from tests.writers.sqlite.test_writer import ask

SITES = [
    Site("shop.orders", "total", 10, "f", (Param("items"),), "").key,
    Site("shop.orders", "Order.pay", 20, "f", (Param("self", receiver=True), Param("card", hidden=True)), "web").key,
    Site("shop", "each", 5, "g", (), "").key,
    Site("shop", "fetch", 7, "c", (), "").key,
]


class Stream:
    """Events of two threads as programs report them: calls on their stacks, within coroutines or not."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = [(18, 1, "MainThread"), (18, 2, "Worker")]
        self.stacks: dict[int, list[str]] = {1: [], 2: []}
        self.contexts: list[int | None] = [None]
        self.numbers = itertools.count(100)

    @property
    def now(self) -> int:
        """Nanoseconds."""
        return 1_000_000 + len(self.events) * 1237

    def call(self, th: int, key: str, ctx: int | None, *values: Any) -> None:
        """A call begins."""
        self.events.append((1, key, self.now, th, ctx, *values))
        self.stacks[th].append(key)

    def end(self, th: int, value: Any, *, named: bool, late: bool) -> None:
        """The innermost call ends, or (late) the one around it, whose inner one's end was not seen."""
        if late and len(self.stacks[th]) > 1:
            self.stacks[th].pop()
        key = self.stacks[th].pop()
        self.events.append((2, key if named and key not in self.stacks[th] else None, self.now, th, value))

    def fail(self, th: int) -> None:
        """It raises."""
        self.events.append((3, self.stacks[th].pop(), self.now, th, ("ValueError", "no", 3, None)))

    def mute_or_loop(self, th: int, value: Any) -> None:
        """A call of which nothing may be seen; or one after another that ends in the same way, but for the last."""
        if value is None:
            self.events += [(1, SITES[0], self.now, -1, None, 1), (2, SITES[0], self.now, -1, None)]
            return
        for number in range(20):
            self.call(th, SITES[type(value) is str], None, *(("Order", None) if type(value) is str else (number,)))
            self.end(th, number if number < 17 else value, named=True, late=False)

    def generate(self, th: int, value: Any) -> None:
        """A generator runs, hands out a value, is resumed and ends."""
        number = next(self.numbers)
        self.events.append((4, SITES[2], self.now, th, None, number))
        self.events.append((5, SITES[2], self.now, th, None, number))
        self.events.append((6, SITES[2], self.now, th, None, number))
        self.events.append((10, SITES[2], self.now, th, value, number))

    def begin_coroutine(self, th: int, ctx: int | None) -> None:
        """A coroutine begins in a task; calls may be made in its context from here on."""
        number = next(self.numbers)
        self.events.append((12, SITES[3], self.now, th, ctx, number, f"Task-{number}"))
        self.contexts.append(number)

    def end_coroutine(self, th: int, value: Any) -> None:
        """It ends."""
        if len(self.contexts) > 1:
            self.events.append((13, SITES[3], self.now, th, value, self.contexts.pop()))

    def begin_scope(self, ctx: int | None) -> None:
        """What follows in a context has a correlation id."""
        number = next(self.numbers)
        self.events.append((21, number, ctx, "order-7", None, None))
        self.contexts.append(number)


@st.composite
def event_streams(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Any such events."""
    stream = Stream()
    values = st.none() | st.integers() | st.text(max_size=5) | st.just(("<Thing>",)) | st.floats(allow_nan=False)
    steps = st.tuples(st.sampled_from((1, 2)), st.integers(0, 15), st.booleans(), values)
    for th, move, flag, value in draw(st.lists(steps, max_size=60)):
        ctx = stream.contexts[-1] if flag else None
        if move < 6:
            stream.call(th, SITES[flag], ctx, *(("Order", None) if flag else (value,)))
        elif move < 11 and stream.stacks[th]:
            stream.end(th, () if move == 10 and flag else value, named=flag, late=move == 10)
        elif move == 11 and stream.stacks[th]:
            stream.fail(th)
        elif move == 12:
            stream.mute_or_loop(th, value if flag else None)
        elif move == 13:
            stream.generate(th, value)
        elif move == 14:
            stream.begin_coroutine(th, ctx)
        elif move == 15:
            stream.end_coroutine(th, value)
    if draw(st.integers(0, 9)) == 0:
        stream.begin_scope(None)
        stream.call(1, SITES[0], stream.contexts[-1], 1)
        stream.end(1, 2, named=True, late=False)
    return stream.events


@settings(max_examples=120, deadline=None)
@given(event_streams(), st.integers(1, 30) | st.just(400), st.integers(0, 10))
def test_rows_from_events(stream: list[tuple[Any, ...]], size: int, least: int) -> None:
    """Rows made straight from events, at once or collected, are the entries that the assembler makes of them.

    So are the durations that are noted beside them: they give the table that reading the entries gives.
    """
    with folder_in_memory() as folder:
        check_rows(folder / "trace.db", stream, size, least)


def check_rows(path: Path, stream: list[tuple[Any, ...]], size: int, least: int) -> None:
    """Write the events' rows, and compare what is read with the entries."""
    origin = Origin(4242, 1_700_000_000_000_000_000, service="shop")
    writer = SqliteWriter(str(path))
    fast, plain = writer.row_assembler(origin), Assembler(origin)
    expected = []
    for at in range(0, len(stream), size):
        batch = fast.rows(stream[at : at + size], least)
        if batch is not None:
            writer.write_rows(batch)
        expected += plain.feed(stream[at : at + size])
    last = fast.last_rows(2_000_000)
    if last is not None:
        writer.write_rows(last)
    expected += plain.close(2_000_000)
    writer.close()
    assert [entry.to_dict() for entry in SqliteWriter.read(str(path))] == [
        LogEntry(**record).to_dict() for record in expected
    ]
    times, table = database_table(str(path)), TopTable()
    table.add_calls(finished_calls(expected))
    assert sorted(times.rows(), key=lambda row: row["function"]) == close(table.rows())
    assert times.unfinished == table.unfinished
    assert ask(path, "select count(*) from processes where timed is not 2") == [(0,)]


def test_a_chunk_is_given_again(tmp_path: Path) -> None:
    """If a signal's handler raises while rows are made, the same events make the same rows afterwards."""
    ready = iter((False, True, True))

    def text(value: Any) -> str:
        if not next(ready, True):
            raise KeyboardInterrupt
        return repr(value)

    writer = SqliteWriter(str(tmp_path / "t.db"))
    rows = writer.row_assembler(Origin(4242, 1_700_000_000_000_000_000, atom_text=text))
    stream = Stream()
    stream.call(1, SITES[0], None, 1)
    stream.call(1, SITES[0], None, 2)
    stream.call(1, SITES[0], None, 3)
    stream.end(1, "inner", named=True, late=False)
    stream.end(1, 5, named=True, late=False)
    assert rows.rows(stream.events[:2], 100) is None
    with pytest.raises(KeyboardInterrupt):
        rows.rows(stream.events[2:], 100)
    assert rows.rows(stream.events[2:], 100) is None
    writer.write_rows(rows.last_rows(2_000_000))
    writer.close()
    found = [(entry.entry_id, entry.call_id, entry.stage) for entry in SqliteWriter.read(str(tmp_path / "t.db"))]
    assert sorted(found) == [
        (1, 1, "START"),
        (2, 2, "START"),
        (3, 3, "START"),
        (4, 3, "END"),
        (5, 2, "END"),
        (6, 1, "END"),
    ]

"""Rows made straight from events are what the assembler would make of them."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.assembly import Assembler, Filter, Origin, Rule
from glimpse.entry import LogEntry, Param, Site
from glimpse.traces.calls import finished_calls
from glimpse.traces.stats import TopTable
from glimpse.views.database import database_table
from glimpse.writers.sqlite.callers import has_callers_elsewhere
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

    def rare(self, th: int, move: int, ctx: int | None, value: Any) -> None:
        """Something other than a plain call."""
        if move == 12:
            self.mute_or_loop(th, value)
        elif move == 13:
            self.generate(th, value)
        elif move == 14:
            self.begin_coroutine(th, ctx)
        elif move == 15:
            self.end_coroutine(th, value)
        elif move == 17:
            self.leave_open(th, ctx)
        elif move == 18:
            self.mute_or_loop(th, "x")

    def begin_scope(self, ctx: int | None, correlation_id: str | None, remote: tuple[str, str] | None) -> None:
        """What follows in a context has a correlation id, or was called from elsewhere."""
        number = next(self.numbers)
        self.events.append((21, number, ctx, correlation_id, *(remote or (None, None))))
        self.contexts.append(number)

    def leave_open(self, th: int, ctx: int | None) -> None:
        """A generator is suspended and nobody goes on with it; a coroutine fails on another thread."""
        number = next(self.numbers)
        self.events.append((4, SITES[2], self.now, th, ctx, number))
        self.events.append((5, SITES[2], self.now, th, ctx, number))
        number = next(self.numbers)
        self.events.append((12, SITES[3], self.now, th, ctx, number, None))
        self.events.append((14, SITES[3], self.now, 3 - th, ("OSError", "gone", 9, "Traceback"), number, 1000))
        self.events.append((15, number))


IDS = ("entry_id", "parent_id", "active_ms", "yields", "trace_id", "span_id", "parent_span_id", "correlation_id")
BASE = 1_700_000_000_000_000_000


def first_span() -> str:
    """The id of the first call of the process."""
    record = Assembler(Origin(4242, BASE, trace_ids=True)).feed([(1, SITES[0], 0, 1, None, 1)])[0]
    return str(record["span_id"])


TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLERS = [
    None,
    (TRACE, "b7ad6b7169203331"),
    ("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 15 + "1"),
    (TRACE, first_span()),
]


@st.composite
def event_streams(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Any such events."""
    stream = Stream()
    values = st.none() | st.integers() | st.text(max_size=5) | st.just(("<Thing>",)) | st.floats(allow_nan=False)
    steps = st.tuples(st.sampled_from((1, 2)), st.integers(0, 18), st.booleans(), values)
    for th, move, flag, value in draw(st.lists(steps, max_size=60)):
        ctx = stream.contexts[-1] if flag else None
        if move < 6:
            stream.call(th, SITES[flag], ctx, *(("Order", None) if flag else (value,)))
        elif move < 11 and stream.stacks[th]:
            stream.end(th, () if move == 10 and flag else value, named=flag, late=move == 10)
        elif move == 11 and stream.stacks[th]:
            stream.fail(th)
        else:
            stream.rare(th, move, ctx, value if flag else None)
            if move == 16:
                correlation_id = draw(st.sampled_from([None, "order-7", "order-8"]))
                stream.begin_scope(ctx, correlation_id, draw(st.sampled_from(CALLERS)))
    return stream.events


origins = st.builds(
    Origin,
    st.just(4242),
    st.just(BASE),
    service=st.just("shop"),
    correlation_id=st.sampled_from([None, None, "all"]),
    trace_ids=st.booleans(),
    remote=st.sampled_from(CALLERS),
)


@settings(max_examples=200, deadline=None)
@given(event_streams(), origins, st.integers(1, 30) | st.just(400), st.integers(0, 10), st.integers(1, 3) | st.none())
def test_rows_from_events(
    stream: list[tuple[Any, ...]], origin: Origin, size: int, least: int, depth: int | None
) -> None:
    """Rows made straight from events, at once or collected, are the entries that the assembler makes of them.

    So they are read from packs and from rows, and shown by the views. The durations that are noted beside them give the
    table that reading the entries gives.
    """
    if depth is not None:  # spans of calls that are left out have ids, if they are left out as late as here
        origin.trace_ids = False
    with folder_in_memory() as folder:
        check_rows(folder / "trace.db", stream, origin, size, least, depth)


def check_rows(
    path: Path, stream: list[tuple[Any, ...]], origin: Origin, size: int, least: int, depth: int | None
) -> None:
    """Write the events' rows, and compare what is read with the entries."""
    writer = SqliteWriter(str(path))
    rules = {} if depth is None else {"": Rule(depth), "web": Rule(depth)}
    fast, plain, limits = writer.row_assembler(origin, rules=rules), Assembler(origin), Filter(rules)
    expected: list[Any] = []
    for at in range(0, len(stream), size):
        batch = fast.rows(stream[at : at + size], least)
        if batch is not None:
            writer.write_rows(batch)
        expected += limits.apply(plain.feed(stream[at : at + size]), 0)
    last = fast.last_rows(2_000_000)
    if last is not None:
        writer.write_rows(last)
    expected += limits.apply(plain.close(2_000_000), 0)
    in_packs, shown = list(SqliteWriter.read(str(path))), shown_entries(path)
    elsewhere = asked_for_callers(path)
    writer.close()
    assert [entry.to_dict() for entry in in_packs] == [LogEntry(**record).to_dict() for record in expected]
    assert list(SqliteWriter.read(str(path))) == in_packs
    assert shown == shown_entries(path) == [tuple(entry.to_dict().get(name) for name in IDS) for entry in in_packs]
    assert elsewhere == asked_for_callers(path) == called_from_elsewhere(expected)
    times, table = database_table(str(path)), TopTable()
    table.add_calls(finished_calls(expected))
    if not elsewhere:  # else entries tell of callers that rows do not
        assert sorted(times.rows(), key=lambda row: row["function"]) == close(table.rows())
    assert times.unfinished == table.unfinished
    assert ask(path, "select count(*) from processes where timed is not 2") == [(0,)]


def shown_entries(path: Path) -> list[Any]:
    """What the view says of ids."""
    return ask(path, f"select {', '.join(IDS)} from entries order by entry_id")


def asked_for_callers(path: Path) -> bool:
    """Whether the file says that some calls have callers elsewhere in it."""
    connection = sqlite3.connect(path)
    try:
        return has_callers_elsewhere(connection)
    finally:
        connection.close()


def called_from_elsewhere(records: list[dict[str, Any]]) -> bool:
    """The same of entries."""
    spans = {record["span_id"]: record["call_id"] for record in records if "span_id" in record}
    named = {(record.get("parent_span_id"), record["parent_id"]) for record in records}
    return any(span in spans and spans[span] != parent for span, parent in named)


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

"""The end of a database that a recording process writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from glimpse.assembly import Origin
from glimpse.entry import LogEntry, Param, Site
from glimpse.writers.sqlite.reading import open_trace, read_entries
from glimpse.writers.sqlite.tail import DatabaseTail, Wanted
from glimpse.writers.sqlite.writer import SqliteWriter

EVERYTHING = Wanted(lambda entry: True, lambda place: True)
MAIN = Site("app", "main", 1, "f", (), "").key
STEP = Site("app", "step", 5, "f", (Param("number"),), "").key
BOOM = Site("app", "boom", 9, "f", (), "").key


def recorded(path: Path, pid: int, batches: int, *, trace_ids: bool = False) -> Iterator[int]:
    """Writes batches of fifty calls within one that ends last; gives how many entries there are by then."""
    writer = SqliteWriter(str(path))
    assembler = writer.row_assembler(Origin(pid, 1_700_000_000_000_000_000, trace_ids=trace_ids))
    events: list[tuple[object, ...]] = [(18, 1, "MainThread"), (1, MAIN, 1, 1, None)]
    t = 10
    for number in range(batches):
        for each in range(50):
            t += 1000
            key = BOOM if each == 30 else STEP
            values = () if key is BOOM else (each,)
            end = (3, key, t + 500, 1, ("ValueError", "no", 9, None)) if key is BOOM else (2, key, t + 500, 1, each)
            events += [(1, key, t, 1, None, *values), end]
        batch = assembler.rows(events, 0) if number < batches - 1 else None
        if batch is None:
            assembler.rows(events, 1 << 40)
            batch = assembler.last_rows(t + 1000)
        assert batch is not None
        writer.write_rows(batch)
        events = []
        yield assembler.last_id
    writer.close()


def numbers(entries: Iterator[LogEntry]) -> list[tuple[int, int]]:
    """Which process and entry."""
    return [(entry.pid, entry.entry_id) for entry in entries]


@pytest.mark.parametrize("trace_ids", [False, True])
def test_what_recording_processes_write(tmp_path: Path, trace_ids: bool) -> None:
    """Rows, packs, and the end of a call that was open all the time: each entry once, in the order of each process."""
    path = tmp_path / "t.db"
    first = recorded(path, 1, 6, trace_ids=trace_ids)
    next(first)
    tail = DatabaseTail(str(path), EVERYTHING)
    seen = numbers(tail.last(None, follow=True))
    late = DatabaseTail(str(path), EVERYTHING)
    assert numbers(late.last(3, follow=True)) == seen[-3:]
    for _ in zip(first, recorded(path, 2, 5, trace_ids=trace_ids), strict=True):
        come = numbers(tail.more())
        assert come == numbers(late.more())
        seen += come
    seen += numbers(tail.more())
    whole = list(read_entries(str(path)))
    assert sorted(seen) == sorted((entry.pid, entry.entry_id) for entry in whole)
    for pid in 1, 2:
        assert [number for each, number in seen if each == pid] == sorted(
            number for each, number in seen if each == pid
        )
    failed = Wanted(lambda entry: entry.stage == "EXCEPTION", lambda place: True, failed=True)
    slow = Wanted(lambda entry: (entry.duration_ms or 0) > 0.01, lambda place: place["function"] == "app.main", 1e4)
    for wanted in EVERYTHING, failed, slow:
        last = DatabaseTail(str(path), wanted).last(4, follow=False)
        assert list(last) == [entry for entry in whole if wanted.keeps(entry)][-4:]


def test_calls_that_another_reader_has_made_rows(tmp_path: Path) -> None:
    """Between two looks, packs become rows: what was given is not given again, and what came is not missed."""
    path = tmp_path / "t.db"
    program = recorded(path, 1, 4)
    first = next(program)
    tail = DatabaseTail(str(path), EVERYTHING)
    assert len(list(tail.last(None, follow=True))) == first
    *_, total = program
    with closing(open_trace(str(path))) as connection:
        assert connection.execute("SELECT count(*) FROM packs").fetchone() == (0,)
    assert numbers(tail.more()) == [(1, number) for number in range(first + 1, total + 1)]
    assert list(tail.more()) == []


def test_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """Following keeps no connection: the writer, which closes last, puts its log away."""
    path = tmp_path / "t.db"
    tail = DatabaseTail(str(path), EVERYTHING)
    assert list(tail.last(5, follow=True)) == []
    for _ in recorded(path, 1, 3):
        assert len(list(tail.more())) >= 100
    assert os.listdir(tmp_path) == ["t.db"]
    assert [entry.function for entry in DatabaseTail(str(path), EVERYTHING).last(1, follow=False)] == ["app.main"]


def test_calls_that_were_open_when_it_was_moved(tmp_path: Path) -> None:
    """Their ends come out of the new file, whenever that is."""
    path = tmp_path / "t.db"
    program = recorded(path, 1, 4)
    first = next(program)
    tail = DatabaseTail(str(path), EVERYTHING)
    assert len(list(tail.last(None, follow=True))) == first
    path.rename(tmp_path / "older.db")
    seen: list[tuple[int, int]] = []
    for _ in program:
        seen += numbers(tail.more())
    assert seen == [(1, number) for number in range(first + 1, seen[-1][1] + 1)]
    assert seen[-1][1] == 2 * (4 * 50 + 1)

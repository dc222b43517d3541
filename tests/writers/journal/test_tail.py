"""The end of a journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.entry import LogEntry, Param, Site
from glimpse.writers.journal import tail as module
from glimpse.writers.journal.tail import JournalTail
from glimpse.writers.journal.writer import JournalWriter

MAIN = Site("app", "main", 1, "f", (), "").key
STEP = Site("app", "step", 5, "f", (Param("number"),), "").key
META = {"pid": 7, "base": 0}


def steps(first: int, count: int) -> list[tuple[Any, ...]]:
    """Events of leaf calls."""
    return [
        event
        for number in range(first, first + count)
        for event in ((1, STEP, number * 10, 1, None, number), (2, STEP, number * 10 + 5, 1, number))
    ]


def everything(entry: LogEntry) -> bool:
    """Keeps each."""
    return True


def numbers(entries: Iterator[LogEntry]) -> list[int]:
    """The ids of entries."""
    return [entry.entry_id for entry in entries]


def last(path: Path, count: int | None, told: list[str] | None = None) -> list[LogEntry]:
    """The last entries of a journal that nobody writes."""
    with path.open("rb") as file:
        return list(JournalTail(str(path), everything).last([file], count, (told or []).append, final=True))


def test_places_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and however far apart: the last entries are those of reading it whole."""
    path = tmp_path / "t.journal"
    writer = JournalWriter(str(path))
    writer.write_events([(18, 1, "MainThread"), (1, MAIN, 1, 1, None)], META)
    for batch in range(60):
        writer.write_events(steps(batch * 5 + 1, 5), META)
    writer.write_events([(2, MAIN, 10**6, 1, None)], META)
    writer.close()
    whole = list(JournalWriter.read(str(path)))
    assert len(whole) == 602
    monkeypatch.setattr(module, "_TIMES", 0)
    for step in (1, 1_000, 1 << 19):
        monkeypatch.setattr(module, "_STEP", step)
        for count in (1, 50, 400, 5000, None):
            assert last(path, count) == (whole if count is None else whole[-count:])


def test_what_a_killed_program_has_left(tmp_path: Path) -> None:
    """The beginning of a batch is passed over as soon as there is a whole one behind it."""
    path = tmp_path / "t.journal"
    writer = JournalWriter(str(path))
    writer.write_events([(18, 1, "MainThread"), *steps(1, 2)], META)
    tail = JournalTail(str(path), everything)
    with path.open("rb", 0) as file:
        assert numbers(tail.last([file], 10, lambda text: None, final=False)) == [1, 2, 3, 4]
        fragment = writer.frame_of(steps(3, 500))[:-50]
        with path.open("ab") as other:
            other.write(fragment)
        assert numbers(tail.more(file, begin=False)) == []
        writer.write_events(steps(3, 1), META)
        assert numbers(tail.more(file, begin=False)) == [5, 6]
    writer.close()
    told: list[str] = []
    with path.open("rb") as file:
        assert len(list(JournalTail(str(path), everything).last([file], 10, told.append, final=True))) == 6
    assert told == [f"{len(fragment):,} bytes of it are damaged or cut off (being written, or its program was killed)"]

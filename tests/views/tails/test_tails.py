"""The ends of traces of every format: what reading them whole gives, and what comes."""

from __future__ import annotations

import gzip
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.traces.filters import Selection
from glimpse.traces.records import Record
from glimpse.views.sources import Source, recognise, writer_class
from glimpse.views.tails import Tail, tail_of
from glimpse.views.tails.choosing import keeps_of
from tests.traces.recording import shop

OPTIONS = {"jsonl": "log_path", "json": "log_path", "journal": "log_path", "sqlite": "db_path"}
FORMATS = [*OPTIONS]
SELECTIONS = [
    {},
    {"errors": True},
    {"errors": True, "functions": ("parse_item",)},
    {"functions": ("walk",), "depth": 4},
    {"min_ms": 100.0},
    {"threads": ("worker*",)},
    {"args": ("row",), "services": ("shop",)},
    {"pids": (1,)},
    {"since": "2023-12-01 10:30:15.300000"},
]
ENTRIES = [LogEntry.from_dict(entry) for entry in shop(30).entries]


def written(kind: str, path: Path, step: int = 70, entries: Iterable[LogEntry] = ENTRIES) -> str:
    """A trace in a format, in batches."""
    rest = deque(entries)
    writer = writer_class(kind)(**{OPTIONS[kind]: str(path)})
    while rest:
        writer.write_batch([rest.popleft() for _ in range(min(step, len(rest)))])
    writer.close()
    return str(path)


def ids(records: Iterable[Record]) -> list[int]:
    """The ids of entries."""
    return [record["entry_id"] for record in records]


@pytest.fixture
def tails() -> Iterator[Callable[..., Tail]]:
    """Makes tails, which are closed in the end."""
    made: list[Tail] = []

    def make(name: object, **chosen: Any) -> Tail:
        source = recognise(str(name), missing_ok=True)
        made.append(tail_of(source, Selection(**chosen), follow=True))
        return made[-1]

    yield make
    for tail in made:
        tail.close()


@pytest.mark.parametrize("kind", [*FORMATS, "json on one line", "json laid out", "jsonl packed"])
def test_the_last_ones_are_what_reading_all_gives(kind: str, tmp_path: Path) -> None:
    """So many of those that are chosen, in the same order, whether they are followed or not; nothing comes twice."""
    path = tmp_path / "trace"
    if kind in FORMATS:
        written(kind, path)
    elif kind == "jsonl packed":
        path.write_bytes(gzip.compress(Path(written("jsonl", tmp_path / "plain")).read_bytes()))
    else:
        path.write_text(json.dumps(shop(30).entries, indent=2 if kind == "json laid out" else None))
    source = recognise(str(path))
    records = list(source.records())
    for number, fields in enumerate(SELECTIONS):
        selection = Selection(**fields)
        for count in (1, 10, (1000, None)[number % 2]):
            follow = source.plain and number % 3 != 1
            tail = tail_of(source, selection, follow=follow)
            assert list(tail.last(count)) == list(deque(filter(keeps_of(selection), records), count))
            assert not follow or list(tail.more()) == []
            tail.close()


@pytest.mark.parametrize("kind", FORMATS)
def test_what_comes_is_given_once(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """From before the file exists on, of two writers that take turns; ends of calls that began before too."""
    path = tmp_path / "trace"
    early, late = tails(path), None
    assert list(early.last(10)) == list(early.more()) == []
    seen: list[tuple[int, int]] = []
    later: list[tuple[int, int]] = []
    writers = [writer_class(kind)(**{OPTIONS[kind]: str(path)}) for _ in range(2)]
    assert list(early.more()) == []
    for at in range(0, len(ENTRIES), 40):
        for number, writer in enumerate(writers):
            part = [LogEntry.from_dict({**entry.to_dict(), "pid": number}) for entry in ENTRIES[at : at + 40]]
            writer.write_batch(part)
        seen += [(record["pid"], record["entry_id"]) for record in early.more()]
        if late is not None:
            later += [(record["pid"], record["entry_id"]) for record in late.more()]
        elif at >= 80:
            late = tails(path)
            assert len(list(late.last(5))) == 5
    for writer in writers:
        writer.close()
    every = [(pid, entry.entry_id) for pid in (0, 1) for entry in ENTRIES]
    assert sorted(seen) == every
    assert sorted(later) == [(pid, number) for pid, number in every if number > 120]


@pytest.mark.parametrize("kind", FORMATS)
def test_only_what_is_chosen_comes(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """As with the last ones."""
    path = tmp_path / "trace"
    written(kind, path, entries=ENTRIES[:50])
    tail = tails(path, errors=True)
    assert ids(tail.last(5)) == []
    written(kind, path, entries=ENTRIES[50:])
    failed = [entry.entry_id for entry in ENTRIES if entry.stage == "EXCEPTION"]
    assert ids(tail.more()) == failed


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_moved_away(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """It is read to its end, then the new one from its beginning."""
    path = tmp_path / "trace"
    writer = writer_class(kind)(**{OPTIONS[kind]: str(path)})
    writer.write_batch(ENTRIES[:30])
    tail = tails(path)
    assert ids(tail.last(2)) == [29, 30]
    writer.write_batch(ENTRIES[30:40])
    os.rename(path, tmp_path / "trace.1")
    writer.write_batch(ENTRIES[40:60])
    assert ids(tail.more()) == list(range(31, 61))
    writer.write_batch(ENTRIES[60:])
    assert ids(tail.more()) == [entry.entry_id for entry in ENTRIES[60:]]
    writer.close()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_deleted_and_made_anew(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """Another program's entries come from the beginning."""
    path = tmp_path / "trace"
    written(kind, path, entries=ENTRIES[:30])
    tail = tails(path)
    assert ids(tail.last(1)) == [30]
    path.unlink()
    assert ids(tail.more()) == []
    again = [LogEntry.from_dict({**entry.to_dict(), "pid": 77}) for entry in ENTRIES[:20]]
    written(kind, path, entries=again)
    assert [(record["pid"], record["entry_id"]) for record in tail.more()] == [(77, n) for n in range(1, 21)]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_emptied(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """What is written afterwards comes."""
    path = tmp_path / "trace"
    writer = writer_class(kind)(**{OPTIONS[kind]: str(path)})
    writer.write_batch(ENTRIES[:30])
    tail = tails(path)
    assert ids(tail.last(1)) == [30]
    os.truncate(path, 0)
    assert ids(tail.more()) == []
    writer.write_batch(ENTRIES[30:50])
    assert ids(tail.more()) == list(range(31, 51))
    writer.close()


@pytest.mark.parametrize("kind", ["jsonl", "json", "journal"])
def test_what_is_half_written_comes_when_it_is_whole(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """A byte at a time, and nothing is told before."""
    path = tmp_path / "trace"
    whole = Path(written(kind, tmp_path / "whole", step=10, entries=ENTRIES[:40])).read_bytes()
    begin = len(whole) - 600
    path.write_bytes(whole[:begin])
    tail = tails(path)
    seen = ids(tail.last(None))
    assert 0 < len(seen) < 40
    for end in range(begin, len(whole)):
        with path.open("ab") as file:
            file.write(whole[end : end + 1])
        seen += ids(tail.more())
    assert seen == list(range(1, 41))


@pytest.mark.parametrize("kind", FORMATS)
def test_what_turns_out_to_be_no_trace(kind: str, tmp_path: Path, tails: Callable[..., Tail]) -> None:
    """One clear error, which names the file."""
    path = tmp_path / "trace"
    bad = {"jsonl": b"hello\nworld\n", "json": b"[1, 2]", "journal": b"glimpse-journal 9\n"}
    path.write_bytes(bad.get(kind, b"SQLite format 3\x00" + bytes(5000)))
    tail = tail_of(Source(str(path), kind), Selection(), follow=False)
    with pytest.raises(ReadError, match=path.name):
        list(tail.last(10))
    tail.close()

"""The end of a collection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.writers.mongo import tail as module
from glimpse.writers.mongo.tail import MongoTail
from glimpse.writers.mongo.writer import MongoWriter
from tests.traces.recording import shop
from tests.writers.mongo_server import MongoServer

ENTRIES = [LogEntry.from_dict(entry) for entry in shop(20).entries]


@pytest.fixture
def server() -> Iterator[MongoServer]:
    """A server that stores what it is sent."""
    server = MongoServer().start()
    yield server
    server.stop()


def test_the_last_ones_and_those_that_come(
    server: MongoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By time at first, then in the order of insertion, each once; only those that are wanted."""
    monkeypatch.setattr(module, "_POLL_S", 0)
    monkeypatch.setattr(module, "_LOOK_BACK", 5)
    writer = MongoWriter(server.uri, spool_path=str(tmp_path / "spool"))
    writer.write_batch(ENTRIES[:50])
    tail, whole = (MongoTail(server.uri, lambda entry: True) for _ in range(2))
    failed = MongoTail(server.uri, lambda entry: entry.stage == "EXCEPTION")
    assert [entry.entry_id for entry in tail.last(3)] == [48, 49, 50]
    assert [*failed.last(3)] == [entry for entry in ENTRIES[:50] if entry.stage == "EXCEPTION"][-3:]
    assert [*tail.more()] == []
    for begin in (50, 60):
        writer.write_batch(ENTRIES[begin : begin + 10])
        assert [*tail.more()] == ENTRIES[begin : begin + 10]
    writer.write_batch(ENTRIES[70:])
    assert [*tail.more()] == ENTRIES[70:]
    assert [*failed.more()] == [entry for entry in ENTRIES[50:] if entry.stage == "EXCEPTION"]
    assert len([*whole.last(None)]) == len(ENTRIES)
    for each in (tail, failed, whole):
        each.close()
    writer.close()


def test_a_server_that_is_away(server: MongoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """At first it is an error; while it is followed, one only if it stays away."""
    monkeypatch.setattr(module, "_POLL_S", 0)
    tail = MongoTail(server.uri, lambda entry: True)
    assert [*tail.last(3)] == []
    server.stop()
    assert [*tail.more()] == []
    monkeypatch.setattr(module, "_PATIENCE_S", 0)
    with pytest.raises(ReadError, match="mongodb://"):
        list(tail.more())
    tail.close()

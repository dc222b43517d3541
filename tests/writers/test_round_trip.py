"""Whatever is written comes back the same, from every writer and through every way in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from glimpse.entry import LogEntry
from glimpse.writers import BaseWriter
from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from glimpse.writers.mongo.writer import MongoWriter
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.memory import folder_in_memory
from tests.writers import entries as made
from tests.writers.mongo_server import MongoServer

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a failing example of a database is slow to make smaller
quickly = settings(
    max_examples=25, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass
class Place:
    """Makes writers to new places, and tells what is read back from the last one."""

    open: Callable[[Path], tuple[BaseWriter, str]]

    def round_trip(self, batches: list[list[LogEntry]]) -> list[LogEntry]:
        """Write the batches and read everything back, in the order of the ids."""
        with folder_in_memory() as folder:
            writer, source = self.open(folder)
            for batch in batches:
                writer.write_batch(batch)
            writer.flush()
            writer.close()
            return sorted(type(writer).read(source), key=lambda entry: entry.entry_id)


def _file(kind: Callable[[str], BaseWriter]) -> Callable[[Path], tuple[BaseWriter, str]]:
    return lambda folder: (kind(str(folder / "trace")), str(folder / "trace"))


FILES = {"jsonl": JsonlWriter, "json": JsonWriter, "sqlite": SqliteWriter, "journal": JournalWriter}


@pytest.fixture(scope="module", params=[*FILES, "mongo"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place of each kind; MongoDB's is the server in the environment, or one made for these tests."""
    if request.param in FILES:
        yield Place(_file(FILES[request.param]))
        return
    server = None
    uri = os.environ.get("GLIMPSE_TEST_MONGO_URI")
    if uri is None:
        server = MongoServer().start()
        uri = server.uri
    number = iter(range(10**6))

    def open_mongo(folder: Path) -> tuple[BaseWriter, str]:
        source = f"{uri}/glimpse_test_{os.getpid()}.trip{next(number)}"
        return MongoWriter(source, spool_path=str(folder / "spool")), source

    yield Place(open_mongo)
    _drop(uri)
    if server is not None:
        server.stop()
    while any(thread.name.startswith("pymongo") for thread in threading.enumerate()):  # they end twice a second
        time.sleep(0.01)


def _drop(uri: str) -> None:
    from pymongo import MongoClient

    with MongoClient(uri) as client:
        client.drop_database(f"glimpse_test_{os.getpid()}")


@pytest.mark.once
@quickly
@given(made.anything, st.integers(0, 12))
def test_any_entries(place: Place, entries: list[LogEntry], cut: int) -> None:
    """Entries with any text, number or absence in any field come back as they were, split over batches anyhow."""
    assert place.round_trip([entries[:cut], entries[cut:]]) == [made.as_stored(entry) for entry in entries]


@quickly
@given(made.threads_of_calls(), st.integers(0, 25))
def test_calls(place: Place, entries: list[LogEntry], cut: int) -> None:
    """Calls come back with their start and end, also when those were in different batches or there is no end."""
    assert place.round_trip([entries[:cut], entries[cut:]]) == entries


def test_huge_fields(place: Place) -> None:
    """Fields of a million characters are no different from others."""
    entries = [made.start(1, args="x" * 1_000_000), made.end(2, 1, result="é" * 1_000_000)]
    assert place.round_trip([entries]) == entries


def test_many_batches(place: Place) -> None:
    """A hundred batches come back in order and complete."""
    entries = made.calls(500)
    assert place.round_trip([entries[at : at + 10] for at in range(0, 1000, 10)]) == entries


def test_several_processes_in_one_batch(place: Place) -> None:
    """Entries of different processes, which have the same ids, are kept apart."""
    one = made.calls(3)
    other = [made.start(entry.entry_id, **{**entry.to_dict(), "pid": 9, "service": "other"}) for entry in made.calls(3)]
    found = place.round_trip([[entry for pair in zip(one, other, strict=True) for entry in pair]])
    assert [entry for entry in found if entry.pid == 4242] == one
    assert [entry for entry in found if entry.pid == 9] == other

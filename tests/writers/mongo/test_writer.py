"""MongoDB: pymongo over a real socket, against the server in the environment or one made for the tests."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from glimpse.entry import LogEntry
from glimpse.errors import ConfigError, ReadError, WriterError
from glimpse.traces.calls import finished_calls
from glimpse.views.sources import recognise, records_of
from glimpse.writers.mongo.writer import MongoWriter
from tests.traces.recording import Recorder
from tests.writers import entries as made
from tests.writers.mongo_server import Disconnect, MongoServer, Refusal

REAL = os.environ.get("GLIMPSE_TEST_MONGO_URI")
DATABASE = f"glimpse_test_{os.getpid()}"


@pytest.fixture
def server() -> Iterator[MongoServer]:
    """A server that fails on demand."""
    server = MongoServer().start()
    yield server
    server.stop()


@pytest.fixture
def uri(server: MongoServer) -> Iterator[str]:
    """The real server, if there is one, else the one for the tests; with an empty collection."""
    place = f"{REAL or server.uri}/{DATABASE}.entries"
    yield place
    with MongoClient(place) as client:
        client.drop_database(DATABASE)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., MongoWriter]]:
    """Makes writers that try again at once, and closes them."""
    monkeypatch.setattr("glimpse.writers.mongo.writer._FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr("glimpse.writers.mongo.writer._LONGEST_PAUSE_S", 0.0)
    writers: list[MongoWriter] = []

    def open_writer(uri: str, **options: Any) -> MongoWriter:
        writers.append(MongoWriter(uri, **{"spool_path": str(tmp_path / "spool"), **options}))
        return writers[-1]

    yield open_writer
    for writer in writers:
        writer.close()


def ids(server: MongoServer) -> list[int]:
    """The entry ids in the server's collection, in the order of insertion."""
    return [document["entry_id"] for document in server.documents()]


def spooled(folder: Path) -> list[Path]:
    """The files where entries wait."""
    return sorted(folder.glob("spool.*"))


def sent(writer: MongoWriter) -> None:
    """Flush until nothing waits: the driver looks only twice a second whether a server is back."""
    deadline = time.monotonic() + 10
    writer.flush()
    while writer.trouble is not None and time.monotonic() < deadline:
        writer.flush()


class TestAnyServer:
    """What holds for a real server as well."""

    def test_documents(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """A document has the record's fields, its time as a date, and an id that says where it comes from."""
        writer = opened(uri)
        writer.write_batch([made.start(1), made.exception(2, 1)])
        with MongoClient(uri) as client:
            first, second = client[DATABASE]["entries"].find(sort=[("entry_id", 1)])
        assert {name: first[name] for name in made.start(1).to_dict()} == made.start(1).to_dict()
        assert first["time"].isoformat() == "2023-12-01T10:30:15"
        assert first["_id"] != second["_id"]
        assert second["exception"]["type"] == "ValueError"

    def test_many(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """Thousands of entries are written, and read with a cursor, in the order of their time."""
        opened(uri).write_batch(made.calls(2000))
        assert [entry.entry_id for entry in MongoWriter.read(uri)] == list(range(1, 4001))

    def test_indexes(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """There are indexes on time, function and trace, and one that expires entries if that is asked for."""
        opened(uri, ttl=3600.0).write(made.start(1))
        with MongoClient(uri) as client:
            indexes = client[DATABASE]["entries"].index_information()
        keys = {tuple(name for name, _ in index["key"]) for index in indexes.values()}
        assert {("time", "entry_id"), ("function", "time"), ("trace_id", "time")} <= keys
        assert indexes["ttl"]["expireAfterSeconds"] == 3600

    def test_changed_ttl(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """Another time to live replaces the one before."""
        opened(uri, ttl=3600.0).write(made.start(1))
        opened(uri, ttl=60.0).write(made.start(2))
        with MongoClient(uri) as client:
            assert client[DATABASE]["entries"].index_information()["ttl"]["expireAfterSeconds"] == 60

    def test_capped(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """A capped collection keeps the newest entries; one that is there already is taken as it is."""
        for first in (1, 2001):
            opened(uri, capped_bytes=100_000).write_batch(made.calls(1000, first=first))
        with MongoClient(uri) as client:
            assert client[DATABASE]["entries"].options()["capped"]
        numbers = [entry.entry_id for entry in MongoWriter.read(uri)]
        assert 100 < len(numbers) < 1000
        assert numbers[-1] == 4000

    def test_oversize_entry(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """An entry that no document can hold is cut and says so; those beside it arrive as they are."""
        writer = opened(uri)
        writer.write_batch([made.start(1), made.end(2, 1, result="é" * 20_000_000), made.start(3)])
        one, two, three = MongoWriter.read(uri)
        assert (one, three) == (made.start(1), made.start(3))
        assert two.result is not None
        assert two.result.endswith(" characters)")
        assert writer.trouble is None

    @pytest.mark.parametrize("concern", [None, 1, "majority"])
    def test_write_concern(self, uri: str, opened: Callable[..., MongoWriter], concern: int | str | None) -> None:
        """The servers that must have an entry can be chosen."""
        opened(uri, write_concern=concern).write(made.start(1))
        assert list(MongoWriter.read(uri)) == [made.start(1)]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_fork(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """The driver's threads are gone at a fork; parent and child write on, each through its own connection."""
        before = threading.active_count()
        writer = opened(uri)
        writer.write(made.start(1))
        writer.before_fork()
        assert threading.active_count() == before

    def test_processes_with_the_same_ids(self, uri: str, opened: Callable[..., MongoWriter]) -> None:
        """Two runs whose entries have the same pid and ids are both kept."""
        writer = opened(uri)
        writer.write_batch(made.calls(1))
        writer.write_batch(made.calls(1))
        opened(uri).write_batch(made.calls(1))
        assert len(list(MongoWriter.read(uri))) == 6


def test_absent_at_start(server: MongoServer, opened: Callable[..., MongoWriter], tmp_path: Path) -> None:
    """Without a server entries wait in a file; when it comes they are sent, in order and once."""
    server.stop()
    writer = opened(server.uri + "/?serverSelectionTimeoutMS=50")
    writer.write_batch(made.calls(2))
    writer.write_batch(made.calls(1, first=5))
    assert writer.trouble is not None
    assert "entries wait in" in writer.trouble
    assert len(spooled(tmp_path)) == 1
    server.start()
    sent(writer)
    writer.write_batch(made.calls(1, first=7))
    assert ids(server) == list(range(1, 9))
    assert writer.trouble is None
    assert spooled(tmp_path) == []


def test_lost_in_the_middle(server: MongoServer, opened: Callable[..., MongoWriter]) -> None:
    """A server that goes and comes between batches loses and doubles nothing."""
    writer = opened(server.uri + "/?serverSelectionTimeoutMS=50")
    for number in range(20):
        if number in (5, 12):
            server.stop()
        if number in (8, 15):
            server.start()
        writer.write_batch(made.calls(5, first=10 * number + 1))
    sent(writer)
    assert sorted(ids(server)) == list(range(1, 201))


def test_answer_lost(server: MongoServer, opened: Callable[..., MongoWriter]) -> None:
    """When the connection breaks after the server took a batch and before it said so, nothing is doubled."""
    writer = opened(server.uri)
    lost = iter([True, True])

    def disconnect(command: str) -> None:
        if command == "insert" and next(lost, False):
            raise Disconnect

    server.faults.after = disconnect
    writer.write_batch(made.calls(5))
    assert writer.trouble is not None
    writer.flush()
    writer.flush()
    writer.write_batch(made.calls(1, first=11))
    assert ids(server) == list(range(1, 13))


def test_slow(server: MongoServer, opened: Callable[..., MongoWriter]) -> None:
    """A server that takes longer than the time limit is given what it did not confirm again, once."""
    writer = opened(server.uri + "/?socketTimeoutMS=100")
    writer.write_batch(made.calls(1))
    server.faults.before = lambda command: time.sleep(0.4) if command == "insert" else None
    started = time.monotonic()
    writer.write_batch(made.calls(5, first=3))
    assert time.monotonic() - started < 2
    server.faults.before = lambda command: None
    time.sleep(0.5)
    writer.flush()
    assert sorted(ids(server)) == list(range(1, 13))


@pytest.mark.parametrize(
    ("code", "message"), [(13, "Unauthorized"), (189, "PrimarySteppedDown"), (11602, "Interrupted")]
)
def test_refusing(
    server: MongoServer, opened: Callable[..., MongoWriter], tmp_path: Path, code: int, message: str
) -> None:
    """While a server refuses, entries wait; what it says is told without the password."""
    writer = opened(server.uri)

    def refuse(command: str) -> None:
        if command == "insert":
            raise Refusal(code, message)

    server.faults.before = refuse
    writer.write_batch(made.calls(2))
    assert writer.trouble is not None
    assert message in writer.trouble
    server.faults.before = lambda command: None
    writer.flush()
    assert ids(server) == [1, 2, 3, 4]
    assert spooled(tmp_path) == []


def test_full(server: MongoServer, opened: Callable[..., MongoWriter]) -> None:
    """A server whose disk is full takes some entries of a batch; the others arrive when there is room, and no twice."""
    writer = opened(server.uri)
    full = {"code": 14031, "errmsg": "OutOfDiskSpace"}
    server.faults.document_error = lambda document: full if document["entry_id"] > 3 else None
    writer.write_batch(made.calls(3))
    assert ids(server) == [1, 2, 3]
    server.faults.document_error = lambda document: None
    writer.write_batch(made.calls(1, first=7))
    assert ids(server) == list(range(1, 9))


def test_refused_for_good(server: MongoServer, opened: Callable[..., MongoWriter], tmp_path: Path) -> None:
    """An entry that the server will never take is put aside, told of, and does not hold up the others."""
    writer = opened(server.uri)
    invalid = {"code": 121, "errmsg": "Document failed validation"}
    server.faults.document_error = lambda document: invalid if document["entry_id"] == 2 else None
    writer.write_batch(made.calls(2))
    writer.write_batch(made.calls(1, first=5))
    assert ids(server) == [1, 3, 4, 5, 6]
    assert writer.trouble is not None
    assert "1 entries refused" in writer.trouble
    assert '"entry_id":2' in (tmp_path / "spool.refused").read_text()


def test_next_run_sends_what_the_last_one_could_not(
    server: MongoServer, opened: Callable[..., MongoWriter], tmp_path: Path
) -> None:
    """Entries that still wait when the program ends are sent by its next run."""
    server.stop()
    writer = opened(server.uri + "/?serverSelectionTimeoutMS=50")
    writer.write_batch(made.calls(2))
    writer.close()
    assert len(spooled(tmp_path)) == 1
    server.start()
    sent(writer := opened(server.uri))
    writer.write_batch(made.calls(1, first=5))
    assert ids(server) == list(range(1, 7))
    assert spooled(tmp_path) == []


def test_no_room_anywhere(server: MongoServer, opened: Callable[..., MongoWriter], tmp_path: Path) -> None:
    """With neither a server nor room for the file the batch is refused, and taken once when it is offered again."""
    server.stop()
    blocked = tmp_path / "file"
    blocked.write_text("")
    writer = opened(server.uri + "/?serverSelectionTimeoutMS=50", spool_path=str(blocked / "spool"))
    with pytest.raises((WriterError, OSError)):
        writer.write_batch(made.calls(2))
    server.start()
    sent(writer)
    writer.write_batch(made.calls(2))
    assert ids(server) == [1, 2, 3, 4]


def test_absent_server_costs_little(tmp_path: Path, server: MongoServer) -> None:
    """After a failure the server is left alone for a while: batches do not wait for it each time."""
    server.stop()
    writer = MongoWriter(server.uri + "/?serverSelectionTimeoutMS=1000", spool_path=str(tmp_path / "spool"))
    writer.write(made.start(1))
    started = time.monotonic()
    for number in range(2, 52):
        writer.write(made.start(number))
    assert time.monotonic() - started < 0.3
    server.start()
    writer.close()
    assert ids(server) == list(range(1, 52))


SECRET = "hunter2%40x"


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:27017",
        f"mongo://user:{SECRET}@host",
        f"mongodb://user:{SECRET}@",
        f"mongodb://user:{SECRET}@host:port/db",
        f"mongodb://user:{SECRET}:x@host/?authSource=a&password={SECRET}",
        "mongodb://host:99999999",
    ],
)
def test_bad_uri(uri: str, tmp_path: Path) -> None:
    """A URI that is none is an error at once, which does not tell the password."""
    with pytest.raises(ConfigError, match="option uri of dest mongo") as caught:
        MongoWriter(uri, spool_path=str(tmp_path / "spool"))
    assert SECRET not in str(caught.value)


def test_password_is_never_told(tmp_path: Path, server: MongoServer) -> None:
    """Neither trouble nor a failed reading shows the password."""
    server.stop()
    uri = server.uri.replace("//", f"//user:{SECRET}@") + "/?serverSelectionTimeoutMS=50"
    writer = MongoWriter(uri, spool_path=str(tmp_path / "spool"))
    writer.write(made.start(1))
    assert SECRET not in str(writer.trouble)
    assert SECRET not in repr(writer)
    writer.close()
    with pytest.raises(ReadError) as caught:
        list(MongoWriter.read(uri))
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_that_exclude_each_other(tmp_path: Path) -> None:
    """A capped collection cannot expire entries."""
    with pytest.raises(ConfigError, match="ttl and capped_bytes"):
        MongoWriter("mongodb://localhost", ttl=1.0, capped_bytes=1000, spool_path=str(tmp_path / "spool"))


@pytest.mark.parametrize("document", [{"_id": 1}, {"_id": 1, **made.start(1).to_dict(), "pid": "x"}])
def test_hostile_documents(server: MongoServer, document: dict[str, Any]) -> None:
    """Documents that are no entries are an error of one line."""
    with MongoClient(server.uri) as client:
        client["glimpse"]["entries"].insert_one(document)
    with pytest.raises(ReadError, match="not an entry") as caught:
        list(MongoWriter.read(server.uri))
    assert "\n" not in str(caught.value)


def test_closed(server: MongoServer, opened: Callable[..., MongoWriter]) -> None:
    """Closing twice does no harm; writing afterwards is refused."""
    writer = opened(server.uri)
    writer.close()
    writer.close()
    with pytest.raises(WriterError, match="closed"):
        writer.write(made.start(1))


def test_entries_survive_as_they_were(server: MongoServer, opened: Callable[..., MongoWriter], tmp_path: Path) -> None:
    """What waited in a file is the same in the end as what did not."""
    strange: list[LogEntry] = [made.start(1, args="\ud800 \0 é"), made.end(2, 1, duration_ms=float("inf"))]
    server.stop()
    writer = opened(server.uri + "/?serverSelectionTimeoutMS=50")
    writer.write_batch(strange)
    server.start()
    sent(writer)
    assert sorted(MongoWriter.read(server.uri), key=lambda entry: entry.entry_id) == [
        made.as_stored(entry) for entry in strange
    ]


def test_processes_of_the_same_number_are_told_apart(uri: str, opened: Callable[..., MongoWriter]) -> None:
    """As there are in containers, where each first process has the number 1."""
    for name in ("first", "second"):
        writer = opened(uri)
        program = Recorder(1)
        with program.call(f"{name}.main"):
            program.leaf(f"{name}.step")
        writer.write_batch([LogEntry.from_dict(entry) for entry in program.entries])
        writer.close()
    calls = list(finished_calls(records_of([recognise(uri)])))
    found = sorted((call.function, call.parent.function if call.parent else None) for call in calls)
    assert found == [
        ("first.main", None),
        ("first.step", "first.main"),
        ("second.main", None),
        ("second.step", "second.main"),
    ]

"""A JSON array: valid after every batch, whoever writes, and whatever happened to the file before."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.entry import LogEntry
from glimpse.errors import WriterError
from glimpse.writers.json_array import JsonWriter
from tests.writers import entries as made
from tests.writers.outcome import read_or_refused, refusal
from tests.writers.places import small_disk
from tests.writers.processes import run_together


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "trace.json"


def read(path: Path) -> list[LogEntry]:
    """What is read back."""
    return list(JsonWriter.read(str(path)))


def write(path: Path, *batches: list[LogEntry]) -> None:
    """Write batches and close."""
    writer = JsonWriter(str(path))
    for batch in batches:
        writer.write_batch(batch)
    writer.close()


def test_valid_after_every_batch(path: Path) -> None:
    """The file is a JSON array from its beginning on, and after each batch has that batch's entries."""
    writer = JsonWriter(str(path))
    assert json.loads(path.read_text()) == []
    for number in (1, 2, 3):
        writer.write_batch([made.start(number)])
        assert [entry["entry_id"] for entry in json.loads(path.read_text())] == list(range(1, number + 1))
    writer.write_batch([])
    writer.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_grows_while_it_is_read(path: Path) -> None:
    """A reader that has seen the end of the array gives it as it was then, also if more was written meanwhile."""
    writer = JsonWriter(str(path))
    writer.write_batch(made.calls(2))
    reading = JsonWriter.read(str(path))
    first = next(reading)
    writer.write_batch(made.calls(2))
    assert [first, *reading] == made.calls(2)
    assert len(list(JsonWriter.read(str(path)))) == 8
    writer.close()


def test_appends_to_an_array(path: Path) -> None:
    """A second run appends to what the first one wrote."""
    write(path, [made.start(1)])
    write(path, [made.start(2)], [made.start(3)])
    assert read(path) == [made.start(1), made.start(2), made.start(3)]


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("end", ["", "\n", " \n\n"])
def test_appends_to_an_array_that_was_laid_out(path: Path, indent: int | str | None, end: str) -> None:
    """Another program may have laid the array out in another way."""
    entries = [made.start(1), made.exception(2, 1)]
    path.write_text(json.dumps([entry.to_dict() for entry in entries], indent=indent) + end)
    assert read(path) == entries
    write(path, [made.start(3)])
    assert read(path) == [*entries, made.start(3)]
    assert len(json.loads(path.read_text())) == 3


@pytest.mark.parametrize("content", [b"", b"[]", b"[\n]\n", b" [ ] "])
def test_empty_files(path: Path, content: bytes) -> None:
    """An empty file or array is a trace without entries, which can be written to."""
    path.write_bytes(content)
    assert read(path) == []
    write(path, [made.start(1)])
    assert [entry["entry_id"] for entry in json.loads(path.read_text())] == [1]


@pytest.mark.parametrize("content", [b"notes of mine", b'{"a": 1}', b"[1, 2, 3]\n", b'[{"name": "x"}]\n', b"\x00\xff"])
def test_foreign_files_are_kept(path: Path, content: bytes) -> None:
    """What is not an array of entries is refused, and stays as it was."""
    path.write_bytes(content)
    with pytest.raises(WriterError, match=r"option log_path: .* holds something other"):
        JsonWriter(str(path))
    assert path.read_bytes() == content


@pytest.mark.once
@settings(max_examples=120, deadline=None)
@given(st.integers(0, 3), st.integers(0, 100_000))
def test_killed_at_any_byte(tmp_path_factory: pytest.TempPathFactory, batches: int, cut: int) -> None:
    """Killed anywhere in a batch, the file is readable, and the next run makes it valid again."""
    path = tmp_path_factory.mktemp("killed") / "trace.json"
    before = [made.start(1, result="}]")] * batches
    write(path, before)
    writer = JsonWriter(str(path))
    size = path.stat().st_size
    old = path.read_bytes()
    writer.write_batch([made.start(2), made.exception(3, 2)])
    writer.close()
    new = path.read_bytes()
    reached = size - 3 + cut % (len(new) - size + 4)
    path.write_bytes(new[:reached] + old[reached:])
    found = read(path)
    assert found in [before + [made.start(2), made.exception(3, 2)][:count] for count in (0, 1, 2)]
    write(path, [made.start(9)])
    assert read(path) == [*found, made.start(9)]
    json.loads(path.read_text())


def test_damage_that_is_not_ours_is_refused(path: Path) -> None:
    """A file that is damaged in another way than by a kill is not touched."""
    content = b'[\n{"entry_id":1},\nsomething\nelse entirely\n'
    path.write_bytes(content)
    with pytest.raises(WriterError, match="damaged"):
        JsonWriter(str(path))
    assert path.read_bytes() == content


APPEND = """
from glimpse.writers.json_array import JsonWriter
writer = JsonWriter(path)
for number in range(50):
    writer.write_batch(calls(2, number * 4 + 1))
writer.close()
"""


@pytest.mark.once
def test_shared_by_processes(path: Path) -> None:
    """Processes that write one array at the same time lose nothing, and it is valid in the end."""
    run_together(APPEND, path, 3)
    found = sorted((entry["pid"], entry["entry_id"]) for entry in json.loads(path.read_text()))
    assert found == [(pid, number) for pid in (1, 2, 3) for number in range(1, 201)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork(path: Path) -> None:
    """Parent and child write one array."""
    writer = JsonWriter(str(path))
    writer.write(made.start(1))
    child = os.fork()
    if child == 0:
        writer.after_fork()
        writer.write(made.start(2))
        writer.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.write(made.start(3))
    writer.close()
    assert [entry["entry_id"] for entry in json.loads(path.read_text())] == [1, 2, 3]


def test_moved_away(path: Path) -> None:
    """After the file has been moved or deleted, the next batch begins a new array."""
    writer = JsonWriter(str(path))
    writer.write(made.start(1))
    path.rename(path.with_suffix(".old"))
    writer.write(made.start(2))
    writer.close()
    assert read(path.with_suffix(".old")) == [made.start(1)]
    assert read(path) == [made.start(2)]


def test_disk_full(tmp_path: Path) -> None:
    """A batch that there is no room for is refused as a whole, and the file stays valid."""
    with small_disk(tmp_path, 64 * 1024) as folder:
        path = folder / "trace.json"
        writer = JsonWriter(str(path))
        writer.write_batch(made.calls(10))
        with pytest.raises(OSError, match="No space"):
            writer.write_batch(made.calls(500, first=100))
        assert len(json.loads(path.read_text())) == 20
        writer.write_batch(made.calls(10, first=5000))
        writer.close()
        assert len(json.loads(path.read_text())) == 40


def test_closed(path: Path) -> None:
    """Closing twice does no harm; writing afterwards is refused."""
    writer = JsonWriter(str(path))
    writer.close()
    writer.close()
    with pytest.raises(WriterError, match="closed"):
        writer.write(made.start(1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "not a JSON array: 'hello'"),
        (b"[1]", "not an array of entries: '1]'"),
        (b'[{"entry_id": 1}]', "element 1: not an entry: it has no 'call_id'"),
        (b'[{"entry_id": oops and more text after it}]', "Expecting value"),
        (b"[" + b'{"a":' * 100_000, "nested too deeply"),
        (b'[{"entry_id": ' + b"9" * 5000 + b"}]", "digits|type|call_id"),
        (b'[{"entry_id": 1, "a": "\xff\xfe"}]', "not UTF-8"),
    ],
)
def test_hostile_files(path: Path, content: bytes, message: str) -> None:
    """What is no trace is refused with one line that says where and why."""
    path.write_bytes(content)
    assert re.search(message, refusal(JsonWriter.read, path))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 400))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    """Whatever is in a file, reading ends in entries or a ReadError, and in nothing else."""
    path = tmp_path_factory.mktemp("any") / "trace"
    write(path, [made.start(1), made.start(2)])
    data = path.read_bytes()
    path.write_bytes(data[:at] + noise + data[at + len(noise) :])
    found = read_or_refused(JsonWriter.read, path)
    assert found is None or len(found) <= 2

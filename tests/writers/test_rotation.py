"""Rotation by size and age: what moves when, what stays, and what is compressed."""

from __future__ import annotations

import gzip
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from glimpse.entry import LogEntry
from glimpse.natives import System
from glimpse.writers.jsonl import JsonlWriter
from tests.writers import entries as made
from tests.writers.places import unprivileged


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "trace.jsonl"


def write(path: Path, entries: list[LogEntry], **options: Any) -> None:
    """Write entries one by one and close."""
    writer = JsonlWriter(str(path), **options)
    for entry in entries:
        writer.write(entry)
    writer.close()


def parts(path: Path) -> list[Path]:
    """The moved files, oldest first, and the file."""
    return [*sorted(file for file in path.parent.iterdir() if file != path), path]


def read(path: Path) -> list[int]:
    """Ids in all the files together."""
    return [entry.entry_id for part in parts(path) for entry in JsonlWriter.read(str(part))]


def test_by_size(path: Path) -> None:
    """No file is larger than asked for, and together they hold everything in order."""
    write(path, made.calls(100), max_bytes=5000)
    assert [file.name for file in parts(path)][:2] == ["trace.jsonl.000001", "trace.jsonl.000002"]
    assert all(4000 < file.stat().st_size <= 5000 for file in parts(path)[:-1])
    assert read(path) == list(range(1, 201))


def test_a_number_that_was_not_listed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another process renames to its compressed form while names are listed is not replaced."""
    write(path, made.calls(10), max_bytes=2000, gzip=True)
    before = {file: file.read_bytes() for file in parts(path)[:-1]}
    assert before
    monkeypatch.setattr(System, "listdir", lambda folder: [])
    write(path, made.calls(10, first=21), max_bytes=2000, gzip=True)
    assert {file: file.read_bytes() for file in before} == before
    assert sorted(read(path)) == list(range(1, 41))


def test_a_batch_larger_than_a_file_is_not_split(path: Path) -> None:
    """A batch stays in one file even if it alone is larger than asked for."""
    writer = JsonlWriter(str(path), max_bytes=1000)
    writer.write_batch(made.calls(20))
    writer.write_batch(made.calls(20, first=41))
    writer.close()
    assert [len(list(JsonlWriter.read(str(file)))) for file in parts(path)] == [40, 40]


def test_a_batch_of_thousands_is_split(path: Path) -> None:
    """What a slow destination beside this one has held up comes at once; files keep to their size all the same."""
    writer = JsonlWriter(str(path), max_bytes=100_000)
    writer.write_batch(made.calls(2000))
    writer.close()
    assert len(parts(path)) > 3
    assert all(file.stat().st_size <= 100_000 for file in parts(path))
    assert read(path) == list(range(1, 4001))


def test_compressed(path: Path) -> None:
    """Moved files are compressed, privately, and nothing but them and the file is left."""
    write(path, made.calls(200), max_bytes=20_000, gzip=True)
    *moved, last = parts(path)
    assert last == path
    assert {file.suffix for file in moved} == {".gz"}
    assert {file.stat().st_mode & 0o777 for file in moved} == {0o600}
    assert len(gzip.decompress(moved[0].read_bytes())) > 5 * moved[0].stat().st_size
    assert read(path) == list(range(1, 401))


@pytest.mark.parametrize("compress", [False, True])
def test_retention(path: Path, compress: bool) -> None:
    """Only the newest of the moved files stay, if a number is given."""
    write(path, made.calls(200), max_bytes=5000, backup_count=3, gzip=compress)
    assert len(parts(path)) == 4
    numbers = read(path)
    assert numbers == list(range(numbers[0], 401))


def test_numbers_go_on(path: Path) -> None:
    """A later run numbers its files after those that are there."""
    write(path, made.calls(20), max_bytes=3000)
    before = len(parts(path))
    write(path, made.calls(20, first=41), max_bytes=3000)
    assert len(parts(path)) > before
    assert read(path) == list(range(1, 81))


def stamp(ago: timedelta) -> str:
    """The timestamp of a moment before now."""
    return (datetime.now(timezone.utc) - ago).strftime("%Y-%m-%d %H:%M:%S.%f")


def test_by_age(path: Path) -> None:
    """A file whose first entry is old enough is moved, also if another process began it."""
    write(path, [made.start(1, timestamp=stamp(timedelta(hours=2)))])
    write(path, [made.start(2)], max_age=3 * 3600)
    assert read(path) == [1, 2]
    assert parts(path) == [path]
    write(path, [made.start(3)], max_age=3600)
    assert [len(list(JsonlWriter.read(str(file)))) for file in parts(path)] == [2, 1]


def test_clock_that_jumped_back(path: Path) -> None:
    """A first entry from the future is no reason to move a file."""
    write(path, [made.start(1, timestamp=stamp(timedelta(hours=-5))), made.start(2)], max_age=60)
    assert parts(path) == [path]


def test_interrupted_compression(path: Path) -> None:
    """What a kill left of a compression is done again, and the plain file is there until then."""
    write(path, made.calls(20), max_bytes=3000)
    first = parts(path)[0]
    first.with_name(first.name + ".gz.part").write_bytes(b"half")
    assert next(JsonlWriter.read(str(first))).entry_id == 1
    write(path, made.calls(40, first=41), max_bytes=3000, gzip=True)
    numbers = [
        entry.entry_id
        for file in parts(path)
        if not file.name.endswith(".part")
        for entry in JsonlWriter.read(str(file))
    ]
    assert sorted(numbers) == list(range(1, 121))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_folder_that_cannot_be_written() -> None:
    """Where files cannot be moved the file grows: entries are worth more than its size."""
    with unprivileged() as folder:
        path = folder / "trace.jsonl"
        writer = JsonlWriter(str(path), max_bytes=1000)
        folder.chmod(0o500)
        for entry in made.calls(20):
            writer.write(entry)
        folder.chmod(0o700)
        writer.close()
        assert parts(path) == [path]
        assert read(path) == list(range(1, 41))


def test_compression_does_not_hold_up_writing(path: Path) -> None:
    """A large file is compressed piece by piece, with the batches that follow, and done at the latest by closing."""
    big = [made.start(number, args=f"total({number})" + "x" * 2000) for number in range(1, 1001)]
    writer = JsonlWriter(str(path), max_bytes=2_000_000, gzip=True)
    writer.write_batch(big)
    writer.write(made.start(1001))
    names = {file.name for file in parts(path)}
    assert names == {"trace.jsonl", "trace.jsonl.000001", "trace.jsonl.000001.gz.part"}
    writer.close()
    assert {file.name for file in parts(path)} == {"trace.jsonl", "trace.jsonl.000001.gz"}
    assert read(path) == list(range(1, 1002))

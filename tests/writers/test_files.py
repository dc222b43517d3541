"""Descriptors of files, in a program that closes what it has not opened, as one does that becomes a daemon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glimpse.writers import BaseWriter
from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from tests.writers import entries as made
from tests.writers.places import descriptor_of

KINDS: tuple[type[BaseWriter], ...] = (JsonlWriter, JsonWriter, JournalWriter)


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_descriptor_is_opened_again(kind: type[BaseWriter], tmp_path: Path) -> None:
    """What is written after the program has closed the file follows what was written before."""
    path = tmp_path / "trace"
    writer = kind(str(path))  # type: ignore[call-arg]
    writer.write_batch(made.calls(2))
    os.close(descriptor_of(path))
    writer.write_batch(made.calls(3, first=5))
    os.close(descriptor_of(path))
    writer.close()
    assert [entry.entry_id for entry in kind.read(str(path))] == list(range(1, 11))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("then", ["write", "close"])
def test_a_descriptor_that_is_the_programs_by_now(kind: type[BaseWriter], then: str, tmp_path: Path) -> None:
    """A file that the program has opened under the number of ours is neither closed nor written to."""
    path, own = tmp_path / "trace", tmp_path / "own"
    writer = kind(str(path))  # type: ignore[call-arg]
    writer.write_batch(made.calls(2))
    number = descriptor_of(path)
    with own.open("wb") as file:
        os.dup2(file.fileno(), number)
    if then == "write":
        writer.write_batch(made.calls(1, first=5))
    writer.close()
    os.write(number, b"the program's")
    os.close(number)
    assert own.read_bytes() == b"the program's"
    assert len(list(kind.read(str(path)))) == (6 if then == "write" else 4)

"""Several writers as one: all get everything, and the failure of one is no other's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from glimpse.entry import LogEntry
from glimpse.errors import WriterError
from glimpse.writers import BaseWriter, PartialWrite
from glimpse.writers.fanout import FanOut
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from tests.writers import entries as made


class Moody(BaseWriter):
    """Takes as many entries as it is told to, then fails."""

    def __init__(self) -> None:
        self.room = 0
        self.taken: list[LogEntry] = []
        self.forks: list[str] = []
        self.closed = False

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Take what there is room for."""
        fitting = entries[: self.room]
        self.taken += fitting
        self.room -= len(fitting)
        if len(fitting) < len(entries):
            raise PartialWrite(len(fitting), "no room")

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def before_fork(self) -> None:
        """Note it."""
        self.forks.append("before")

    def after_fork(self) -> None:
        """Note it."""
        self.forks.append("after")


class Broken(BaseWriter):
    """Fails whatever it is asked."""

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Fail."""
        raise ValueError("broken")

    def flush(self) -> None:
        """Fail."""
        raise ValueError("broken flush")

    def close(self) -> None:
        """Fail."""
        raise ValueError("broken close")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed writers are tried again with the next batch."""
    monkeypatch.setattr("glimpse.writers.fanout._FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr("glimpse.writers.fanout._LONGEST_PAUSE_S", 0.0)


def test_all_get_everything(tmp_path: Path) -> None:
    """Each writer has every entry in the end."""
    one, two = tmp_path / "a.jsonl", tmp_path / "b.json"
    both = FanOut({"jsonl": JsonlWriter(str(one)), "json": JsonWriter(str(two))})
    both.write_batch(made.calls(3))
    both.write(made.start(7))
    both.flush()
    both.close()
    assert list(JsonlWriter.read(str(one))) == list(JsonWriter.read(str(two))) == [*made.calls(3), made.start(7)]


def test_a_failing_writer_gets_the_rest_later() -> None:
    """What one did not take it gets when it works again, once and in order; the other one does not notice."""
    moody, good = Moody(), Moody()
    good.room = 10**6
    both = FanOut({"moody": moody, "good": good})
    moody.room = 3
    both.write_batch(made.calls(2))
    both.write_batch(made.calls(1, first=5))
    assert good.taken == made.calls(3)
    assert moody.taken == made.calls(3)[:3]
    assert both.trouble == "moody: PartialWrite: 0 written, then: no room (3 entries wait)"
    moody.room = 100
    both.flush()
    assert moody.taken == made.calls(3)
    assert both.trouble is None


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a writer that stays broken only so many entries wait; the others are counted as lost."""
    monkeypatch.setattr("glimpse.writers.fanout._MOST_WAITING", 10)
    good = Moody()
    good.room = 10**6
    both = FanOut({"broken": Broken(), "good": good})
    for number in range(10):
        both.write_batch(made.calls(2, first=4 * number + 1))
    assert len(good.taken) == 40
    assert both.dropped == 32
    assert both.trouble == "broken: ValueError: broken (8 entries wait, 32 entries lost)"


def test_failures_of_all_are_told() -> None:
    """Flushing and closing reach every writer, and then say what went wrong."""
    moody = Moody()
    both = FanOut({"broken": Broken(), "moody": moody})
    with pytest.raises(WriterError, match="broken: broken flush"):
        both.flush()
    both.write_batch(made.calls(1))
    with pytest.raises(WriterError, match="broken: broken close; moody: 2 entries could not be written"):
        both.close()
    assert moody.closed


def test_forks() -> None:
    """Every writer is told of a fork; what waited is the parent's."""
    moody = Moody()
    both = FanOut({"moody": moody})
    both.write_batch(made.calls(1))
    both.before_fork()
    both.after_fork()
    assert moody.forks == ["before", "after"]
    moody.room = 100
    both.flush()
    assert moody.taken == []

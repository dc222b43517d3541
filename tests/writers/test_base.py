"""What a writer of one's own may leave to its base class."""

from __future__ import annotations

import pytest

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.writers import BaseWriter, PartialWrite
from tests.writers import entries as made


class OneByOne(BaseWriter):
    """Defines ``write`` only."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[LogEntry] = []

    def write(self, entry: LogEntry) -> None:
        """Take it if there is room."""
        if len(self.taken) == self.room:
            raise OSError("full")
        self.taken.append(entry)


def test_write_is_enough() -> None:
    """A writer that defines only ``write`` gets the entries of a batch one by one."""
    writer = OneByOne(10)
    writer.write_batch(made.calls(3))
    assert writer.taken == made.calls(3)
    for method in (writer.flush, writer.before_fork, writer.after_fork, writer.close):
        method()
    assert writer.trouble is None


def test_a_batch_that_fails_in_the_middle() -> None:
    """The batch says how many were taken, so that they are not offered again."""
    writer = OneByOne(4)
    with pytest.raises(PartialWrite, match="4 written, then: full") as caught:
        writer.write_batch(made.calls(3))
    assert caught.value.taken == 4
    with pytest.raises(OSError, match="full"):
        writer.write_batch(made.calls(3)[4:])


def test_neither_method() -> None:
    """A writer that defines neither method says so."""
    with pytest.raises(NotImplementedError, match="neither write nor write_batch"):
        BaseWriter().write(made.start(1))


def test_reading_is_optional() -> None:
    """A writer that cannot read back what it wrote says so."""
    with pytest.raises(ReadError, match="OneByOne cannot read"):
        OneByOne.read("x")

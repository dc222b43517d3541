"""What waits to be written: entries, lines, events or rows in the form that a writer takes."""

from __future__ import annotations

from ..assembly.events import Event
from .shield import shielded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, Protocol
else:
    from glimpse.light import Protocol

__all__ = ["ENOUGH", "Batch", "Frames", "Items", "Lines", "Raw", "Rows"]


class Batch(Protocol):
    """Something assembled that is still to be written; kept and offered again while the writer fails."""

    @property
    def entries(self) -> int:
        """How many entries it holds."""

    @property
    def size(self) -> int:
        """How many bytes it holds; ``ENOUGH`` if it should not wait for others."""

    def absorb(self, more: Any) -> bool:
        """Take in the batch that follows; False if they are better written one by one."""

    def write(self) -> int:
        """Write it, or what is left of it; returns the bytes written, 0 if that is not known."""


ENOUGH: Final = 1 << 16
"""Bytes that are written together. A system call for each chunk would cost a tenth of all that a call costs."""


class Items:
    """Entries in a form that is counted one by one, and what takes them."""

    size = ENOUGH

    def __init__(self, take: Callable[[list[Any]], None], items: list[Any]) -> None:
        self._take, self._left = take, items
        self.entries = len(items)

    def absorb(self, more: Any) -> bool:
        """See ``Batch``."""
        return False

    def write(self) -> int:
        """See ``Batch``."""
        try:
            self._take(self._left)
        except Exception as error:
            taken = getattr(error, "taken", 0)
            self._left = self._left[taken:]
            self.entries -= taken
            raise
        return 0


class Bytes:
    """What is ready to be written but for a ``writer`` and a system call. After the first attempt nothing is added."""

    def __init__(self, writer: Any, data: bytes, entries: int) -> None:
        self.writer, self.entries = writer, entries
        self._parts, self.size = [data], len(data)
        self._tried = False

    def absorb(self, more: Any) -> bool:
        """See ``Batch``."""
        if self.size >= ENOUGH or self._tried:
            return False
        self._parts += more._parts
        self.size += more.size
        self.entries += more.entries
        return True

    def write(self) -> int:
        """See ``Batch``."""
        self._tried = True
        size, data = self.size, b"".join(self._parts)
        self._parts = [data]
        self._write(data)
        return size

    def _write(self, data: bytes) -> None:
        raise NotImplementedError


class Lines(Bytes):
    """Lines of JSON."""

    def _write(self, data: bytes) -> None:
        try:
            self.writer.write_lines(data)
        except Exception as error:
            taken = getattr(error, "taken", 0)
            self.entries -= data.count(b"\n", 0, taken)
            self._parts, self.size = [data[taken:]], len(data) - taken
            raise


class Frames(Bytes):
    """Frames of the journal."""

    def __init__(self, writer: Any, events: list[Event], meta: Mapping[str, Any]) -> None:
        super().__init__(writer, writer.frame_of(events), len(events))
        self._meta = meta

    def _write(self, data: bytes) -> None:
        self.writer.write_frames(data, self._meta)


class Raw:
    """Events, for a writer of one's own that takes them."""

    size = ENOUGH

    def __init__(self, writer: Any, events: list[Event], meta: Mapping[str, Any]) -> None:
        self.writer, self._left, self._meta, self.entries = writer, events, meta, len(events)

    def absorb(self, more: Any) -> bool:
        """See ``Batch``."""
        return False

    def write(self) -> int:
        """See ``Batch``."""
        self.writer.write_events(self._left, self._meta)
        return 0


class Rows:
    """Rows of a database."""

    size = ENOUGH

    def __init__(self, writer: Any, rows: Any) -> None:
        self._writer, self._rows, self.entries = writer, rows, rows.entries

    def absorb(self, more: Any) -> bool:
        """See ``Batch``."""
        return False

    def write(self) -> int:
        """See ``Batch``."""
        if self._rows is not None:  # else a signal's handler raised after they were written
            shielded(self._write)
        return 0

    def _write(self) -> None:
        self._writer.write_rows(self._rows)
        self._rows = None

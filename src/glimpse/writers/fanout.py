"""Several writers as one: each gets everything, and none suffers from another's failure."""

from __future__ import annotations

from collections import deque

from glimpse.entry import LogEntry
from glimpse.errors import WriterError
from glimpse.writers.base import BaseWriter
from glimpse.writers.files import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Final

__all__ = ["FanOut"]

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 30.0
_MOST_WAITING: Final = 100_000
"""Entries that wait for one failing writer; beyond, its oldest are dropped and counted."""


class FanOut(BaseWriter):
    """Gives every batch to several writers, by the names of their destinations.

    What a writer that fails did not take waits for it, and is offered again after a growing pause, before what came
    later. So a batch is never refused as a whole; ``trouble`` and ``dropped`` tell how it went.
    """

    def __init__(self, writers: Mapping[str, BaseWriter]) -> None:
        self._branches = [_Branch(name, writer) for name, writer in writers.items()]

    @property
    def trouble(self) -> str | None:
        """The troubles of the writers, and what waits for them or was dropped."""
        return "; ".join(filter(None, (branch.trouble for branch in self._branches))) or None

    @property
    def dropped(self) -> int:
        """How many entries some writer did not get, since too many waited for it."""
        return sum(branch.dropped for branch in self._branches)

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Give the entries to each writer."""
        for branch in self._branches:
            branch.put(entries)

    def flush(self) -> None:
        """Flush each writer."""
        self._each(_Branch.flush)

    def close(self) -> None:
        """Close each writer, after a last try to give it what waits."""
        self._each(_Branch.close)

    def before_fork(self) -> None:
        """Prepare each writer."""
        self._each(lambda branch: branch.writer.before_fork())

    def after_fork(self) -> None:
        """Start each writer afresh; what waited is the parent's."""
        self._each(_Branch.after_fork)

    def _each(self, work: Callable[[_Branch], None]) -> None:
        """Do it for all of them, whatever happens to one, and then tell what did."""
        errors = []
        for branch in self._branches:
            try:
                work(branch)
            except Exception as error:
                errors.append(f"{branch.name}: {error}")
        if errors:
            raise WriterError("; ".join(errors))


class _Branch:
    """One of the writers, and what waits for it."""

    def __init__(self, name: str, writer: BaseWriter) -> None:
        self.name = name
        self.writer = writer
        self.dropped = 0
        self._error: str | None = None
        self._waiting: deque[Sequence[LogEntry]] = deque()
        self._count = 0
        self._pause = _FIRST_PAUSE_S
        self._retry_at = 0.0

    @property
    def trouble(self) -> str | None:
        """What is wrong with it."""
        if self._error is None and not self.dropped:
            return self.writer.trouble
        lost = f", {self.dropped} entries lost" if self.dropped else ""
        return f"{self.name}: {self._error or 'writes again'} ({self._count} entries wait{lost})"

    def put(self, entries: Sequence[LogEntry]) -> None:
        """Write the entries, or let them wait."""
        self._waiting.append(entries)
        self._count += len(entries)
        if System.monotonic() >= self._retry_at:
            self._try()
        while self._count > _MOST_WAITING and len(self._waiting) > 1:
            lost = len(self._waiting.popleft())
            self._count -= lost
            self.dropped += lost

    def flush(self) -> None:
        """Write what waits."""
        self._try()
        self.writer.flush()

    def close(self) -> None:
        """Write what waits, and close.

        :raises WriterError: something is lost.
        """
        self._try()
        self.writer.close()
        if self._count:
            raise WriterError(f"{self._count} entries could not be written: {self._error}")

    def after_fork(self) -> None:
        """Begin afresh."""
        self._waiting.clear()
        self._count = self.dropped = 0
        self._retry_at, self._error = 0.0, None
        self.writer.after_fork()

    def _try(self) -> None:
        while self._waiting:
            entries = self._waiting[0]
            try:
                self.writer.write_batch(entries)
            except Exception as error:
                taken = getattr(error, "taken", 0)
                self._waiting[0] = entries[taken:]
                self._count -= taken
                self._error = f"{type(error).__name__}: {error}"
                self._retry_at = System.monotonic() + self._pause
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
                return
            self._waiting.popleft()
            self._count -= len(entries)
            self._error, self._pause, self._retry_at = None, _FIRST_PAUSE_S, 0.0

"""What a test's calls are kept in: a list while they are few, and folded trees beyond, so memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from glimpse.entry import LogEntry
from glimpse.traces.calls import ENDED, CallBook, CallEvent
from glimpse.traces.stats import TopTable
from glimpse.traces.tree import Fold, Folding, Node, Totals, Track, TreeBuilder
from glimpse.writers import BaseWriter

__all__ = ["MemoryWriter", "Phase"]

MOST_ENTRIES: Final = 20_000
"""Entries of a phase that are kept as they are: most tests pass, and nobody looks at their calls."""


class Phase:
    """The calls of a test's setup, of its call or of its teardown; or of a module's collection.

    :param table: takes the times of all calls, if they are wanted.
    """

    def __init__(self, table: TopTable | None = None) -> None:
        self.table = table
        self._entries: list[dict[str, Any]] = []
        self._book = CallBook()
        self._builder = TreeBuilder(folding=Folding(), at_once=False)

    def add(self, entries: Sequence[dict[str, Any]]) -> None:
        """Take entries in."""
        self._entries.extend(entries)
        if len(self._entries) > MOST_ENTRIES:
            self._build()

    def finish(self) -> None:
        """Work out the times, where they are wanted: nothing is added any more."""
        if self.table is not None:
            self._build()

    def trees(self) -> tuple[list[tuple[Track, Node | Fold]], Totals]:
        """The call trees and what they hold in all; once, when nothing is added any more."""
        self._build()
        for each in self._book.close():
            self._feed(each)
        return list(self._builder.rest()), self._builder.totals

    def _build(self) -> None:
        for entry in self._entries:
            for each in self._book.take(entry):
                self._feed(each)
        self._entries.clear()

    def _feed(self, happened: CallEvent) -> None:
        event, call = happened
        if event == ENDED and self.table is not None:
            self.table.add_calls([call])
        for _ in self._builder.feed(event, call):  # none: they come in order at the end
            pass


class MemoryWriter(BaseWriter):
    """Keeps the entries of the phase that runs.

    :param with_times: whether the times of a test's calls are added up as well.
    """

    def __init__(self, *, with_times: bool = False) -> None:
        self._with_times = with_times
        self.table = TopTable() if with_times else None
        self._phase = Phase(self.table)

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Keep the entries."""
        self._phase.add([entry.to_dict() for entry in entries])

    def write_records(self, records: Sequence[dict[str, Any]]) -> None:
        """Keep the entries, which come as dicts."""
        self._phase.add(records)

    def after_fork(self) -> None:
        """What the parent has recorded is the parent's."""
        self._phase = Phase(self.table)

    def take(self) -> Phase:
        """What was recorded since the last time."""
        phase, self._phase = self._phase, Phase(self.table)
        phase.finish()
        return phase

    def begin(self) -> None:
        """Another test begins."""
        self.table = TopTable() if self._with_times else None
        self._phase = Phase(self.table)

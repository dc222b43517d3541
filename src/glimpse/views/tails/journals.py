"""The end of a journal: its last entries, and those that come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from glimpse.entry import LogEntry
from glimpse.traces.records import Record
from glimpse.views.sources import Source
from glimpse.views.tails.growing import GrowingFile
from glimpse.writers.journal.reading import older_half
from glimpse.writers.journal.tail import JournalTail as Entries

__all__ = ["JournalTail"]


class JournalTail:
    """See ``Tail``."""

    def __init__(self, source: Source, keeps: Callable[[LogEntry], bool], *, follow: bool) -> None:
        self._source, self._follow = source, follow
        self._file = GrowingFile(source.name)
        self._entries = Entries(source.name, keeps)

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        told: list[str] = [] if self._follow else self._source.damage.told
        with ExitStack() as opened:
            newer = self._file.opened()
            older = older_half(self._file.path, newer.fileno())
            files: list[BinaryIO] = [newer]
            if older is not None:
                files.insert(0, opened.enter_context(open(older, "rb")))
            for entry in self._entries.last(files, count, told.append, final=not self._follow):
                yield entry.to_dict()
        self._file.position = self._entries.position

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        for stream, begin in self._file.streams():
            for entry in self._entries.more(stream, begin=begin):
                self._file.position = self._entries.position
                yield entry.to_dict()
            self._file.position = self._entries.position

    def close(self) -> None:
        """See ``Tail``."""
        self._file.close()

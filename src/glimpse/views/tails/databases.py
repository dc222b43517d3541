"""The end of a database: its last entries, and those that come."""

from __future__ import annotations

from collections.abc import Iterator

from glimpse.traces.records import Record
from glimpse.views.sources import Source
from glimpse.writers.sqlite import tail
from glimpse.writers.sqlite.tail import Wanted

__all__ = ["DatabaseTail"]


class DatabaseTail:
    """See ``Tail``."""

    def __init__(self, source: Source, wanted: Wanted, *, follow: bool) -> None:
        self._entries, self._follow = tail.DatabaseTail(source.name, wanted), follow

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        return (entry.to_dict() for entry in self._entries.last(count, follow=self._follow))

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        return (entry.to_dict() for entry in self._entries.more())

    def close(self) -> None:
        """See ``Tail``: nothing stays open."""

"""The end of a collection of MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from glimpse.traces.records import Record
from glimpse.views.sources import Source
from glimpse.writers.mongo import tail

__all__ = ["MongoTail"]


class MongoTail:
    """See ``Tail``."""

    def __init__(self, source: Source, keeps: Callable[[Record], bool]) -> None:
        self._entries = tail.MongoTail(source.name, lambda entry: keeps(entry.to_dict()))

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        return (entry.to_dict() for entry in self._entries.last(count))

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        return (entry.to_dict() for entry in self._entries.more())

    def close(self) -> None:
        """See ``Tail``."""
        self._entries.close()

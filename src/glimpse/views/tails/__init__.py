"""The ends of traces: the last entries, read from the end where the format allows, and those that come."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from glimpse.errors import GlimpseError
from glimpse.traces.filters import Selection
from glimpse.traces.records import Record
from glimpse.views.sources import STDIN, Source, recognise
from glimpse.views.tails.choosing import keeps_of, wanted_of

__all__ = ["Tail", "tail_of"]


class Tail(Protocol):
    """The end of a trace. The entries are those that were chosen."""

    def last(self, count: int | None) -> Iterator[Record]:
        """So many of the last entries, or all, in their order.

        :raises ReadError: it is not a trace.
        """

    def more(self) -> Iterator[Record]:
        """The entries that have come since what was given last.

        :raises ReadError: it cannot be read any more, or is something else now.
        """

    def close(self) -> None:
        """Let go of what is open."""


def tail_of(source: Source, selection: Selection, *, follow: bool) -> Tail:
    """The end of a source.

    :param follow: whether ``more`` is to be called.
    :raises GlimpseError: that cannot be done.
    """
    if follow and (source.name == STDIN or not source.plain):
        raise GlimpseError(f"{source.name}: what is packed or comes through a pipe cannot be followed")
    if follow and (source.missing or _is_empty(source)):
        return _Awaited(source, selection)
    return _plain_tail(source, selection, follow) if source.plain else _Whole(source, selection)


def _plain_tail(source: Source, selection: Selection, follow: bool) -> Tail:
    if source.format == "sqlite":
        from glimpse.views.tails.databases import DatabaseTail

        return DatabaseTail(source, wanted_of(selection), follow=follow)
    keeps = keeps_of(selection)
    if source.format == "journal":
        from glimpse.views.tails.journals import JournalTail

        return JournalTail(source, lambda entry: keeps(entry.to_dict()), follow=follow)
    if source.format == "json":
        from glimpse.views.tails.arrays import ArrayTail

        return ArrayTail(source, keeps, follow=follow)
    if source.format == "mongo":
        from glimpse.views.tails.mongo import MongoTail

        return MongoTail(source, keeps)
    from glimpse.views.tails.lines import LinesTail

    return LinesTail(source, keeps, follow=follow)


def _is_empty(source: Source) -> bool:
    return source.format != "mongo" and os.path.exists(source.name) and not os.path.getsize(source.name)


class _Whole:
    """What can only be read from its beginning."""

    def __init__(self, source: Source, selection: Selection) -> None:
        self._records = filter(keeps_of(selection), source.records())

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        yield from self._records if count is None else deque(self._records, count)

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        yield from self._records

    def close(self) -> None:
        """See ``Tail``: what is read to its end is closed."""


class _Awaited:
    """A file that does not exist yet, or has nothing in it: its format is told by what comes."""

    def __init__(self, source: Source, selection: Selection) -> None:
        self._source, self._selection = source, selection
        self._tail: Tail | None = None

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        return iter(())

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        if self._tail is not None:
            yield from self._tail.more()
        elif os.path.exists(self._source.name) and not _is_empty(self._source):
            self._tail = tail_of(recognise(self._source.name), self._selection, follow=True)
            yield from self._tail.last(None)

    def close(self) -> None:
        """See ``Tail``."""
        if self._tail is not None:
            self._tail.close()

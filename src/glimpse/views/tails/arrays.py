"""The end of a JSON array: its last entries, and those that come in the place of its bracket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from glimpse.errors import ReadError
from glimpse.traces.records import Record
from glimpse.views.sources import Source
from glimpse.views.tails.growing import GrowingFile
from glimpse.writers.encoding import entry_from
from glimpse.writers.json_ends import last_elements, next_elements

__all__ = ["ArrayTail"]

_OFTEN: Final = 5
"""Looks at something else than an array, one after the other, until it is an error."""


class ArrayTail:
    """See ``Tail``. An array that is laid out in no way known is read from its beginning."""

    def __init__(self, source: Source, keeps: Callable[[Record], bool], *, follow: bool) -> None:
        self._source, self._keeps, self._follow = source, keeps, follow
        self._file = GrowingFile(source.name)
        self._odd = 0

    def last(self, count: int | None) -> Iterator[Record]:
        """See ``Tail``."""
        self._file.opened()
        try:
            found = None if count is None else list(islice(self._backwards(), count))
        except ValueError:
            found = None
        if found is not None:
            yield from reversed(found)
        elif self._follow:
            self._file.position = 0
            yield from self._come() if count is None else deque(self._come(), count)
        else:
            whole = filter(self._keeps, self._source.records())
            yield from whole if count is None else deque(whole, count)

    def more(self) -> Iterator[Record]:
        """See ``Tail``."""
        try:
            yield from self._come()
            self._odd = 0
        except ReadError:  # may have been read while it was overwritten
            self._odd += 1
            if self._odd == _OFTEN:
                raise

    def _come(self) -> Iterator[Record]:
        for stream, _ in self._file.streams():
            for element, end in next_elements(stream, self._file.position, self._file.path):
                try:
                    record = entry_from(element).to_dict()
                except ValueError as error:
                    raise ReadError(f"{self._file.path}: {error}") from None
                self._file.position = end
                if self._keeps(record):
                    yield record

    def close(self) -> None:
        """See ``Tail``."""
        self._file.close()

    def _backwards(self) -> Iterator[Record]:
        """The entries that are kept, the last one first.

        :raises ValueError: it is to be read from its beginning.
        """
        notes = [] if self._follow else self._source.damage.told
        for stream, _ in self._file.streams():
            for element, end in last_elements(stream, notes.append):
                self._file.position = self._file.position or end
                record = entry_from(element).to_dict()
                if self._keeps(record):
                    yield record
            return

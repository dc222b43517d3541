"""The last entries of a journal, and those that come.

Numbers, depths and callers follow from all events before, so a journal cannot be read from its end. But to keep count
of them takes a tenth of what making entries of them takes. On the way, what is open is noted now and then. Entries are
made from the last of these places on, and if these are not enough, from the ones before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from glimpse.assembly import Replay
from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.writers.encoding import entry_from
from glimpse.writers.files import System
from glimpse.writers.journal.reading import Frame, FrameReader

__all__ = ["JournalTail"]

_STEP: Final = 1 << 19
"""Bytes between two places, at the end of a journal; before, they are further apart."""
_MOST_PLACES: Final = 64
_TIMES: Final = 5
"""So much longer than to note a place takes what is between two: a program may have a hundred thousand open calls."""


class _Place(NamedTuple):
    """Where entries can be made from: a position in one of the files, and what is open there."""

    file: int
    position: int
    reader: FrameReader
    replay: Replay


class JournalTail:
    """The end of a journal, and how far it has been read.

    :param keeps: which entries are wanted.
    """

    def __init__(self, path: str, keeps: Callable[[LogEntry], bool]) -> None:
        self._path, self._keeps = path, keeps
        self._replay = Replay()
        self._reader = FrameReader(path)

    def last(
        self, files: Sequence[BinaryIO], count: int | None, tell: Callable[[str], None], *, final: bool
    ) -> Iterator[LogEntry]:
        """The last entries that are wanted, or all.

        :param files: the older half of a ring, if there is one, and the journal.
        :param tell: is told what of it is damaged.
        :param final: whether what is not whole at the end is damaged; else ``more`` gives it when it is.
        :raises ReadError: it is not a journal.
        """
        places = [_Place(0, 0, FrameReader(self._path), Replay())]
        due = _Due()
        for number, file in enumerate(files):
            reader = self._reader = FrameReader(self._path)
            for frame in reader.frames(file, final=final or file is not files[-1]):
                if count is None:
                    yield from self._entries(frame, self._replay)
                    continue
                self._pass_over(frame)
                if due.at(reader.position):
                    places.append(_Place(number, reader.position, reader.copy(), self._replay.copy()))
                    due.noted(places)
            reader.report(tell)
        if count is not None:
            yield from self._made_from(places, files, count)

    def more(self, file: BinaryIO, *, begin: bool) -> Iterator[LogEntry]:
        """The wanted entries that have come since.

        :param begin: whether the file is another one.
        :raises ReadError: it is not a journal.
        """
        if begin:
            self._reader = FrameReader(self._path)
        for frame in self._reader.frames(file, final=False):
            yield from self._entries(frame, self._replay)

    @property
    def position(self) -> int:
        """How far the newest file has been read."""
        return self._reader.position

    def _made_from(self, places: list[_Place], files: Sequence[BinaryIO], count: int) -> Iterator[LogEntry]:
        found: deque[LogEntry] = deque()
        end = len(files) - 1, self._reader.position
        while places and len(found) < count:
            place = places.pop()
            room = count - len(found)
            found.extendleft(reversed(deque(self._between(files, place, end), room)))
            end = place.file, place.position
        return iter(found)

    def _between(self, files: Sequence[BinaryIO], place: _Place, end: tuple[int, int]) -> Iterator[LogEntry]:
        for number in range(place.file, end[0] + 1):
            reader = place.reader if number == place.file else FrameReader(self._path)
            files[number].seek(0)
            until = end[1] if number == end[0] else None
            for frame in reader.frames(files[number], until=until):
                yield from self._entries(frame, place.replay)

    def _entries(self, frame: Frame, replay: Replay) -> Iterator[LogEntry]:
        yield from filter(self._keeps, frame.entries)
        try:
            for record in replay.records(frame.meta, frame.events) if frame.events else ():
                entry = entry_from(record)
                if self._keeps(entry):
                    yield entry
        except (ReadError, ValueError) as error:
            raise ReadError(f"{self._path}: {error}") from None

    def _pass_over(self, frame: Frame) -> None:
        try:
            if frame.events:
                self._replay.pass_over(frame.meta, frame.events)
        except ReadError as error:
            raise ReadError(f"{self._path}: {error}") from None


class _Due:
    """When the next place is to be noted: after so many bytes, and much more time than it takes."""

    def __init__(self) -> None:
        self._position = 0
        self._began = self._ended = System.monotonic()

    def at(self, position: int) -> bool:
        """Whether it is now; then it begins."""
        if position < self._position:
            self._position = 0  # another file
        now = System.monotonic()
        if position - self._position < _STEP or now - self._ended < _TIMES * (self._ended - self._began):
            return False
        self._position, self._began = position, now
        return True

    def noted(self, places: list[_Place]) -> None:
        """It is done. Of the older ones half go when there are too many."""
        self._ended = System.monotonic()
        if len(places) > _MOST_PLACES:
            del places[1 : _MOST_PLACES // 2 : 2]

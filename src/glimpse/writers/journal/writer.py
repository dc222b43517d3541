"""The journal: raw batches of events at the lowest cost, made into entries when they are read."""

from __future__ import annotations

from collections.abc import Mapping

from glimpse.assembly.events import FILE, THREAD
from glimpse.encoder import JSON, ascii_json
from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.parsers import file_path, size
from glimpse.writers.appending import AppendFile
from glimpse.writers.base import BaseWriter
from glimpse.writers.encoding import dump_json, entry_from
from glimpse.writers.files import System
from glimpse.writers.journal.format import ENTRIES, EVENTS, HEADER, META, OLDER, PROCESS_ID_BYTES, frame
from glimpse.writers.options import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, ClassVar, Final

__all__ = ["JournalWriter"]

_MOST_NAMES: Final = 1000
_INFINITE: Final = float("inf")
_LEAST: Final = 1 << 63
_SURE_DIGITS: Final = 18  # fewer than an integer of 64 bits may have
_DIGITS_ALONE: Final = bytes(each if each in b"0123456789" else 0x20 for each in range(256))
_FIRST_VALUE: Final = 4  # of an event, after its kind, site, time and thread


class JournalWriter(BaseWriter):
    """Appends each batch to ``log_path`` as one frame. Several processes may share the file.

    With ``max_bytes`` it is a flight recorder: the newest entries stay, between half of that size and all of it, in
    ``log_path`` and ``log_path.old``.

    :raises WriterError: the file cannot be opened.
    """

    waits = False
    options: ClassVar[Sequence[Option]] = (
        Option("log_path", file_path, "glimpse.journal", "the file"),
        Option("max_bytes", size, None, "keep only the newest entries, in this much space"),
    )

    def __init__(self, log_path: str, *, max_bytes: int | None = None) -> None:
        self._process = _new_process()
        self._meta: Mapping[str, Any] | None = None
        self._meta_frame = b""
        shelf = _Ring(max_bytes) if max_bytes is not None else None
        self._names: dict[str, str] | None = None if shelf is None else {}
        self._files: dict[str, str] = {}
        self._file = AppendFile(log_path, header=HEADER, preamble=self._preamble, shelf=shelf)

    def write_events(self, events: Sequence[Sequence[Any]], meta: Mapping[str, Any]) -> None:
        """Append a batch of events as it is."""
        self.write_frames(self.frame_of(events), meta)

    def frame_of(self, events: Sequence[Sequence[Any]]) -> bytes:
        """The frame that holds these events as they are."""
        content = _packed(events)
        if self._names is not None:
            self._remember(events)
        return frame(EVENTS, self._process, content)

    def _remember(self, events: Sequence[Sequence[Any]]) -> None:
        """Keep the names of threads and the files of modules: the half of a ring where they were told will be gone."""
        assert self._names is not None
        for event in events:
            if event[0] == THREAD:
                self._names[str(event[1])] = str(event[2])
                if len(self._names) > _MOST_NAMES:
                    del self._names[next(iter(self._names))]
            elif event[0] == FILE:
                self._files[event[1]] = event[2]

    def _preamble(self) -> bytes:
        """What this process's first frame in a file is to be preceded by."""
        if self._meta is None or not (self._names or self._files):
            return self._meta_frame
        return self._describe({**self._meta, "threads": self._names, "files": self._files})

    def write_frames(self, data: bytes, meta: Mapping[str, Any]) -> None:
        """Append what ``frame_of`` gave, all or none."""
        preceding = b"" if meta == self._meta else self._describe(meta)
        self._file.append(preceding + data)
        if preceding:
            self._meta, self._meta_frame = dict(meta), preceding

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Append entries that are already made, all or none."""
        if entries:
            content = b"[" + b",".join([dump_json(entry.to_dict()) for entry in entries]) + b"]"
            self._file.append(frame(ENTRIES, self._process, content))

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def after_fork(self) -> None:
        """Write as a process of its own."""
        self._process = _new_process()
        self._meta, self._meta_frame = None, b""
        if self._names is not None:
            self._names.clear()
            self._files.clear()
        self._file.after_fork()

    def _describe(self, meta: Mapping[str, Any]) -> bytes:
        return frame(META, self._process, _described(dict(meta)))

    @classmethod
    def read(cls, source: str, tell: Callable[[str], None] | None = None) -> Iterator[LogEntry]:
        """Yield the entries of a journal, made of its events as they are read.

        :param tell: is told what of it is damaged.
        """
        from glimpse.assembly import Replay
        from glimpse.writers.journal.reading import read_frames

        replay = Replay()
        for batch in read_frames(source, tell):
            yield from batch.entries
            try:
                for record in replay.records(batch.meta, batch.events) if batch.events else ():
                    yield entry_from(record)
            except (ReadError, ValueError) as error:
                raise ReadError(f"{source}: {error}") from None


class _Ring:
    """The shelf of the flight recorder: one older file, which the next one replaces."""

    def __init__(self, max_bytes: int) -> None:
        self._half = max_bytes // 2

    def opened(self, path: str) -> None:
        """Nothing to find out."""

    def due(self, size: int, more: int) -> bool:
        """Whether this half is full."""
        return size > len(HEADER) and size + more > self._half

    def put(self, path: str) -> None:
        """Drop the older half."""
        System.replace(path, path + OLDER)

    def work(self, more: int) -> None:
        """Nothing is left to do."""

    def finish(self) -> None:
        """Nothing is left to do."""

    def after_fork(self) -> None:
        """Nothing belongs to the parent."""


def _new_process() -> bytes:
    return System.urandom(PROCESS_ID_BYTES).hex().encode("ascii")


def _packed(events: Sequence[Sequence[Any]]) -> bytes:
    try:
        content = JSON.dumps(events)
        if not (JSON.is_built_in and _may_have_large(content)):
            return content
    except TypeError:
        pass
    return JSON.dumps([_sanitised(event) for event in events])


def _may_have_large(content: bytes) -> bool:
    """Whether there is an integer of more than 64 bits: every run of digits is taken for one."""
    return max(map(len, content.translate(_DIGITS_ALONE).split()), default=0) > _SURE_DIGITS


def _described(meta: dict[str, Any]) -> bytes:
    try:
        return JSON.dumps(meta)
    except TypeError:  # lone surrogates
        return ascii_json(meta)


def _sanitised(event: Sequence[Any]) -> list[Any]:
    """An event of what JSON has a type for, and 64 bits: what is something else is text now."""
    return [_plain(value) if index < _FIRST_VALUE else _value(value) for index, value in enumerate(event)]


def _value(value: Any) -> Any:
    plain = _plain(value)
    if plain is value or isinstance(value, list | tuple | Mapping):
        return plain
    return (_text(value),)  # a text that is ready, in the place of a value to be shown by its repr


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    try:
        if type(value) is int and not -_LEAST <= value < 2 * _LEAST:
            return _text(value)
        if type(value) is float and not -_INFINITE < value < _INFINITE:
            return None
        JSON.dumps([value])
    except TypeError:
        return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else _text(value)
    return value


def _text(value: object) -> str:
    try:
        return repr(value).encode("utf-8", "backslashreplace").decode()
    except ValueError:  # an integer with more digits than Python converts
        return f"<int of {value.bit_length():,} bits>" if isinstance(value, int) else f"<{type(value).__name__}>"

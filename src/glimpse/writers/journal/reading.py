"""How a journal's frames are found again in a file that may be damaged."""

from __future__ import annotations

import os

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.json_text import load_json
from glimpse.writers.encoding import entry_from
from glimpse.writers.files import MAX_RECORD_BYTES
from glimpse.writers.journal.format import ENTRIES, EVENTS, HEADER, MARK, META, OLDER, PROCESS_ID_BYTES, checksum
from glimpse.writers.reading import CUT_OFF, opened, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from dataclasses import dataclass as record
    from typing import Any, BinaryIO, Final
else:
    from glimpse.light import record

__all__ = ["Frame", "FrameReader", "older_half", "read_frames"]

_HEAD: Final = 1 + 1 + 2 * PROCESS_ID_BYTES + 8 + 8
_CHUNK: Final = 1 << 20
_BETWEEN: Final = b"\0\n"  # a file system that lost power may leave NULs
_KINDS: Final = (META, EVENTS, ENTRIES)


@record(frozen=True)
class Frame:
    """One batch. ``meta`` describes the process that wrote it; it holds events, or entries, or neither."""

    meta: dict[str, Any]
    events: list[list[Any]]
    entries: list[LogEntry]


def read_frames(path: str, tell: Callable[[str], None] | None = None) -> Iterator[Frame]:
    """Yield the batches of a journal, oldest first; those of its older half, if it has one, come before.

    :param tell: is told how much of it is damaged.
    :raises ReadError: it is missing, or not a journal.
    """
    with opened(path) as file:
        older = older_half(path, file.fileno())
        if older is not None:
            with opened(older) as first:
                yield from _frames(first, older, tell)
        yield from _frames(file, path, tell)


def older_half(path: str, fd: int) -> str | None:
    """The older half of a ring, if there is one beside the file that is open as ``fd``."""
    older = path + OLDER
    return older if os.path.exists(older) and not os.path.samefile(older, fd) else None  # moved just now


def _frames(file: BinaryIO, source: str, tell: Callable[[str], None] | None = None) -> Iterator[Frame]:
    """Yield the whole batches of a journal; damaged ones are passed over.

    :param tell: is told how much that was.
    :raises ReadError: it is not a journal, or one of a later version.
    """
    reader = FrameReader(source)
    yield from reader.frames(file)
    if tell is not None:
        reader.report(tell)


class FrameReader:
    """Reads a journal in one go, or as it grows. ``position`` is where reading goes on."""

    def __init__(self, source: str) -> None:
        self.position = 0
        self.metas: dict[bytes, dict[str, Any]] = {}
        self._source = source
        self._lost = 0

    def copy(self) -> FrameReader:
        """Another one that goes on from here by itself."""
        other = FrameReader(self._source)
        other.position, other.metas = self.position, self.metas.copy()
        return other

    def frames(self, file: BinaryIO, *, final: bool = True, until: int | None = None) -> Iterator[Frame]:
        """Yield the whole batches from the position on.

        :param final: whether what is not whole at the end is damaged; else it may be read when there is more.
        :param until: the position to end at.
        :raises ReadError: it is not a journal, or one of a later version.
        """
        file.seek(self.position) if self.position else self._begin(file, final)
        for kind, process, content, end in _contents(file, self.position, final) if self.position or final else ():
            if until is not None and end > until:
                return
            self.position = end
            if not kind:
                self._lost += len(content.strip(_BETWEEN))
            if kind not in _KINDS:  # of a later version that says no more than this one needs to know
                continue
            try:
                data = load_json(content)
                if kind == META:
                    self.metas[process] = _mapping(data)
                elif kind == EVENTS:
                    yield Frame(self.metas.get(process, {}), _events(data), [])
                else:
                    yield Frame(self.metas.get(process, {}), [], [entry_from(item) for item in _list(data)])
            except ValueError as error:
                raise ReadError(f"{self._source}: a frame that is not as Glimpse writes them: {error}") from None

    def report(self, tell: Callable[[str], None]) -> None:
        """Say how much was damaged, if anything was."""
        if self._lost:
            tell(f"{self._lost:,} bytes of it are damaged or cut off {CUT_OFF}")

    def _begin(self, file: BinaryIO, final: bool) -> None:
        line = file.readline(len(HEADER) + 16)
        _check_header(line, self._source)
        if final or line == HEADER:
            self.position = len(line)


def _check_header(line: bytes, source: str) -> None:
    if line != HEADER and not HEADER.startswith(line):
        if line.startswith(HEADER[:-2]):
            version = shown(line[len(HEADER) - 2 :].strip())
            raise ReadError(f"{source}: a journal of version {version}, newer than this Glimpse knows")
        raise ReadError(f"{source}: not a journal: {shown(line)}")


def _contents(file: BinaryIO, position: int, final: bool) -> Iterator[tuple[bytes, bytes, bytes, int]]:
    """Kind, process, content and end of each frame whose checksum is right; what is no such frame has no kind.

    Without ``final``, it ends where a frame is not whole, unless whole ones follow: then it never will be.
    """
    data, at, more = b"", 0, True
    while more or at < len(data):
        found = _frame_at(data, at)
        if found is not None:
            kind, begin, end = found
            process = data[begin - _HEAD + 2 : begin - _HEAD + 2 + 2 * PROCESS_ID_BYTES]
            at = end
            yield kind, process, data[begin:end], position + end
            continue
        if more and _missing(data, at):
            new = file.read(max(_CHUNK, _missing(data, at)))
            position += at
            data, at, more = data[at:] + new, 0, bool(new)
            continue
        if not final and _missing(data, at) and not _has_frame(data, at + 1):
            return
        begin, at = at, data.find(MARK, at + 1)
        if at < 0:
            at = len(data)
        yield b"", b"", data[begin:at], position + at


def _has_frame(data: bytes, at: int) -> bool:
    while (at := data.find(MARK, at)) >= 0:
        if _frame_at(data, at) is not None:
            return True
        at += 1
    return False


def _frame_at(data: bytes, at: int) -> tuple[bytes, int, int] | None:
    size = _content_size(data, at)
    begin = at + _HEAD
    if size is None or begin + size > len(data):
        return None
    content = memoryview(data)[begin : begin + size]
    if b"%08x" % checksum(content) != data[begin - 8 : begin]:
        return None
    return data[at + 1 : at + 2], begin, begin + size


def _missing(data: bytes, at: int) -> int:
    """How many bytes to read before it is known whether a frame begins here; 0 if it is known not to."""
    if at + _HEAD > len(data):
        return _HEAD
    size = _content_size(data, at)
    return 0 if size is None else max(at + _HEAD + size - len(data), 0)


def _content_size(data: bytes, at: int) -> int | None:
    if at + _HEAD > len(data) or data[at] != MARK:
        return None
    try:
        size = int(data[at + _HEAD - 16 : at + _HEAD - 8], 16)
    except ValueError:
        return None
    return size if 0 <= size <= MAX_RECORD_BYTES else None


def _mapping(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("its description of a process is no object")
    return data


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ValueError("no list")
    return data


def _events(data: Any) -> list[list[Any]]:
    for event in _list(data):
        if not isinstance(event, list) or not event or type(event[0]) is not int:
            raise ValueError("an event that is no list with a kind")
    events: list[list[Any]] = data
    return events

"""Finding what a name on the command line means: which file or database, in which format, read by whom."""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.traces.clocks import measure
from glimpse.traces.filters import Selection
from glimpse.traces.lines import Damage, read_lines
from glimpse.traces.records import SOURCE, Record, number
from glimpse.views.pipes import copied, is_pipe, standard_input, waits_in_lines

__all__ = [
    "FORMATS",
    "STDIN",
    "Source",
    "configured",
    "entry_of",
    "in_file",
    "open_sources",
    "recognise",
    "records_for",
    "records_of",
    "several_machines",
    "writer_class",
]

STDIN: Final = "-"
FORMATS: Final = ("jsonl", "json", "sqlite", "journal", "mongo")
"""Every format that can be read, as ``dest`` names them."""

_GZIP: Final = b"\x1f\x8b"
_SQLITE: Final = b"SQLite format 3\x00"
_JOURNAL: Final = b"glimpse-journal "
_MONGO: Final = ("mongodb://", "mongodb+srv://")
_ROTATED: Final = re.compile(r"(\.\d{6,})?(\.gz)?$")
_LEVELS: Final = {"START": "INFO", "END": "INFO", "EXCEPTION": "ERROR"}
_WHERE: Final = {"jsonl": "log_path", "json": "log_path", "journal": "log_path", "sqlite": "db_path", "mongo": "uri"}


@dataclass(slots=True)
class Source:
    """A trace to read.

    ``plain`` says that its bytes are those on disk, so positions in it mean something; ``missing`` that it is not there
    yet. ``notes`` are for people: what was done to its records.
    """

    name: str
    format: str
    plain: bool = True
    missing: bool = False
    notes: list[str] = field(default_factory=list)
    damage: Damage = field(init=False)

    def __post_init__(self) -> None:
        self.damage = Damage(self.name)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The bytes of a text format, unpacked.

        :raises ReadError: they cannot be read.
        """
        if self.name == STDIN:
            yield standard_input()
            return
        from glimpse.writers.reading import opened

        with opened(self.name) as stream:
            yield stream

    def records(self) -> Iterator[Record]:
        """Every entry, in the order in which it was written.

        :raises ReadError: it cannot be read, or holds something else.
        """
        self.damage = Damage(self.name)
        if self.format == "jsonl":
            with self.opened() as stream:
                yield from read_lines(stream, self.damage)
            return
        if self.format == "mongo":
            for record, process in writer_class("mongo").read_records(self.name):
                record[SOURCE] = process
                yield record
            return
        read = writer_class(self.format).read
        for entry in read(self.name) if self.format == "sqlite" else read(self.name, self.damage.told.append):
            self.damage.entries = True
            yield entry.to_dict()


def open_sources(names: Sequence[str], *, missing_ok: bool = False) -> list[Source]:
    """What the names mean; without any, what the configuration names as the destination.

    With ``missing_ok``, a file that does not exist yet is taken to be one of JSON Lines.

    :raises ReadError: one of them cannot be read.
    """
    if not names:
        return [configured(missing_ok=missing_ok)]
    return [recognise(name, missing_ok=missing_ok) for name in names]


def recognise(name: str, *, missing_ok: bool = False) -> Source:
    """The source of a file's name, a URI, or ``-`` for standard input; the format is told by the content.

    :raises ReadError: there is nothing to read.
    """
    if name.startswith(_MONGO):
        return Source(name, "mongo")
    if name == STDIN and waits_in_lines(standard_input()):
        return Source(name, "jsonl", plain=False)
    if name == STDIN:
        return in_file(standard_input(), "standard-input")
    if is_pipe(name):
        try:
            with open(name, "rb") as stream:
                return in_file(stream, os.path.basename(name))
        except OSError as error:
            raise _unreadable(name, error) from error
    if missing_ok and not os.path.exists(name):
        return Source(name, "jsonl", missing=True)
    begin, packed = _beginning(name)
    text = begin.lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if begin.startswith(_SQLITE):
        kind = "sqlite"
    elif begin.startswith(_JOURNAL):
        kind = "journal"
    else:
        kind = "json" if text.startswith(b"[") else "jsonl"
    if packed and kind == "sqlite":
        raise ReadError(f"{name}: a packed database cannot be read: unpack it first")
    return Source(name, kind, not packed)


def _beginning(name: str) -> tuple[bytes, bool]:
    from glimpse.writers.reading import opened

    try:
        with open(name, "rb") as file:
            packed = file.read(2) == _GZIP
    except OSError as error:
        raise _unreadable(name, error) from error
    with opened(name) as stream:
        return stream.read(64), packed


def in_file(stream: BinaryIO, name: str) -> Source:
    """A source of what comes out of a stream, which can be read any number of times.

    :raises ReadError: it cannot be read.
    """
    return recognise(copied(stream, name))


def _unreadable(name: str, error: OSError) -> ReadError:
    return ReadError(f"{name}: {(error.strerror or str(error)).lower()}")


def configured(*, missing_ok: bool = False) -> Source:
    """The destination that the configuration names, the first of several that can be read.

    :raises ReadError: nothing has been written there yet, or it cannot be read back.
    """
    from glimpse.config import Config

    config = Config()
    for dest in config.dests:
        if dest in _WHERE:
            place = str(config.params_for(dest).get(_WHERE[dest]) or _default_place(dest))
            try:
                return recognise(place, missing_ok=missing_ok and dest == "jsonl")
            except ReadError as error:
                more = "the configured destination: record with glimpse run, or name a trace to read another one"
                raise ReadError(f"{error} ({more})") from error
    raise ReadError(f"option dest: {config.dest!r} cannot be read back; name a trace to read")


def _default_place(dest: str) -> str:
    for option in writer_class(dest).options:
        if option.name == _WHERE[dest]:
            return str(option.default)
    raise ReadError(f"option dest: {dest!r} has no place to read from; name a trace to read")


def records_of(sources: Sequence[Source], *, align: bool = True) -> Iterator[Record]:
    """The entries of all sources, several of them merged by time.

    :param align: whether clocks of several machines are put in step, see ``traces.clocks``. Then sources are read more
        than once, and what was corrected is in the ``notes`` of the first.
    :raises ReadError: one of them cannot be read.
    """
    if not align or not several_machines(sources):
        return _merged(sources)
    clocks = measure(lambda: _merged(sources))
    sources[0].notes[:] = clocks.notes()
    return clocks.corrected(_merged(sources))


def records_for(sources: Sequence[Source], selection: Selection) -> Iterator[Record] | None:
    """The entries that chosen calls are told by: their own, and those of calls around them.

    None where the whole sources would have to be read for that.

    :raises ReadError: as they are read, that one cannot be.
    """
    if len(sources) != 1 or sources[0].format != "sqlite":
        return None
    from glimpse.views.parts import part_of
    from glimpse.writers.sqlite.reading import read_entries

    part = part_of(selection)
    if part is None:
        return None
    sources[0].damage.entries = True
    return (entry.to_dict() for entry in read_entries(sources[0].name, part))


def several_machines(sources: Sequence[Source]) -> bool:
    """Whether clocks may differ: several files, or a database that others write to too. What is typed is read once."""
    if any(source.name == STDIN or source.missing for source in sources):
        return False
    return len(sources) > 1 or any(source.format == "mongo" for source in sources)


def _merged(sources: Sequence[Source]) -> Iterator[Record]:
    if len(sources) == 1:
        return sources[0].records()
    groups: dict[str, int] = {}
    for source in sources:
        groups.setdefault(_ROTATED.sub("", source.name), len(groups))
    marked = (_marked(source.records(), groups[_ROTATED.sub("", source.name)]) for source in sources)
    return heapq.merge(*marked, key=_moment)


def _marked(records: Iterator[Record], group: int) -> Iterator[Record]:
    """Records with the number of their source: other machines may use the same process ids."""
    for record in records:
        within = record.get(SOURCE)
        record[SOURCE] = group if within is None else (group, within)
        yield record


def _moment(record: Record) -> str:
    timestamp: str = record["timestamp"]
    return timestamp


def entry_of(record: Record) -> LogEntry:
    """The entry of a record, with what an older or foreign writer has left out, or put in its own way, filled in."""
    from glimpse.writers.encoding import entry_from, fitting

    usual = {"entry_id": record["call_id"], "depth": 1, "level": _LEVELS.get(record["stage"], "DEBUG")}
    for name, value in usual.items():
        record.setdefault(name, value)
    try:
        return entry_from(record)
    except ValueError:
        fields = usual | fitting(record)
    for name in ("duration_ms", "active_ms"):
        if record.get(name) is not None:
            fields[name] = number(record[name])
    return entry_from(fields)


def writer_class(kind: str) -> Any:
    """The class that writes and reads a format, loaded when it is needed."""
    from glimpse.writers.registry import built_in_writer

    return built_in_writer(kind)

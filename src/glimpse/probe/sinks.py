"""Where a recorder's events go: through assembly into a writer, by the fastest way that the writer offers."""

from __future__ import annotations

from ..assembly.events import FILE, FINISHED, Event
from ..entry import LogEntry
from ..natives import System
from .batches import ENOUGH, Batch, Frames, Items, Lines, Raw, Rows
from .shield import shielded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Final, Protocol

    from ..assembly import OpenCall, Origin, Rule
else:
    from glimpse.light import Protocol

__all__ = [
    "ENOUGH", "Batch", "EntrySink", "LineSink", "RawSink", "RecordSink", "RowSink", "Sink", "Writer", "sink_for",
]  # fmt: skip


ENTRIES_A_BATCH: Final = 4_096
"""A transaction in SQLite costs as much as some hundred calls."""


class Writer(Protocol):
    """What every writer has; see ``glimpse.writers.BaseWriter``."""

    @property
    def trouble(self) -> str | None:
        """What is wrong although nothing is lost."""

    @property
    def dropped(self) -> int:
        """Entries that it took and lost."""

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Write entries in their order, or raise."""

    def flush(self) -> None:
        """Hand everything to the destination."""

    def close(self) -> None:
        """Finish."""

    def before_fork(self) -> None:
        """Let go of what must not be copied."""

    def after_fork(self) -> None:
        """Forget what belongs to the parent."""


class Sink(Protocol):
    """Takes chunks of events in order."""

    writer: Writer

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """What is to be written of these events; None if nothing is.

        A chunk that is given again goes on where a signal's handler ended the attempt before.
        """

    def held(self) -> Batch | None:
        """What was kept back of earlier events, to be written with later ones."""

    def finish(self, t: int) -> Batch | None:
        """The ends of the calls that are open at ``t``, and all that was held back."""

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """The innermost open call of a thread and context."""

    def after_fork(self, origin: Origin) -> None:
        """Begin anew, in the child."""


class _Work:
    """A chunk, and how far it has come."""

    def __init__(self, chunk: list[Event]) -> None:
        self.chunk = self.left_over = chunk
        self.assembled: Any = None
        self.left: Iterator[Any] | None = None  # what the filter has not seen
        self.kept: list[Any] = []


class _Assembling:
    """What the sinks that make entries have in common."""

    _unfinished: _Work | None

    def __init__(self, writer: Writer, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, options
        from ..assembly import early_drop

        self._rules = dict(rules)
        self._early_drop = early_drop(self._rules)
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        work = self._unfinished
        if work is None or work.chunk is not chunk:
            work = _Work(chunk)
            if self._early_drop is not None:
                work.left_over = self._early_drop(chunk)
            self._unfinished = work
        if work.assembled is None:
            work.assembled = self._assembler.feed(work.left_over)
        records = work.assembled
        if self._filter is not None:
            if work.left is None:
                work.left = iter(records)
            records = self._filter.apply(work.left, System.perf_counter() * 1000, work.kept)
        batch = self._batch(records) if records else None
        self._unfinished = None
        return batch

    def held(self) -> None:
        """See ``Sink``."""

    def finish(self, t: int) -> Batch | None:
        """See ``Sink``."""
        records = self._assembler.close(t)
        if self._filter is not None:
            records = self._filter.apply(records, System.perf_counter() * 1000)
        return self._batch(records) if records else None

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """See ``Sink``."""
        return self._assembler.innermost(th, ctx)

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        from ..assembly import Assembler, Filter

        limited = any(rule.limits for rule in self._rules.values())
        self._filter = Filter(self._rules) if limited else None
        self._assembler = Assembler(origin, **self._options)
        self._unfinished = None

    def _batch(self, records: list[Any]) -> Batch:
        raise NotImplementedError


class EntrySink(_Assembling):
    """For any writer: each entry as a ``LogEntry``."""

    def _batch(self, records: list[dict[str, Any]]) -> Batch:
        return Items(self.writer.write_batch, [LogEntry(**record) for record in records])


class RecordSink(_Assembling):
    """For writers that take entries as dicts."""

    def _batch(self, records: list[dict[str, Any]]) -> Batch:
        writer: Any = self.writer
        return Items(writer.write_records, records)


class HeldLineSink(_Assembling):
    """For writers of JSON lines where a call may have to last: entries are held as dicts until it has."""

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        from ..assembly import as_lines

        self._as_lines = as_lines
        super().after_fork(origin)

    def _batch(self, records: list[Any]) -> Batch:
        return Lines(self.writer, self._as_lines(records), len(records))


class LineSink:
    """For writers of JSON lines: text made straight from events, but for those of calls that are too deep."""

    _unfinished: _Work | None

    def __init__(self, writer: Writer, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        limits = {name: rule.depth for name, rule in rules.items() if rule.depth is not None}
        self.writer, self._options = writer, {"limits": limits, **options}
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        work = self._unfinished
        if work is None or work.chunk is not chunk:
            work = self._unfinished = _Work(chunk)
        if work.assembled is None:
            work.assembled = self._assembler.lines(chunk)
        batch = self._batch(*work.assembled)
        self._unfinished = None
        return batch

    def held(self) -> None:
        """See ``Sink``."""

    def finish(self, t: int) -> Batch | None:
        """See ``Sink``."""
        return self._batch(*self._assembler.last_lines(t))

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """See ``Sink``."""
        return self._assembler.innermost(th, ctx)

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        from ..assembly import LineAssembler

        self._assembler = LineAssembler(origin, **self._options)
        self._unfinished = None

    def _batch(self, data: bytes, entries: int) -> Batch | None:
        return Lines(self.writer, data, entries) if entries else None


class RowSink:
    """For databases: rows that the writer makes straight from events, some thousand entries of them at a time."""

    _begun: list[Event] | None
    _done: list[Event] | None
    _made: Batch | None
    _rest: Batch | None

    def __init__(self, writer: Any, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, {"rules": rules, **options}
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``.

        :raises RuntimeError: a signal's handler ended an earlier attempt; these events are lost.
        """
        if chunk is self._begun:
            self._begin_anew(len(chunk))
            raise RuntimeError("a signal came while rows were made")

        def make() -> None:
            self._begun = chunk
            self._made = self._batch(self._assembler.rows(chunk, ENTRIES_A_BATCH))
            self._begun, self._done = None, chunk

        if chunk is not self._done:
            shielded(make)
        made, self._made, self._done = self._made, None, None
        return made

    def _begin_anew(self, events: int) -> None:
        """Leave it all behind but for the rows that were made; ids go on beyond those that may have been given."""
        before = self._assembler
        self._begin(self._origin, first_id=before.last_id + 2 * events + 1)
        self._rest = self._batch(before.held())

    def held(self) -> Batch | None:
        """See ``Sink``."""

        def make() -> None:
            self._rest = self._batch(self._assembler.held())

        if self._rest is None:
            shielded(make)
        rest, self._rest = self._rest, None
        return rest

    def finish(self, t: int) -> Batch | None:
        """See ``Sink``."""

        def make() -> None:
            self._rest = self._batch(self._assembler.last_rows(t))

        shielded(make)
        rest, self._rest = self._rest, None
        return rest

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """See ``Sink``."""
        found: OpenCall | None = self._assembler.innermost(th, ctx)
        return found

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        self._begin(origin)

    def _begin(self, origin: Origin, **options: Any) -> None:
        self._origin = origin
        self._assembler = self.writer.row_assembler(origin, **self._options, **options)
        self._begun = self._done = None
        self._made = self._rest = None

    def _batch(self, rows: Any) -> Batch | None:
        return None if rows is None else Rows(self.writer, rows)


class RawSink:
    """For the journal: events as they are, assembled when they are read.

    Where calls have ids, they are assembled here as well, for nothing but the ids of the calls that are open.
    """

    def __init__(self, writer: Writer, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, options
        self._batch = Frames if hasattr(writer, "write_frames") else Raw
        self._chunk: list[Event] | None = None
        self._meta = {"rules": {name: [rule.depth, rule.min_duration_ms] for name, rule in rules.items()}, **options}
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        batch = self._batch(self.writer, self._with_files(chunk), self._meta) if chunk else None
        if self._assembler is not None:
            self._assembler.feed(chunk)
        return batch

    def held(self) -> None:
        """See ``Sink``."""

    def finish(self, t: int) -> Batch | None:
        """See ``Sink``."""
        return self._batch(self.writer, [(FINISHED, t)], self._meta)

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """See ``Sink``."""
        return None if self._assembler is None else self._assembler.innermost(th, ctx)

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        self._assembler: Assembler | None = None
        if origin.trace_ids:
            from ..assembly import Assembler, NoRecords

            self._assembler = Assembler(origin, form=NoRecords, **self._options)
        self._meta |= {
            "pid": origin.pid,
            "base": origin.base,
            "service": origin.service,
            "correlation_id": origin.correlation_id,
            "with_lines": origin.with_lines,
            "detailed": dict(origin.detailed),
            "trace_ids": origin.trace_ids,
            "remote": origin.remote,
        }
        self._files = origin.files if origin.with_lines or any(origin.detailed.values()) else {}
        self._told_before = self._told = 0

    def _with_files(self, chunk: list[Event]) -> list[Event]:
        """A chunk after the files of the modules that came since the one before; again, if it is given again."""
        if len(self._files) == self._told and chunk is not self._chunk:
            return chunk
        if chunk is not self._chunk:
            self._chunk, self._told_before = chunk, self._told
        files = list(self._files.items())  # in one step: other threads import
        self._told = len(files)
        return [*((FILE, *each) for each in files[self._told_before :]), *chunk]


def sink_for(writer: Writer, origin: Origin, rules: Mapping[str, Rule], *, pauses: bool = False) -> Sink:
    """The fastest sink for this writer.

    :param rules: the limits of each policy, by name.
    :param pauses: whether suspensions of generators are entries.
    """
    kind: Callable[..., Sink]
    if hasattr(writer, "write_events"):
        kind = RawSink
    elif hasattr(writer, "write_rows"):
        kind = RowSink
    elif hasattr(writer, "write_lines"):
        kind = HeldLineSink if any(rule.min_duration_ms for rule in rules.values()) else LineSink
    else:
        kind = RecordSink if hasattr(writer, "write_records") else EntrySink
    return kind(writer, origin, rules, pauses=pauses)

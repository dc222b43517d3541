"""Where a recorder's events go: through assembly into a writer, by the fastest way that the writer offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, Final, Protocol

from ..assembly import FINISHED, Assembler, Filter, LineAssembler, OpenCall, Origin, Rule, as_lines
from ..assembly.events import Event
from ..entry import LogEntry

__all__ = [
    "ENOUGH", "Batch", "EntrySink", "LineSink", "RawSink", "RecordSink", "RowSink", "Sink", "Writer", "sink_for",
]  # fmt: skip


ENTRIES_A_BATCH: Final = 4_096
"""A transaction in SQLite costs as much as some hundred calls."""


class Writer(Protocol):
    """What every writer has; see ``glimpse.writers.BaseWriter``."""

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


class Batch(Protocol):
    """Something assembled that is still to be written; kept and offered again while the writer fails."""

    @property
    def entries(self) -> int:
        """How many entries it holds."""

    @property
    def size(self) -> int:
        """How many bytes it holds; ``ENOUGH`` if it should not wait for others."""

    def absorb(self, more: Any) -> bool:
        """Take in the batch that follows; False if they are better written one by one."""

    def write(self) -> int:
        """Write it, or what is left of it; returns the bytes written, 0 if that is not known."""


class Sink(Protocol):
    """Takes chunks of events in order."""

    writer: Writer

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """What is to be written of these events; None if nothing is."""

    def held(self) -> Batch | None:
        """What was kept back of earlier events, to be written with later ones."""

    def finish(self, t: int) -> Batch | None:
        """The ends of the calls that are open at ``t``, and all that was held back."""

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """The innermost open call of a thread and context."""

    def after_fork(self, origin: Origin) -> None:
        """Begin anew, in the child."""


ENOUGH: Final = 1 << 16
"""Bytes that are written together. A system call for each chunk would cost a tenth of all that a call costs."""


class _Items:
    """Entries in a form that is counted one by one, and what takes them."""

    size = ENOUGH

    def __init__(self, take: Callable[[list[Any]], None], items: list[Any]) -> None:
        self._take, self._left = take, items
        self.entries = len(items)

    def absorb(self, more: Any) -> bool:
        return False

    def write(self) -> int:
        try:
            self._take(self._left)
        except Exception as error:
            taken = getattr(error, "taken", 0)
            self._left = self._left[taken:]
            self.entries -= taken
            raise
        return 0


class _Bytes:
    """What is ready to be written but for a ``writer`` and a system call."""

    def __init__(self, writer: Any, data: bytes, entries: int) -> None:
        self.writer, self.entries = writer, entries
        self._parts, self.size = [data], len(data)

    def absorb(self, more: Any) -> bool:
        if self.size >= ENOUGH:
            return False
        self._parts += more._parts
        self.size += more.size
        self.entries += more.entries
        return True

    def write(self) -> int:
        size, data = self.size, b"".join(self._parts)
        self._parts = [data]
        self._write(data)
        return size

    def _write(self, data: bytes) -> None:
        raise NotImplementedError


class _Lines(_Bytes):
    def _write(self, data: bytes) -> None:
        try:
            self.writer.write_lines(data)
        except Exception as error:
            taken = getattr(error, "taken", 0)
            self.entries -= data.count(b"\n", 0, taken)
            self._parts, self.size = [data[taken:]], len(data) - taken
            raise


class _Frames(_Bytes):
    def __init__(self, writer: Any, events: list[Event], meta: Mapping[str, Any]) -> None:
        super().__init__(writer, writer.frame_of(events), len(events))
        self._meta = meta

    def _write(self, data: bytes) -> None:
        self.writer.write_frames(data, self._meta)


class _Raw:
    size = ENOUGH

    def __init__(self, writer: Any, events: list[Event], meta: Mapping[str, Any]) -> None:
        self.writer, self._left, self._meta, self.entries = writer, events, meta, len(events)

    def absorb(self, more: Any) -> bool:
        return False

    def write(self) -> int:
        self.writer.write_events(self._left, self._meta)
        return 0


class _Rows:
    size = ENOUGH

    def __init__(self, writer: Any, rows: Any) -> None:
        self._writer, self._rows, self.entries = writer, rows, rows.entries

    def absorb(self, more: Any) -> bool:
        return False

    def write(self) -> int:
        self._writer.write_rows(self._rows)
        return 0


class _Assembling:
    """What the sinks that make entries have in common."""

    def __init__(self, writer: Writer, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, options
        self._rules = dict(rules)
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        return self._filtered(self._assembler.feed(chunk))

    def held(self) -> None:
        """See ``Sink``."""

    def finish(self, t: int) -> Batch | None:
        """See ``Sink``."""
        return self._filtered(self._assembler.close(t))

    def _filtered(self, records: list[Any]) -> Batch | None:
        if self._filter is not None:
            records = self._filter.apply(records, perf_counter() * 1000)
        return self._batch(records) if records else None

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """See ``Sink``."""
        return self._assembler.innermost(th, ctx)

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        limited = any(rule.limits for rule in self._rules.values())
        self._filter = Filter(self._rules) if limited else None
        self._assembler = Assembler(origin, **self._options)

    def _batch(self, records: list[Any]) -> Batch:
        raise NotImplementedError


class EntrySink(_Assembling):
    """For any writer: each entry as a ``LogEntry``."""

    def _batch(self, records: list[dict[str, Any]]) -> Batch:
        return _Items(self.writer.write_batch, [LogEntry(**record) for record in records])


class RecordSink(_Assembling):
    """For writers that take entries as dicts."""

    def _batch(self, records: list[dict[str, Any]]) -> Batch:
        writer: Any = self.writer
        return _Items(writer.write_records, records)


class HeldLineSink(_Assembling):
    """For writers of JSON lines where a policy's limits may drop entries that were made: those are held as dicts."""

    def _batch(self, records: list[Any]) -> Batch:
        return _Lines(self.writer, as_lines(records), len(records))


class LineSink:
    """For writers of JSON lines: text made straight from events."""

    def __init__(self, writer: Writer, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, options
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        return self._batch(*self._assembler.lines(chunk))

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
        self._assembler = LineAssembler(origin, **self._options)

    def _batch(self, data: bytes, entries: int) -> Batch | None:
        return _Lines(self.writer, data, entries) if entries else None


class RowSink:
    """For databases: rows that the writer makes straight from events, some thousand entries of them at a time."""

    def __init__(self, writer: Any, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, {"rules": rules, **options}
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        return self._batch(self._assembler.rows(chunk, ENTRIES_A_BATCH))

    def held(self) -> Batch | None:
        """See ``Sink``."""
        return self._batch(self._assembler.held())

    def finish(self, t: int) -> Batch | None:
        """See ``Sink``."""
        return self._batch(self._assembler.last_rows(t))

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """See ``Sink``."""
        found: OpenCall | None = self._assembler.innermost(th, ctx)
        return found

    def after_fork(self, origin: Origin) -> None:
        """See ``Sink``."""
        self._assembler = self.writer.row_assembler(origin, **self._options)

    def _batch(self, rows: Any) -> Batch | None:
        return None if rows is None else _Rows(self.writer, rows)


class RawSink:
    """For the journal: events as they are, assembled when they are read.

    Where calls have ids, they are assembled here as well, for nothing but the ids of the calls that are open.
    """

    def __init__(self, writer: Writer, origin: Origin, rules: Mapping[str, Rule], **options: Any) -> None:
        self.writer, self._options = writer, options
        self._batch = _Frames if hasattr(writer, "write_frames") else _Raw
        self._meta = {"rules": {name: [rule.depth, rule.min_duration_ms] for name, rule in rules.items()}, **options}
        self.after_fork(origin)

    def assemble(self, chunk: list[Event]) -> Batch | None:
        """See ``Sink``."""
        if self._assembler is not None:
            self._assembler.feed(chunk)
        return self._batch(self.writer, chunk, self._meta) if chunk else None

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
        self._assembler = Assembler(origin, **self._options) if origin.trace_ids else None
        self._meta |= {
            "pid": origin.pid,
            "base": origin.base,
            "service": origin.service,
            "correlation_id": origin.correlation_id,
            "files": dict(origin.files) if origin.with_lines else {},
            "with_lines": origin.with_lines,
            "trace_ids": origin.trace_ids,
            "remote": origin.remote,
        }


def sink_for(writer: Writer, origin: Origin, rules: Mapping[str, Rule], *, pauses: bool = False) -> Sink:
    """The fastest sink for this writer.

    :param rules: the limits of each policy, by name.
    :param pauses: whether suspensions of generators are entries.
    """
    limited = any(rule.limits for rule in rules.values())
    kind: Callable[..., Sink]
    if hasattr(writer, "write_events"):
        kind = RawSink
    elif hasattr(writer, "write_rows"):
        kind = RowSink
    elif hasattr(writer, "write_lines"):
        kind = HeldLineSink if limited else LineSink
    else:
        kind = RecordSink if hasattr(writer, "write_records") else EntrySink
    return kind(writer, origin, rules, pauses=pauses)

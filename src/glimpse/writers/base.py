"""What every writer is: where entries go, one class a destination, and the faster ways in that some of them offer."""

from __future__ import annotations

from glimpse.entry import LogEntry
from glimpse.errors import ReadError, WriterError
from glimpse.writers.options import Option, take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, ClassVar, Protocol, runtime_checkable
else:
    from glimpse.light import Protocol, runtime_checkable

__all__ = ["BaseWriter", "LineWriter", "PartialWrite", "RawWriter", "RecordWriter", "WriterConfig"]


class PartialWrite(WriterError):  # noqa: N818 - it is a result as much as an error
    """A batch of which the beginning was written and the rest was not.

    ``taken`` counts from the start of the batch, in entries (``write_batch``) or bytes (``write_lines``). Whoever
    tries again leaves them out.
    """

    def __init__(self, taken: int, reason: object) -> None:
        super().__init__(f"{taken} written, then: {reason}")
        self.taken = taken


class WriterConfig(Protocol):
    """What writers need of a configuration."""

    @property
    def dests(self) -> tuple[str, ...]:
        """Names of the destinations."""

    @property
    def service(self) -> str:
        """Name of the traced program."""

    @property
    def folder(self) -> str:
        """What paths count from that are not given."""

    def params_for(self, dest: str) -> Mapping[str, Any]:
        """The parameters of one of the destinations, by the names that ``BaseWriter.options`` declares."""


class BaseWriter:
    """A destination of entries. Subclass it, define ``write`` or ``write_batch``, and register the class.

    Nothing here needs a lock: one call at a time comes in, from the traced program's threads or from a thread that
    flushes. Whatever a method raises is counted and reported, never seen by the traced program, and the batch is
    offered again later; so take a batch as a whole, or raise ``PartialWrite``.
    """

    options: ClassVar[Sequence[Option]] = ()
    """The keys of ``params`` that this writer takes; they become keyword arguments of its constructor."""

    waits: ClassVar[bool] = True
    """Whether writing may wait for something else than a file of this machine. Then a thread does all of it, and the
    traced program goes on meanwhile; else whoever fills the buffer writes it, which costs least."""

    @property
    def dropped(self) -> int:
        """How many entries were taken and then lost, within the bounds of what may wait here."""
        return 0

    @property
    def trouble(self) -> str | None:
        """What is wrong at the moment although nothing is lost, such as a server that is away; None if nothing is."""
        return None

    @classmethod
    def from_config(cls, config: WriterConfig, name: str) -> BaseWriter:
        """Make the writer that a configuration describes; ``name`` is what it is registered as.

        :raises ConfigError: a value of ``params`` is not accepted.
        :raises WriterError: the destination cannot be opened.
        """
        return cls(**take(cls.options, config.params_for(name), name, config.folder))

    def write(self, entry: LogEntry) -> None:
        """Write one entry."""
        if type(self).write_batch is BaseWriter.write_batch:
            raise NotImplementedError(f"{type(self).__name__} defines neither write nor write_batch")
        self.write_batch([entry])

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Write entries in their order.

        :raises PartialWrite: only the first ones were written.
        :raises WriterError: none was written.
        :raises OSError: the same, as the operating system has it.
        """
        for taken, entry in enumerate(entries):
            try:
                self.write(entry)
            except Exception as error:
                if taken == 0:
                    raise
                raise PartialWrite(taken, error) from error

    def flush(self) -> None:
        """Hand everything written so far to its destination. Called after each flush interval and before ``close``."""

    def close(self) -> None:
        """Finish and release everything. Calling it again does no harm; nothing is written afterwards."""

    def before_fork(self) -> None:
        """Let go, in the parent, of what must not exist when the process is copied; it is opened again when needed."""

    def after_fork(self) -> None:
        """Forget, in the child, what belongs to the parent: offsets, connections, text that is still to be sent."""

    @classmethod
    def read(cls, source: str) -> Iterator[LogEntry]:
        """Yield the entries of a file (or a URI) of this kind, reading as it goes.

        A record that was cut off, by a kill or because it is being written right now, is left out.

        :raises ReadError: it is missing, or not of this kind; the message is one line that says where and why.
        """
        raise ReadError(f"{source}: {cls.__name__} cannot read back what it wrote")


@runtime_checkable
class RecordWriter(Protocol):
    """A writer that also takes entries as dicts, in the form of ``LogEntry.to_dict``."""

    def write_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write entries in their order.

        :raises PartialWrite: only the first ones were written.
        :raises WriterError: none was written.
        :raises OSError: the same, as the operating system has it.
        """


@runtime_checkable
class LineWriter(Protocol):
    """A writer that also takes text ready for its file."""

    def write_lines(self, data: bytes) -> None:
        """Append whole lines, each a JSON object of an entry with the newline at its end.

        :raises PartialWrite: ``taken`` bytes, which are whole lines, were written.
        :raises WriterError: nothing was written.
        :raises OSError: the same, as the operating system has it.
        """


@runtime_checkable
class RawWriter(Protocol):
    """A writer that also takes the events themselves, before they are made into entries."""

    def write_events(self, events: Sequence[Sequence[Any]], meta: Mapping[str, Any]) -> None:
        """Append a batch of events, all or nothing.

        ``meta`` describes the process that they come from (pid, service, clock, …) as JSON can hold it; it may change
        from batch to batch.

        :raises WriterError: nothing was written.
        :raises OSError: the same, as the operating system has it.
        """

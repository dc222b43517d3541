"""Spans for OpenTelemetry: a collector, or any other receiver of OTLP over HTTP, gets each call when it has ended."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from glimpse import spans
from glimpse.entry import LogEntry
from glimpse.errors import ConfigError, WriterError, bad_value
from glimpse.parsers import file_path, seconds
from glimpse.writers.base import BaseWriter
from glimpse.writers.encoding import dump_json
from glimpse.writers.files import System
from glimpse.writers.options import Option
from glimpse.writers.spool import Spool

if TYPE_CHECKING:
    from glimpse.writers.otlp.sending import Exporter

__all__ = ["OtlpWriter"]

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_MOST_OPEN: Final = 100_000
_LONGEST_WAIT_S: Final = 300.0


def _endpoint(value: object) -> str:
    written = value.rstrip("/") if isinstance(value, str) else ""
    if written.startswith(("http://", "https://")) and len(written) > len("https://"):
        return written
    raise ValueError("the URL of a receiver of OTLP over HTTP, such as http://localhost:4318")


class _Begun(NamedTuple):
    """What is remembered of a call that has not ended."""

    args: str
    start: int
    trace_id: str
    span_id: str
    parent: str | None


class OtlpWriter(BaseWriter):
    """Sends each call that has ended as a span, through OpenTelemetry's own exporter, in protobuf.

    While the receiver cannot be reached or is busy, spans wait in files beside ``spool_path``; they are sent first
    when it is back, after the time that it asked for (``Retry-After``) if it did, also by a later run of the program.
    A batch of which nobody knows whether it arrived is sent again: its spans have the same ids. What the receiver says
    is wrong is kept in ``spool_path.refused``. Headers, certificates and compression are those of OpenTelemetry's own
    environment variables, ``OTEL_EXPORTER_OTLP_HEADERS`` and so on.

    :raises ConfigError: the exporter is not installed.
    """

    options: ClassVar[Sequence[Option]] = (
        Option("endpoint", _endpoint, None, "the receiver; else OTEL_EXPORTER_OTLP_ENDPOINT or http://localhost:4318"),
        Option("timeout", seconds, 5, "how long to wait for its answer"),
        Option("spool_path", file_path, "glimpse-spans", "beginning of the names of files where spans wait"),
    )

    def __init__(self, endpoint: str | None = None, *, timeout: float = 5, spool_path: str) -> None:
        if timeout <= 0:
            raise ConfigError(bad_value("timeout of dest otlp", timeout, "a time above 0"))
        try:
            import glimpse.writers.otlp.sending  # noqa: F401 - so that it is missed now, and not in the first batch
        except ImportError as error:
            message = f"dest otlp needs OpenTelemetry's exporter ({error}): pip install 'glimpse[otlp]'"
            raise ConfigError(message) from None
        self._endpoint, self._timeout = endpoint, timeout
        self._spool_path = file_path(spool_path)
        self._exporter: Exporter | None = None
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Start as a process of its own."""
        self._run = System.urandom(6).hex()
        self._spool = Spool(self._spool_path, self._run)
        self._count = 0
        self._open: OrderedDict[tuple[int, int], _Begun] = OrderedDict()
        self._retry_at = 0.0
        self._pause = _FIRST_PAUSE_S
        self._away: str | None = None
        self._refused = 0
        self._why_refused = ""

    @property
    def trouble(self) -> str | None:
        """What is wrong with the receiver, though nothing is lost."""
        refused = f"{self._refused} spans refused and kept in {self._spool_path}.refused: {self._why_refused}"
        return "; ".join(filter(None, (self._away, refused if self._refused else None))) or None

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Send the calls that end in these entries, or put them where they wait for the receiver.

        :raises WriterError, OSError: neither was possible.
        """
        if self._closed:
            raise WriterError("otlp: the writer is closed")
        ended = [(entry, self._taken(entry)) for entry in entries]
        made = [span for _, (span, _) in ended if span is not None]
        if made and not self._try_send(made):
            try:
                self._spool.put(made)
            except BaseException:  # the batch will be offered again: its calls have not ended yet
                for entry, (span, begun) in ended:
                    if span is not None and begun is not None:
                        self._open[entry.pid, entry.call_id] = begun
                raise

    def flush(self) -> None:
        """Send what waits, if it is time to try again."""
        if self._spool.waiting or self._away:
            self._try_send([])

    def close(self) -> None:
        """Send what waits, and disconnect; what cannot be sent stays in its file for the next run."""
        if not self._closed:
            self._closed = True
            if self._exporter is not None or self._spool.waiting:
                self._retry_at = 0.0
                self._try_send([])
            self._spool.release()
            self._disconnect()

    def before_fork(self) -> None:
        """Disconnect: a connection must not be shared with the child."""
        self._disconnect()

    def after_fork(self) -> None:
        """Write as a process of its own; the parent sends what it has spooled."""
        self._exporter = None
        self._spool.release()
        self._begin()

    # -- from entries to spans --------------------------------------------------------------------------------

    def _taken(self, entry: LogEntry) -> tuple[dict[str, Any] | None, _Begun | None]:
        """The span of the call that this entry ends, and what was remembered of it; None if it ends none."""
        key = (entry.pid, entry.call_id)
        if entry.stage == "START":
            self._open[key] = self._begun(entry)
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        if entry.stage not in ("END", "EXCEPTION"):
            return None, None
        begun = self._open.pop(key, None) or self._begun(entry, entry.duration_ms or 0)
        return self._span(entry, begun), begun

    def _begun(self, entry: LogEntry, earlier_ms: float = 0) -> _Begun:
        above = self._open.get((entry.pid, entry.parent_id)) if entry.parent_id is not None else None
        start = _nanoseconds(entry.timestamp) - round(earlier_ms * 1e6)
        trace_id, span_id = entry.trace_id, entry.span_id
        if trace_id is None or span_id is None:  # entries from elsewhere, without ids
            made = blake2b(f"{self._run}/{entry.pid}/{entry.call_id}/{start}".encode(), digest_size=24).hexdigest()
            trace_id, span_id = above.trace_id if above is not None else made[:32], made[32:]
        parent = entry.parent_span_id or (above.span_id if above is not None else None)
        return _Begun(entry.args, start, trace_id, span_id, parent)

    def _span(self, entry: LogEntry, begun: _Begun) -> dict[str, Any]:
        self._count += 1
        end = max(begun.start + round((entry.duration_ms or 0) * 1e6), begun.start)
        failed = entry.stage == "EXCEPTION"
        told = spans.exception_attributes(entry.exception) if failed else {}
        return {
            "_id": f"{self._run}-{self._count}",
            "name": entry.function,
            "trace_id": begun.trace_id,
            "span_id": begun.span_id,
            "parent": begun.parent,
            "start": begun.start,
            "end": end,
            "attributes": spans.attributes({**entry.to_dict(), "args": begun.args}),
            "events": [{"time": end, "attributes": told}] if failed else [],
            "error": told["exception.message"] if failed else None,
            "resource": spans.resource(entry.service, entry.pid),
        }

    # -- to the receiver --------------------------------------------------------------------------------------

    def _try_send(self, ended: list[dict[str, Any]]) -> bool:
        """Whether the receiver has everything now."""
        from glimpse.writers.otlp.sending import Exporter, Unavailable

        if System.monotonic() < self._retry_at:
            return False
        if self._exporter is None:
            self._exporter = Exporter(self._endpoint, self._timeout)
        try:
            self._spool.send(self._send)
            if ended:
                self._send(ended)
        except (Unavailable, OSError) as error:
            asked = min(getattr(error, "retry_after", None) or 0.0, _LONGEST_WAIT_S)
            self._retry_at = System.monotonic() + max(self._pause, asked)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
            self._away = f"{self._exporter.endpoint}: {error}; spans wait in {self._spool.path}"
            return False
        self._retry_at, self._pause, self._away = 0.0, _FIRST_PAUSE_S, None
        return True

    def _send(self, batch: list[dict[str, Any]]) -> None:
        from glimpse.writers.otlp.sending import Refused, TooLarge

        assert self._exporter is not None
        try:
            self._exporter.send(batch)
        except TooLarge as error:
            if len(batch) == 1:
                self._set_aside(batch, str(error))
                return
            middle = len(batch) // 2
            self._send(batch[:middle])
            self._send(batch[middle:])
        except Refused as error:
            self._set_aside(batch, str(error))

    def _set_aside(self, refused: list[dict[str, Any]], reason: str) -> None:
        """Keep spans that the receiver will never take in a file of their own."""
        from glimpse.writers.appending import AppendFile

        file = AppendFile(f"{self._spool_path}.refused", separator=b"\n")
        file.append(b"".join([dump_json(span) + b"\n" for span in refused]))
        file.close()
        self._refused += len(refused)
        self._why_refused = reason

    def _disconnect(self) -> None:
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.close()


def _nanoseconds(timestamp: str) -> int:
    try:
        moment = datetime.fromisoformat(timestamp).replace(tzinfo=timezone.utc)
    except ValueError:
        return 0
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000_000 + moment.microsecond * 1000

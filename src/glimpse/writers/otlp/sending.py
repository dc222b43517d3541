"""Spans on their way to a collector: through OpenTelemetry's own exporter, one try at a time."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from glimpse.spans import SCOPE
from glimpse.writers.files import System

__all__ = ["Exporter", "Refused", "TooLarge", "Unavailable"]

_TRACES: Final = "/v1/traces"
_SUPPRESS: Final = getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")
_LOGGER: Final = "opentelemetry"
_SCOPE: Final = InstrumentationScope(*SCOPE)
_SYSTEM: Final = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")
_LONGEST: Final = 200
_TOO_LARGE: Final = 413
_NEVER_TAKEN: Final = frozenset({400, 422})


class Unavailable(Exception):  # noqa: N818 - what the collector is
    """It did not take the spans now; ``retry_after`` is the number of seconds it asks to wait, if it does."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(Exception):  # noqa: N818 - what the spans are
    """It will never take them."""


class TooLarge(Refused):
    """It will take fewer of them at once."""


class _Answered(Exception):  # noqa: N818 - no error: the way out of the exporter's own waiting
    """An answer that is not 2xx: the exporter would sleep, here in the traced program's time, and try again."""


class _Session(requests.Session):
    """Remembers what went wrong last, which the exporter does not tell."""

    status: int | None = None
    retry_after: float | None = None
    reason = ""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.status = self.retry_after = None
        try:
            response = super().send(request, **options)
        except requests.RequestException as error:
            self.reason = _brief(error)
            raise _Answered from error
        if not response.ok:
            self.status, self.reason = response.status_code, f"HTTP {response.status_code} {response.reason}"
            self.retry_after = _seconds(response.headers.get("Retry-After"))
            raise _Answered
        return response


class Exporter:
    """Sends spans, which are dicts as ``otlp.OtlpWriter`` makes them.

    :param endpoint: the collector; None for what OpenTelemetry's own variables say, or its default.
    :param timeout: seconds to wait for an answer.
    """

    def __init__(self, endpoint: str | None, timeout: float) -> None:
        if endpoint is not None and endpoint.count("/") == 2:
            endpoint += _TRACES
        self._session = _Session()
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=timeout, session=self._session)  # type: ignore[arg-type,unused-ignore]
        self.endpoint: str = self._exporter._endpoint

    def send(self, spans: Sequence[dict[str, Any]]) -> None:
        """Send them, once.

        :raises Unavailable, Refused, TooLarge: they have not arrived.
        """
        self._session.status, self._session.reason = None, "the exporter failed"
        done = None
        with _alone():
            try:
                done = self._exporter.export([_span(each) for each in spans])
            except _Answered:
                pass
        if done is SpanExportResult.SUCCESS:
            return
        status, reason = self._session.status, self._session.reason
        if status == _TOO_LARGE:
            raise TooLarge(reason)
        if status in _NEVER_TAKEN:
            raise Refused(reason)
        raise Unavailable(reason, self._session.retry_after)

    def close(self) -> None:
        """Disconnect."""
        with _alone():
            self._exporter.shutdown()  # type: ignore[no-untyped-call]
        self._session.close()


@contextmanager
def _alone() -> Iterator[None]:
    """The exporter neither logs on this thread, nor is its request traced by whatever instruments requests."""
    mine = threading.get_ident()

    def quiet(record: logging.LogRecord) -> bool:
        return threading.get_ident() != mine

    loggers = [
        logger
        for name, logger in list(logging.Logger.manager.loggerDict.items())
        if isinstance(logger, logging.Logger) and name.startswith((_LOGGER, "urllib3"))
    ]
    token = context.attach(context.set_value(_SUPPRESS, True))
    for logger in loggers:
        logger.addFilter(quiet)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(quiet)
        context.detach(token)


def _span(span: dict[str, Any]) -> ReadableSpan:
    parent = None if span["parent"] is None else _context(span["trace_id"], span["parent"])
    code = trace.StatusCode.UNSET if span["error"] is None else trace.StatusCode.ERROR
    return ReadableSpan(
        name=span["name"],
        context=_context(span["trace_id"], span["span_id"]),
        parent=parent,
        resource=Resource(span["resource"]),
        attributes=span["attributes"],
        events=[Event("exception", each["attributes"], each["time"]) for each in span["events"]],
        kind=trace.SpanKind.INTERNAL,
        status=trace.Status(code, span["error"] or None) if span["error"] is not None else trace.Status(code),
        start_time=span["start"],
        end_time=span["end"],
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: str, span_id: str) -> trace.SpanContext:
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    return trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled)


def _seconds(value: str | None) -> float | None:
    """What ``Retry-After`` asks for: seconds, or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - System.now(), 0.0)
    except (TypeError, ValueError):
        return None


def _brief(error: Exception) -> str:
    """What is behind an error of requests, which repeats that of urllib3, which repeats that of the system."""
    text = str(error)
    found = _SYSTEM.search(text)
    return f"{type(error).__name__}: {found[1] if found else text}"[:_LONGEST]

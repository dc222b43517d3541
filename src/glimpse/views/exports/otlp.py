"""Spans in OTLP's JSON encoding, as OpenTelemetry's file exporter writes it: a batch of spans a line."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from hashlib import blake2b
from typing import Any, Final, TextIO

from glimpse import spans
from glimpse.traces.calls import ENDED, STARTED, Call, CallEvent
from glimpse.traces.records import epoch_us

__all__ = ["write"]

BATCH: Final = 500
_INTERNAL: Final = 1
_ERROR: Final = 2


def write(events: Iterable[CallEvent], stream: TextIO) -> None:
    """Write every call as a span. Calls without ids of their own get some that are the same at each export."""
    batches: dict[tuple[Hashable, int, str | None], list[dict[str, Any]]] = {}
    last_ns = 0
    for event, call in events:
        if event == STARTED:
            call.node = _trace_id(call)
        elif event == ENDED:
            span, last_ns = _span(call, last_ns)
            batch = batches.setdefault((call.process, call.pid, call.service), [])
            batch.append(span)
            if len(batch) >= BATCH:
                _flush(call.pid, call.service, batch, stream)
    for (_, pid, service), batch in batches.items():
        if batch:
            _flush(pid, service, batch, stream)


def _flush(pid: int, service: str | None, batch: list[dict[str, Any]], stream: TextIO) -> None:
    resource = _encoded(spans.resource(service, pid))
    scope = dict(zip(("name", "version"), spans.SCOPE, strict=True))
    made = {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"scope": scope, "spans": batch}]}]}
    stream.write(json.dumps(made, separators=(",", ":")) + "\n")
    batch.clear()


def _span(call: Call, last_ns: int) -> tuple[dict[str, Any], int]:
    start = (epoch_us(call.timestamp) or 0) * 1000
    end = start + round((call.duration_ms or 0.0) * 1e6) if call.finished else max(last_ns, start)
    told = spans.attributes({name: getattr(call, name) for name in spans.FIELDS})
    if not call.finished:
        told["glimpse.unfinished"] = True
    span: dict[str, Any] = {
        "traceId": call.node if isinstance(call.node, str) else _trace_id(call),
        "spanId": _span_id(call),
        "name": call.function,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _encoded(told),
        "status": {},
    }
    if call.parent is not None:
        span["parentSpanId"] = _span_id(call.parent)
    elif spans.is_span_id(call.parent_span_id):
        span["parentSpanId"] = call.parent_span_id
    if call.failed:
        span["status"] = {"code": _ERROR, "message": call.error_message}
        raised = _encoded(spans.exception_attributes(call.exception))
        span["events"] = [{"timeUnixNano": str(end), "name": "exception", "attributes": raised}]
    return span, max(last_ns, end)


def _encoded(attributes: spans.Attributes) -> list[dict[str, Any]]:
    return [_attribute(name, value) for name, value in attributes.items()]


def _attribute(name: str, value: str | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": name, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": name, "value": {"intValue": str(value)}}
    if isinstance(value, float):
        return {"key": name, "value": {"doubleValue": value}}
    return {"key": name, "value": {"stringValue": value}}


def _trace_id(call: Call) -> str:
    if call.trace_id is not None and spans.is_trace_id(call.trace_id):
        return call.trace_id
    if call.parent is not None and isinstance(call.parent.node, str):
        return call.parent.node
    return _digest(call, 16)


def _span_id(call: Call) -> str:
    if call.span_id is not None and spans.is_span_id(call.span_id):
        return call.span_id
    return _digest(call, 8)


def _digest(call: Call, size: int) -> str:
    identity = f"{call.process}/{call.call_id}/{call.timestamp}"
    return blake2b(identity.encode("utf-8", "replace"), digest_size=size).hexdigest()

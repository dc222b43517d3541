"""Trace and baggage read from headers and written to them: by OpenTelemetry's propagators in a program that uses them.

Then what the program has configured (B3, say) is what Glimpse reads and writes too. OpenTelemetry is never imported
here; in a program that has not imported it, headers are those of the W3C. Baggage has one form always:
OpenTelemetry's takes a member's properties for a part of its value.
"""

from __future__ import annotations

import sys

from .baggage import format_baggage, parse_baggage
from .scopes import TraceContext
from .w3c import TraceParent, format_traceparent, parse_traceparent, parse_tracestate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import replace
    from typing import Any, Final
else:
    from glimpse.light import replace

__all__ = ["current_span", "parent_in", "read", "write"]

_PROPAGATE: Final = "opentelemetry.propagate"
_TRACE: Final = "opentelemetry.trace"


def read(headers: Mapping[str, list[str]]) -> TraceContext:
    """What headers, by their names in lower case, say of trace and baggage."""
    parents = headers.get("traceparent", [])
    if len(parents) > 1:  # nobody knows which of them it was
        headers = {name: values for name, values in headers.items() if name not in ("traceparent", "tracestate")}
    baggage = parse_baggage(headers.get("baggage", []))
    if _PROPAGATE in sys.modules:
        return replace(_read_with_opentelemetry(headers), baggage=baggage)
    remote = parse_traceparent(parents[0]) if len(parents) == 1 else None
    tracestate = parse_tracestate(headers.get("tracestate", [])) if remote is not None else ""
    return TraceContext(remote, tracestate, baggage)


def write(context: TraceContext) -> dict[str, str]:
    """The headers that say this of trace and baggage."""
    found: dict[str, str] = {}
    if context.remote is not None and _PROPAGATE in sys.modules:
        found = _write_with_opentelemetry(context.remote, context.tracestate)
    elif context.remote is not None:
        found["traceparent"] = format_traceparent(*context.remote)
        if context.tracestate:
            found["tracestate"] = context.tracestate
    if baggage := format_baggage(context.baggage):
        found["baggage"] = baggage
    return found


def current_span() -> TraceParent | None:
    """The span that OpenTelemetry has as the current one, in a program that uses it."""
    return parent_in(None)


def parent_in(context: Any) -> TraceParent | None:
    """The span that is current in a context of OpenTelemetry's."""
    trace: Any = sys.modules.get(_TRACE)
    if trace is None or not hasattr(trace, "get_current_span"):  # it is just being imported
        return None
    return _parent_of(trace.get_current_span(context).get_span_context())


def _read_with_opentelemetry(headers: Mapping[str, list[str]]) -> TraceContext:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.propagate import extract

    found = extract(headers, context=Context())
    span = trace.get_current_span(found).get_span_context()
    return TraceContext(_parent_of(span), span.trace_state.to_header() if span.is_valid else "")


def _write_with_opentelemetry(parent: TraceParent, tracestate: str) -> dict[str, str]:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.propagate import inject

    span = trace.SpanContext(
        int(parent.trace_id, 16),
        int(parent.span_id, 16),
        is_remote=False,
        trace_flags=trace.TraceFlags(int(parent.sampled)),
        trace_state=trace.TraceState.from_header([tracestate]) if tracestate else None,
    )
    found: dict[str, str] = {}
    inject(found, trace.set_span_in_context(trace.NonRecordingSpan(span), Context()))
    return found


def _parent_of(span: Any) -> TraceParent | None:
    if not span.is_valid:
        return None
    return TraceParent(f"{span.trace_id:032x}", f"{span.span_id:016x}", bool(span.trace_flags & 1))

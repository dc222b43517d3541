"""Requests that pass through several processes: trace ids, correlation ids, and the headers that carry them."""

from __future__ import annotations

from ..light import on_demand
from .scopes import (
    LISTENERS,
    Listener,
    Scope,
    TraceContext,
    active,
    check_correlation_id,
    correlation,
    is_busy,
    set_outside,
)
from .w3c import TraceParent, format_traceparent, parse_traceparent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .headers import (
        CORRELATION_HEADERS,
        context_of,
        current_call,
        extract,
        header_value,
        here,
        inject,
        outgoing,
        scope_of,
    )
    from .propagators import current_span, parent_in

__all__ = [
    "CORRELATION_HEADERS",
    "LISTENERS",
    "Listener",
    "Scope",
    "TraceContext",
    "TraceParent",
    "active",
    "check_correlation_id",
    "context_of",
    "correlation",
    "current_call",
    "current_span",
    "extract",
    "format_traceparent",
    "header_value",
    "here",
    "inject",
    "is_busy",
    "outgoing",
    "parent_in",
    "parse_traceparent",
    "scope_of",
    "set_outside",
]

__getattr__ = on_demand(
    __name__,
    {
        "headers": (
            "CORRELATION_HEADERS", "context_of", "current_call", "extract", "header_value", "here", "inject",
            "outgoing", "scope_of",
        ),
        "propagators": ("current_span", "parent_in"),
    },
)  # fmt: skip

"""A call as OpenTelemetry sees it: the names and values of a span's attributes, by its semantic conventions.

https://opentelemetry.io/docs/specs/semconv/: ``code.*``, ``exception.*``, ``thread.name``, ``process.pid`` and
``service.name``. What it has no convention for is named ``glimpse.*``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ._version import __version__

__all__ = [
    "FIELDS",
    "SCOPE",
    "Attributes",
    "attributes",
    "exception_attributes",
    "is_span_id",
    "is_trace_id",
    "resource",
]

Attributes = dict[str, Any]

SCOPE: Final = ("glimpse", __version__)
"""Name and version of what made the spans."""

_NAMES: Final = {
    "function": "code.function.name",
    "file": "code.file.path",
    "line": "code.line.number",
    "thread": "thread.name",
    "call_id": "glimpse.call_id",
    "args": "glimpse.args",
    "result": "glimpse.result",
    "task": "glimpse.task",
    "yields": "glimpse.yields",
    "active_ms": "glimpse.active_ms",
    "closed": "glimpse.closed",
    "correlation_id": "glimpse.correlation_id",
    "policy": "glimpse.policy",
}
FIELDS: Final = tuple(_NAMES)
"""The fields of the record that become attributes."""

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")


def attributes(fields: Mapping[str, Any]) -> Attributes:
    """The attributes of a call's span, of the fields of its record; what is None or False is left out."""
    values = ((attribute, fields.get(name)) for name, attribute in _NAMES.items())
    return {attribute: value for attribute, value in values if value is not None and value is not False}


def exception_attributes(exception: Mapping[str, Any] | None) -> Attributes:
    """The attributes of the event that says that a call ended in an exception."""
    told = {name: (exception or {}).get(name) for name in ("type", "message", "traceback")}
    found = {f"exception.{name}": str(told[name] or "") for name in ("type", "message")}
    if isinstance(told["traceback"], str):
        found["exception.stacktrace"] = told["traceback"]
    return found


def resource(service: str | None, pid: int) -> Attributes:
    """The attributes of a process."""
    return {"service.name": service or "unknown_service:python", "process.pid": pid}


def is_trace_id(value: object) -> bool:
    """Whether it is a trace's id as the W3C has them."""
    return isinstance(value, str) and _TRACE_ID.fullmatch(value) is not None


def is_span_id(value: object) -> bool:
    """Whether it is a span's id as the W3C has them."""
    return isinstance(value, str) and _SPAN_ID.fullmatch(value) is not None

"""Comma-separated values: a row for each call."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, Final, TextIO

from glimpse.traces.calls import ENDED, Call, CallEvent

__all__ = ["COLUMNS", "row_of", "write"]

COLUMNS: Final = (
    "call_id", "parent_id", "depth", "function", "args", "result", "error_type", "error_message", "timestamp",
    "duration_ms", "self_ms", "active_ms", "yields", "finished", "thread", "pid", "task", "service", "trace_id",
    "span_id", "parent_span_id", "correlation_id", "policy", "file", "line",
)  # fmt: skip
"""Names of the columns. Times are milliseconds; ``timestamp`` is when the call began, UTC."""


def write(events: Iterable[CallEvent], stream: TextIO) -> None:
    """Write a heading and a row for each call, in the order in which they ended."""
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for event, call in events:
        if event == ENDED:
            rows.writerow(row_of(call))


def row_of(call: Call) -> list[Any]:
    """The values of ``COLUMNS``; what is unknown is None."""
    values = {name: getattr(call, name) for name in COLUMNS}
    values["self_ms"] = round(call.self_ms, 6) if call.finished else None
    if not call.failed:
        values["error_type"] = values["error_message"] = None
    return list(values.values())

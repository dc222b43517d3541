"""Chrome's trace events: what Perfetto and chrome://tracing open."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, TextIO

from glimpse.traces.calls import Call, CallEvent
from glimpse.views.exports.lanes import Lane, Slice, slices
from glimpse.views.text.naming import split_function

__all__ = ["write"]

_DETAILS: Final = ("result", "yields", "active_ms", "task", "trace_id", "span_id", "correlation_id", "file", "line")


def write(events: Iterable[CallEvent], stream: TextIO) -> None:
    """Write every call as a complete event, and the names of processes and threads."""
    stream.write('{"displayTimeUnit":"ms","traceEvents":[\n')
    known: set[Lane] = set()
    separator = ""
    for piece in slices(events):
        if piece.lane not in known:
            for event in _names(piece.lane, new_process=not any(lane.pid == piece.lane.pid for lane in known)):
                stream.write(separator + json.dumps(event))
                separator = ",\n"
            known.add(piece.lane)
        stream.write(separator + json.dumps(_event(piece)))
        separator = ",\n"
    stream.write("\n]}\n")


def _names(lane: Lane, *, new_process: bool) -> list[dict[str, Any]]:
    about = {"ph": "M", "pid": lane.pid, "tid": lane.number, "ts": 0}
    names = [
        {**about, "name": "thread_name", "args": {"name": lane.name}},
        {**about, "name": "thread_sort_index", "args": {"sort_index": lane.number}},
    ]
    if new_process:
        names.insert(0, {**about, "name": "process_name", "args": {"name": lane.service or f"pid {lane.pid}"}})
    return names


def _event(piece: Slice) -> dict[str, Any]:
    call = piece.call
    module, local = split_function(call.function)
    event = {
        "name": local,
        "cat": module or "function",
        "ph": "X",
        "ts": round(piece.start_us, 3),
        "dur": round(piece.duration_us, 3),
        "pid": piece.lane.pid,
        "tid": piece.lane.number,
        "args": _details(call),
    }
    if call.failed:
        event["cname"] = "terrible"
    return event


def _details(call: Call) -> dict[str, Any]:
    details: dict[str, Any] = {"call_id": call.call_id, "function": call.function, "args": call.args}
    details.update((name, value) for name in _DETAILS if (value := getattr(call, name)) is not None)
    if call.failed:
        details["exception"] = f"{call.error_type}: {call.error_message}"
    if not call.finished:
        details["unfinished"] = True
    return details

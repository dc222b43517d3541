"""OTLP JSON, read back with OpenTelemetry's own messages."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from glimpse.traces.calls import call_events
from glimpse.views.exports import otlp
from tests.traces.recording import Recorder, shop


def batches(program: Recorder) -> list[dict[str, Any]]:
    """The lines of a program."""
    stream = io.StringIO()
    otlp.write(call_events(program.entries), stream)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def spans(program: Recorder) -> dict[str, dict[str, Any]]:
    """The spans by name."""
    return {
        span["name"]: span
        for batch in batches(program)
        for resource in batch["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }


def test_opentelemetry_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is a TracesData message, every call a span of it."""
    messages = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2")
    json_format = pytest.importorskip("google.protobuf.json_format")
    monkeypatch.setattr(otlp, "BATCH", 50)
    count = 0
    for batch in batches(shop(20)):
        for span in batch["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            for name in {"traceId", "spanId", "parentSpanId"} & span.keys():  # hex here, base64 in plain protobuf JSON
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
        message = json_format.ParseDict(batch, messages.TracesData())
        assert message.resource_spans[0].resource.attributes[0].value.string_value == "shop"
        count += len(message.resource_spans[0].scope_spans[0].spans)
    assert count == sum(entry["stage"] == "START" for entry in shop(20).entries)


def test_parents_and_ids() -> None:
    """Calls without ids get some that link them, the same ones every time."""
    program = Recorder()
    with program.call("app.main"):
        program.leaf("app.step", ms=2)
    found = spans(program)
    assert found["app.step"]["parentSpanId"] == found["app.main"]["spanId"]
    assert found["app.step"]["traceId"] == found["app.main"]["traceId"]
    assert "parentSpanId" not in found["app.main"]
    assert found == spans(program)
    assert int(found["app.step"]["endTimeUnixNano"]) - int(found["app.step"]["startTimeUnixNano"]) == 2_000_000


def test_own_ids_are_kept() -> None:
    """Ids of the trace stay, so spans of other tools fit in."""
    program = Recorder(ids=True)
    program.leaf("app.main", parent_span_id="00f067aa0ba902b7")
    (entry, _) = program.entries
    span = spans(program)["app.main"]
    assert (span["traceId"], span["spanId"], span["parentSpanId"]) == (
        entry["trace_id"],
        entry["span_id"],
        "00f067aa0ba902b7",
    )


def test_failures() -> None:
    """An exception is the span's status and an event of it."""
    program = Recorder()
    program.fail(program.start("app.main"), ValueError("bad"))
    span = spans(program)["app.main"]
    assert span["status"] == {"code": 2, "message": "bad"}
    attributes = {item["key"]: item["value"]["stringValue"] for item in span["events"][0]["attributes"]}
    assert attributes["exception.type"] == "ValueError"
    assert attributes["exception.stacktrace"].startswith("Traceback")

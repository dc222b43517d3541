"""Trace events."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import given

from glimpse.traces.calls import call_events
from glimpse.views.exports.chrome import write
from tests.traces.recording import Recorder, shop
from tests.traces.strategies import programs


def events(program: Recorder) -> list[dict[str, Any]]:
    """The events of a program."""
    stream = io.StringIO()
    write(call_events(program.entries), stream)
    document = json.loads(stream.getvalue())
    assert document["displayTimeUnit"] == "ms"
    found: list[dict[str, Any]] = document["traceEvents"]
    return found


@given(programs)
def test_the_format(program: Recorder) -> None:
    """Each event has what the format asks for: complete events with times in microseconds, metadata with names."""
    found = events(program)
    named = {(event["pid"], event["tid"]) for event in found if event["name"] == "thread_name"}
    for event in found:
        assert event["ph"] in {"X", "M"}
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert event["ts"] >= 0
        if event["ph"] == "X":
            assert event["dur"] >= 0
            assert (event["pid"], event["tid"]) in named
    starts = [entry for entry in program.entries if entry["stage"] == "START"]
    assert len([event for event in found if event["ph"] == "X"]) == len(starts)


def test_what_an_event_tells() -> None:
    """Names are short, details whole; failures and unfinished calls are marked."""
    found = {event["args"].get("call_id"): event for event in events(shop(3)) if event["ph"] == "X"}
    main, total = found[1], found[6]
    assert (main["name"], main["cat"], main["args"]["args"]) == ("main", "shop.main", "main(path='orders.csv')")
    assert (total["name"], total["dur"]) == ("Order.total", 50.0)
    assert total["args"]["result"] == "0.0"
    failed = [event for event in found.values() if event["name"] == "Mailer.send"][0]  # noqa: RUF015
    assert failed["args"]["exception"] == "ConnectionRefusedError: [Errno 111] Connection refused"
    assert [event["name"] for event in found.values() if event["args"].get("unfinished")] == ["handle"]

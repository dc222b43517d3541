"""Speedscope profiles, checked against the format's description, and by speedscope itself where npm has it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from glimpse.traces.calls import call_events
from glimpse.views.exports import chrome, folded
from glimpse.views.exports.speedscope import write
from tests.support.chromium import browser
from tests.support.speedscope import BROKEN, opened, speedscope_release
from tests.traces.recording import Recorder, shop
from tests.traces.strategies import programs


def document(program: Recorder) -> dict[str, Any]:
    """The profile of a program."""
    stream = io.StringIO()
    write(call_events(program.entries), stream)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


@given(programs)
def test_frames_open_and_close(program: Recorder) -> None:
    """Every frame that opens closes, in the order of a stack and of time, within the profile's ends."""
    profile = document(program)
    opened = 0
    for part in profile["profiles"]:
        stack, now = [], part["startValue"]
        for event in part["events"]:
            assert event["at"] >= now
            now = event["at"]
            if event["type"] == "O":
                assert event["frame"] < len(profile["shared"]["frames"])
                stack.append(event["frame"])
                opened += 1
            else:
                assert stack.pop() == event["frame"]
        assert not stack
        assert now <= part["endValue"]
    assert opened == sum(entry["stage"] == "START" for entry in program.entries)


def test_threads_are_profiles() -> None:
    """One profile for each thread, named like it, with the functions' whole names."""
    profile = document(shop(3))
    assert [part["name"] for part in profile["profiles"]] == ["MainThread", "worker-0", "worker-1"]
    assert {"name": "shop.models.Order.total"} in profile["shared"]["frames"]


FRAME = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "file": {"type": "string"},
        "line": {"type": "number"},
        "col": {"type": "number"},
    },
}
EVENT = {
    "type": "object",
    "required": ["type", "at", "frame"],
    "additionalProperties": False,
    "properties": {"type": {"enum": ["O", "C"]}, "at": {"type": "number"}, "frame": {"type": "number"}},
}
PROFILE = {
    "type": "object",
    "required": ["type", "name", "unit", "startValue", "endValue", "events"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "evented"},
        "name": {"type": "string"},
        "unit": {"enum": ["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]},
        "startValue": {"type": "number"},
        "endValue": {"type": "number"},
        "events": {"type": "array", "items": EVENT},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["$schema", "shared", "profiles"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
        "shared": {
            "type": "object",
            "required": ["frames"],
            "additionalProperties": False,
            "properties": {"frames": {"type": "array", "items": FRAME}},
        },
        "profiles": {"type": "array", "items": PROFILE},
        "name": {"type": "string"},
        "activeProfileIndex": {"type": "number"},
        "exporter": {"type": "string"},
    },
}
"""What the description (github.com/jlfwong/speedscope, src/lib/file-format-spec.ts) says of profiles of events."""


def test_the_documented_format() -> None:
    """The whole document is what the format's description says, and has nothing else."""
    found = document(shop(20))
    jsonschema.validate(found, SCHEMA)
    found["profiles"][0]["events"][0]["at"] = "soon"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


def test_the_schema() -> None:
    """The whole document is what speedscope's own schema describes."""
    schema = json.loads((speedscope_release() / "file-format-schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document(shop(20)), schema)


@pytest.mark.once
def test_the_program(tmp_path: Path) -> None:
    """Speedscope opens its own format, trace events and folded stacks, and lists their functions; nothing broken."""
    speedscope_release()
    with browser() as chromium:
        for export, name in ((write, "shop.main.main"), (chrome.write, "main"), (folded.write, "shop.main.main")):
            stream = io.StringIO()
            export(call_events(shop(20).entries), stream)
            page = opened(stream.getvalue(), tmp_path, chromium)
            page.wait("document.body.innerText.includes('Sandwich')")
            page.press("3")  # the table of functions
            page.wait(f"document.body.innerText.includes({json.dumps(name)})", 20)
            page.close()
        found = document(shop(3))
        found["profiles"][0]["events"].reverse()
        assert BROKEN in str(opened(json.dumps(found), tmp_path, chromium).evaluate("document.body.innerText"))

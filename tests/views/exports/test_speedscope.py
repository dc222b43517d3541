"""Speedscope profiles, checked against the schema that speedscope itself ships where npm has it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from glimpse.traces.calls import call_events
from glimpse.views.exports.speedscope import write
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


def speedscope_schema() -> Path | None:
    """The schema in an installed speedscope, here or where npm keeps global packages."""
    npm = shutil.which("npm")
    folders = [Path.cwd() / "node_modules"]
    if npm is not None:
        root = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=False)
        folders.append(Path(root.stdout.strip()))
    paths = [folder / "speedscope/dist/release/file-format-schema.json" for folder in folders]
    return next((path for path in paths if path.exists()), None)


def test_the_schema() -> None:
    """The whole document is what speedscope's own schema describes."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = speedscope_schema()
    if schema is None:
        pytest.skip("speedscope is not installed: npm install --global speedscope")
    jsonschema.validate(document(shop(20)), json.loads(schema.read_text()))

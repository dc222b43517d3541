"""Profiles for speedscope, one for each thread and task: opening and closing frames in the order of time."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, Final, TextIO

from glimpse._version import __version__
from glimpse.traces.calls import Call, CallEvent
from glimpse.views.exports.lanes import Lane, slices

__all__ = ["write"]

SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


class _Profile:
    """The slices of a lane, packed."""

    def __init__(self) -> None:
        self.starts = array("d")
        self.ends = array("d")
        self.frames = array("q")

    def add(self, start: float, duration: float, frame: int) -> None:
        self.starts.append(round(start, 3))
        self.ends.append(round(start + duration, 3))
        self.frames.append(frame)

    def events(self) -> Iterator[dict[str, Any]]:
        """The frames opened and closed; the outer ones first where they begin together."""
        # of slices that begin and end together, the inner ones have come first
        order = sorted(range(len(self.starts)), key=lambda place: (self.starts[place], -self.ends[place], -place))
        stack: list[int] = []
        for place in order:
            while stack and self.ends[stack[-1]] <= self.starts[place]:
                yield self._closed(stack.pop())
            if stack:
                self.ends[place] = min(self.ends[place], self.ends[stack[-1]])
            yield {"type": "O", "frame": self.frames[place], "at": self.starts[place]}
            stack.append(place)
        while stack:
            yield self._closed(stack.pop())

    def _closed(self, place: int) -> dict[str, Any]:
        return {"type": "C", "frame": self.frames[place], "at": self.ends[place]}


def write(events: Iterable[CallEvent], stream: TextIO) -> None:
    """Write all profiles, those of the threads seen first in front."""
    frames: dict[tuple[str, str | None, int | None], int] = {}
    profiles: dict[Lane, _Profile] = {}
    for piece in slices(events):
        frame = frames.setdefault(_frame_key(piece.call), len(frames))
        profiles.setdefault(piece.lane, _Profile()).add(piece.start_us, piece.duration_us, frame)
    shared = {"frames": [_frame(key) for key in frames]}
    stream.write(f'{{"$schema":{json.dumps(SCHEMA)},"exporter":"glimpse@{__version__}","activeProfileIndex":0,')
    stream.write(f'"shared":{json.dumps(shared)},"profiles":[')
    several = len({lane.pid for lane in profiles}) > 1
    for position, lane in enumerate(sorted(profiles, key=lambda lane: (lane.pid, lane.number))):
        stream.write(",\n" if position else "\n")
        _write_profile(lane, profiles[lane], stream, several=several)
    stream.write("\n]}\n")


def _write_profile(lane: Lane, profile: _Profile, stream: TextIO, *, several: bool) -> None:
    name = f"{lane.service or lane.pid} {lane.name}" if several else lane.name
    head = {
        "type": "evented",
        "name": name,
        "unit": "microseconds",
        "startValue": min(profile.starts),
        "endValue": max(profile.ends),
    }
    stream.write(json.dumps(head)[:-1] + ',"events":[')
    for position, event in enumerate(profile.events()):
        stream.write((",\n" if position else "") + json.dumps(event))
    stream.write("]}")


def _frame_key(call: Call) -> tuple[str, str | None, int | None]:
    return (call.function, call.file, call.line)


def _frame(key: tuple[str, str | None, int | None]) -> dict[str, Any]:
    name, file, line = key
    return {"name": name} | ({"file": file} if file else {}) | ({"line": line} if line is not None else {})

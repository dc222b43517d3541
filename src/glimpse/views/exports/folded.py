"""Folded stacks: a line for each path of calls with the microseconds spent at its end, as flame-graph tools take it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from glimpse.traces.calls import ENDED, STARTED, Call, CallEvent
from glimpse.views.text.style import clean

__all__ = ["write"]

DEEPEST: Final = 512
"""Levels of a stack; what is deeper counts for the last one, which is called so."""


class _Frame:
    """A path of calls."""

    __slots__ = ("above", "below", "level", "name", "self_ms")

    def __init__(self, name: str, above: _Frame | None) -> None:
        self.name = name
        self.above = above
        self.level: int = above.level + 1 if above is not None else 0
        self.below: dict[str, _Frame] = {}
        self.self_ms = 0.0

    def child(self, name: str) -> _Frame:
        if self.level >= DEEPEST:
            return self
        found = self.below.get(name)
        if found is None:
            found = self.below[name] = _Frame(name if self.level < DEEPEST - 1 else "… deeper", self)
        return found

    def path(self) -> str:
        names = []
        frame: _Frame | None = self
        while frame is not None and frame.above is not None:
            names.append(frame.name)
            frame = frame.above
        return ";".join(reversed(names))


def write(events: Iterable[CallEvent], stream: TextIO) -> None:
    """Write the stacks, each below its thread."""
    root = _Frame("", None)
    for event, call in events:
        if event == STARTED:
            outer = call.parent
            while outer is not None and outer.node is None:  # it was not chosen
                outer = outer.parent
            call.node = (outer.node if outer is not None else root.child(_thread(call))).child(_name(call.function))
        elif event == ENDED:
            call.node.self_ms += call.self_ms
    for frame in _all(root):
        weight = round(frame.self_ms * 1000)
        if weight > 0:
            stream.write(f"{frame.path()} {weight}\n")


def _all(root: _Frame) -> Iterator[_Frame]:
    waiting = [root]
    while waiting:
        frame = waiting.pop()
        yield frame
        waiting.extend(reversed(frame.below.values()))


def _thread(call: Call) -> str:
    return _name(f"{call.service or 'pid'} {call.pid} {call.thread}")


def _name(text: str) -> str:
    return clean(text).replace(";", ":")

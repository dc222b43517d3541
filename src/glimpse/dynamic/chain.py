"""Trace functions side by side: whoever was there first goes on being called, and has the place back in the end.

``sys.settrace`` has room for one function a thread. Ours calls the one that it found there, with every event that it
would have had. A core that is stopped while its function stands beneath another's, or in another thread, leaves it
there, doing nothing, until it can be taken out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from .trace import TraceFunction

__all__ = ["Beside", "hook_for", "take_out"]


class _Core(Protocol):
    stopped: bool


class Beside:
    """Given to ``sys.settrace`` where another trace function is called as well.

    :param own: ours.
    :param other: the one that was there before.
    :param core: what ``own`` belongs to.
    """

    def __init__(self, own: TraceFunction, other: TraceFunction, core: _Core) -> None:
        self.own, self.other, self.core = own, other, core

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        """As a trace function."""
        theirs = self.other(frame, event, arg)
        installed = sys.gettrace()
        if self.core.stopped:
            if installed is self:
                sys.settrace(_left(self))
            return theirs
        if installed is not self:  # coverage's tracer takes the place when it is called
            sys.settrace(self)
        lines, opcodes = frame.f_trace_lines, frame.f_trace_opcodes
        ours = self.own(frame, event, arg)
        if ours is None or theirs is None:
            return ours or theirs
        frame.f_trace_lines = lines
        return _Both(ours, theirs, opcodes=opcodes)


class _Both:
    """The local trace function of a frame that both follow.

    :param opcodes: whether the other one asked for the events of single instructions.
    """

    __slots__ = ("opcodes", "ours", "theirs")

    def __init__(self, ours: TraceFunction, theirs: TraceFunction, *, opcodes: bool) -> None:
        self.ours, self.theirs, self.opcodes = ours, theirs, opcodes

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        lines = frame.f_trace_lines
        self.ours(frame, event, arg)
        frame.f_trace_lines = lines or frame.f_trace_lines
        if event == "opcode" and not self.opcodes:
            return self
        before = frame.f_trace_opcodes
        self.theirs = self.theirs(frame, event, arg) or self.theirs
        if frame.f_trace_opcodes != before:
            self.opcodes = frame.f_trace_opcodes
        frame.f_trace_opcodes = self.opcodes or before
        return self


def hook_for(own: TraceFunction, other: Any, core: _Core) -> TraceFunction:
    """What to install: ``own``, and with it ``other``, if there is one."""
    return own if other is None else Beside(own, other, core)


def take_out(hook: TraceFunction, get: Callable[[], Any], put: Callable[[Any], None]) -> None:
    """Give the place back to whoever had it before the hook, if the hook is in it."""
    if get() is hook:
        put(_left(hook))


def _left(hook: Any) -> Any:
    """What had the place before, passing over the hooks of cores that have stopped since."""
    if not isinstance(hook, Beside):
        return None
    before = hook.other
    while isinstance(before, Beside) and before.core.stopped:
        before = before.other
    core = getattr(before, "core", None)  # a function of ours that stood alone
    return None if core is not None and core.stopped else before

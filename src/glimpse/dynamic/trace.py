"""The trace function that the interpreter calls for every call of every function, traced or not.

Its code is run with globals of its own core's, which hold what the first lines of this module declare: that is what
the interpreter finds fastest. What it does for a call that is left out is one look at the frame, if the call before
was of the same module; to ask the frame for its globals, or its code, is nearly all that it costs.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

__all__ = ["Enter", "TraceFunction", "forget_scope", "remember_scope", "trace_function"]

TraceFunction = Callable[[FrameType, str, Any], Any]
Enter = Callable[[FrameType], Any]

scope_left_out: dict[str, Any] | None
names_left_out: set[str]
enters: dict[int, Enter]
admit: Callable[[FrameType], Enter]
failed: Callable[[Exception], None]


def _trace(frame: FrameType, event: str, arg: Any) -> Any:
    global scope_left_out
    scope = frame.f_globals
    if scope is scope_left_out:
        return None
    try:
        if scope["__name__"] in names_left_out:
            scope_left_out = scope
            return None
    except Exception:
        pass  # globals without a name, or with one that is none
    try:
        enter = enters.get(id(frame.f_code)) or admit(frame)
        return enter(frame)
    except Exception as error:
        failed(error)
        return None


def trace_function(
    names: set[str], enters: dict[int, Enter], admit: Callable[[FrameType], Enter], failed: Callable[[Exception], None]
) -> FunctionType:
    """A trace function.

    :param names: modules that are left out whole.
    :param enters: what is called with the frame of a call, by the identity of its code.
    :param admit: gives that, for code that is new.
    :param failed: told of exceptions.
    """
    own = {"names_left_out": names, "enters": enters, "admit": admit, "failed": failed, "scope_left_out": None}
    return FunctionType(_trace.__code__, {"__name__": __name__, "__builtins__": builtins, **own}, "trace")


def remember_scope(trace: FunctionType, frame: FrameType) -> None:
    """Everything that runs in the globals of this frame is left out: the next call is told by them."""
    trace.__globals__["scope_left_out"] = frame.f_globals


def forget_scope(trace: FunctionType) -> None:
    """Let go of the globals that are remembered."""
    trace.__globals__["scope_left_out"] = None

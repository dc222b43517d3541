"""Calls that a signal's handler cuts off while they are being entered.

A full buffer is emptied by the call that fills it, and Python runs handlers in the middle of that.
What one raises then leaves a function that has begun, as far as the record goes, and whose own code will not end it.
"""

from __future__ import annotations

import sys

from ..assembly.events import EXCEPTION, GEN_EXCEPTION
from ..natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from .exceptions import Message

__all__ = ["ending_the_call"]


def ending_the_call(
    drain: Callable[[], None], append: Callable[[tuple[Any, ...]], None], thread: Callable[[], int], message: Message
) -> Callable[[], None]:
    """A function that drains for one that enters a call, and ends that call if it is left by an exception.

    :param thread: gives the number of this thread.
    """

    def drain_if_room() -> None:
        try:
            drain()
        except BaseException as problem:
            entered = _entered(sys._getframe(1))
            if entered is not None:
                kind, key, *frame = entered
                shown = (type(problem).__qualname__, message(problem, ()), None, None)
                append((kind, key, System.perf_counter_ns(), thread(), shown, *frame))
            raise

    return drain_if_room


def _entered(hook: FrameType) -> tuple[Any, ...] | None:
    """(kind of event, key, frame of a generator) for the end of the call that this function of ours has entered."""
    name = hook.f_code.co_name
    if name == "enter_g":
        return GEN_EXCEPTION, hook.f_locals["key"], id(hook.f_back)
    if name.startswith("enter") and name not in ("enter_c", "enter_a"):
        return EXCEPTION, hook.f_locals["key"]
    return None

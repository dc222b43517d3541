"""The calls that are open in dynamic mode, and their way to the probe's functions.

The probe's functions look at the frame that called them, which in rewritten code is the traced function's. Here it is a
callback's, so what they are given as ``frame_at`` is a stand-in for the call: a ``Call``. It also serves as the name of
a generator, which must not be the identity of its frame: one that dies unseen gives its identity to another.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable, Iterator
from itertools import chain
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

from ..assembly.events import CLOSED, END, MUTED
from ..natives import System
from ..probe import Probe, Slot
from ..probe.codes import kind_of
from ..probe.waits import awaiting, outwards
from .included import Traced

__all__ = ["Call", "Calls", "Sentinel", "hands_out"]

_WRAPPED_VALUE: Final = "async_generator_wrapped_value"
_GIVE_UP: Final = 100  # failures of ours after which nothing is recorded any more


class Call:
    """A generator's, coroutine's or async generator's open call, or any call that an exception is leaving."""

    __slots__ = ("code", "exc", "frame", "paused", "traceback", "traced")

    def __init__(self, traced: Traced, code: CodeType) -> None:
        self.traced = traced
        self.code = code
        self.paused = False
        self.frame: FrameType | None = None
        self.exc: BaseException | None = None
        self.traceback: TracebackType | None = None


class Calls:
    """Reports the events of traced frames. What can fail is caught here, and counted.

    :param probe: of the session that records.
    """

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._here: dict[int, Call] = {}
        self._open: dict[int, Call] = {}  # by the identity of the frame
        self._failures = 0
        self._append = probe.recorder.events.append
        self.replaced: dict[str, Any] = {"frame_at": self._here_at, "describe": self._describe, "watches": id}
        """What the probe's functions are to use instead of what the probe gives them."""
        self.replaced_for_errors = self.replaced.copy()
        """The same for those of level ERROR, which need the frame itself."""

    def set_depth(self, depth: Callable[[FrameType | None], int], *, errors_only: bool) -> None:
        """From the start: how to count the traced calls that are on the stack, for functions of level ERROR.

        :param errors_only: whether all are.
        """
        for_errors = {"frame_at": lambda _: self._here[get_ident()].frame, "traced_depth": depth}
        self.replaced_for_errors |= for_errors
        if errors_only:
            self.replaced |= for_errors

    def _here_at(self, depth: int) -> Call:
        return self._here[get_ident()]

    def _describe(self, key: str, subject: object) -> Any:
        call = self._here[get_ident()]
        if call.exc is None or call.frame is None:
            return None
        try:
            message = Slot.of(call.traced.raised).message
            return self.probe.describer.describe(key, call.frame, call.exc, message, call.traceback)
        except Exception as error:
            return type(error).__name__, "", None, None

    # -- calls that are suspended -----------------------------------------------------------------------------

    def known(self, frame: FrameType) -> Call | None:
        """The open call of a generator's or coroutine's frame; None if its start was not seen."""
        return self._open.get(id(frame))

    def begin(self, traced: Traced, frame: FrameType) -> None:
        """A generator or coroutine runs for the first time."""
        self.forget_other(frame)
        self._open[id(frame)] = self._here[get_ident()] = Call(traced, frame.f_code)
        traced.read(frame)

    def forget_other(self, frame: FrameType) -> None:
        """End the call whose frame had this one's identity, and died unseen."""
        before = self._open.get(id(frame))
        if before is not None:
            self.close(id(frame), before)

    def sentinel(self, frame: FrameType, follow: Callable[..., Any] | None = None) -> Sentinel:
        """Something to put in a generator's frame so that its end is not missed."""
        return Sentinel(self, id(frame), self._open[id(frame)], follow)

    def pause(self, call: Call) -> None:
        """It hands out a value."""
        call.paused = True
        self._here[get_ident()] = call
        call.traced.yielded(call.traced.key, None)

    def go_on(self, call: Call, frame: FrameType | None = None) -> None:
        """It goes on with what it was sent, or with what it waited for.

        :param frame: its frame, if it may also be that an exception was thrown in.
        """
        if call.paused:
            call.paused = False
            self._here[get_ident()] = call
            call.traced.resumed(call.traced.key, None)
        elif frame is None:
            self.probe.coroutines.resume(id(call))
        else:
            self.thrown(call, frame)

    def thrown(self, call: Call, frame: FrameType | None = None) -> None:
        """It goes on with an exception raised where it waited."""
        if call.paused:
            call.paused = False
            self._here[get_ident()] = call
            call.traced.thrown(call.traced.key)
        else:
            self.probe.coroutines.thrown(id(call), self._runners(frame))

    def wait(self, call: Call, frame: FrameType) -> None:
        """It waits for what it awaits."""
        coroutines = self.probe.coroutines
        coroutines.wait(id(call), self._runners(frame) if coroutines.passed else ())

    def thrown_below(self, frame: FrameType) -> None:
        """An exception is thrown into something that is not traced, and that traced calls may be waiting for."""
        if self._open:
            self.probe.coroutines.thrown_below(self._runners(frame))

    def _runners(self, frame: FrameType | None) -> Iterator[int]:
        return (id(self._open.get(id(each))) for each in (awaiting(frame) if frame else ()))

    def end(self, frame: FrameType, value: Any) -> None:
        """It returns."""
        call = self._open.pop(id(frame), None)
        if call is not None:
            self._here[get_ident()] = call
            traced = call.traced
            if traced.kind == "a":
                traced.end(traced.key)
            else:
                traced.end(traced.key, value)

    # -- exceptions -------------------------------------------------------------------------------------------

    def leave(self, traced: Traced, frame: FrameType, exc: BaseException, traceback: TracebackType | None) -> None:
        """An exception leaves a frame."""
        call = Call(traced, frame.f_code) if traced.kind == "f" else self._open.pop(id(frame), None)
        if call is not None:
            self._report(call, frame, exc, traceback)

    def report_only(
        self, traced: Traced, frame: FrameType, exc: BaseException, traceback: TracebackType | None
    ) -> None:
        """An exception leaves a frame, at level ERROR."""
        if traced.kind == "f" or frame.f_lasti >= traced.begins_at:  # else it was thrown in before the start
            self._report(Call(traced, frame.f_code), frame, exc, traceback)

    def _report(self, call: Call, frame: FrameType, exc: BaseException, traceback: TracebackType | None) -> None:
        call.frame, call.exc, call.traceback = frame, exc, traceback
        ident = get_ident()
        self._here[ident] = call
        try:
            call.traced.raised(call.traced.key)
        finally:
            del self._here[ident]
            call.frame = call.exc = call.traceback = None

    # -- forced ends ------------------------------------------------------------------------------------------

    def close(self, number: int, call: Call) -> None:
        """A suspended call was dropped, or recording ends: it ends as closed."""
        if self._open.get(number) is call:
            del self._open[number]
            ident = get_ident()
            before = self._here.get(ident)
            self._here[ident] = call
            call.traced.raised(call.traced.key)  # with no exception to describe
            if before is not None:
                self._here[ident] = before

    def close_all(self, traced_by_code: Callable[[CodeType], Traced | None]) -> None:
        """End every call that is open, in any thread: innermost first."""
        for ident, top in list(sys._current_frames().items()):
            th = self.probe.number_of(ident)
            for frame in chain([top], outwards(top)) if th != MUTED else ():
                code = frame.f_code
                call = self._open.get(id(frame))
                if call is not None and call.code is code:
                    self.close(id(frame), call)
                elif kind_of(code) == "f" and (traced := traced_by_code(code)) is not None:
                    self._append((END, traced.key, System.perf_counter_ns(), th, CLOSED))
        for number, call in reversed(list(self._open.items())):
            self.close(number, call)

    # -- trouble ----------------------------------------------------------------------------------------------

    def failed(self, error: Exception) -> bool:
        """Something of ours failed in the middle of the program: counted. Whether it is time to give up."""
        if isinstance(error, RecursionError):
            return False  # the program is at its limit, and about to notice
        self.probe.recorder.failed(error)
        self._failures += 1
        return self._failures >= _GIVE_UP


def hands_out(call: Call, value: object) -> bool:
    """Whether the value leaves a ``yield``: an async generator also suspends in ``await``, with what is awaited.

    The interpreter wraps what an async generator yields in an object of a class that only its name tells.
    """
    return call.traced.kind == "g" or (call.traced.kind == "a" and type(value).__name__ == _WRAPPED_VALUE)


class Sentinel:
    """Lives in a generator's frame, and so dies with it, where the interpreter does not say that it closes one.

    It stands where a debugger's trace function would, so it is one: it calls ``follow``, if there is one.
    """

    __slots__ = ("call", "calls", "follow", "number")

    def __init__(self, calls: Calls, number: int, call: Call, follow: Callable[..., Any] | None) -> None:
        self.calls, self.number, self.call, self.follow = calls, number, call, follow

    def __call__(self, frame: FrameType, event: str, arg: object) -> Sentinel:
        """As a trace function."""
        if self.follow is not None:
            self.follow(frame, event, arg)
        return self

    def __del__(self, current: Callable[[int], FrameType] = sys._getframe) -> None:
        frame: FrameType | None = current(1)
        while frame is not None:
            if id(frame) == self.number:
                return  # it runs: a debugger has taken the place
            frame = frame.f_back
        if self.call.paused:
            self.calls.thrown(self.call)  # as if it had run to its end
        self.calls.close(self.number, self.call)

"""Dynamic mode by ``sys.settrace``, for interpreters without ``sys.monitoring``.

- The interpreter calls the trace function for every call of every function. What is left out is told by the frame's
  globals, by one look where the call before was of the same module; line events are off. A trace function that only
  asks the frame for its code takes nearly as long.
- A trace function that is there already, such as a debugger's or coverage's, goes on being called; see ``chain``.
- ``sys.settrace`` is a thread's own affair. Threads that ``threading`` starts later are traced; those that run already
  are not, before 3.12, nor are those that are started behind its back (``_thread``).
- While a trace function runs, the interpreter traces nothing on that thread: what it calls leaves no entries.
- An exception is not told when it leaves a frame, only when it is raised or passes into it; see ``_Watch``.
- A program at its recursion limit makes the interpreter fail to call the trace function, and then it is off in that
  thread. Calls that are open then end as closed.
"""

from __future__ import annotations

import functools
import sys
import threading
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

from ..compat import CLOSES_SILENTLY, MAY_END_UNSTARTED, TRACES_OPCODES_AT_ONCE
from ..probe.codes import CodeTable
from .calls import Calls, Sentinel, hands_out
from .chain import hook_for, take_out
from .included import Included, Traced
from .instructions import Instructions
from .trace import Enter, TraceFunction, forget_scope, remember_scope, trace_function

__all__ = ["SettraceCore"]


class SettraceCore:
    """Traces this thread and those that are started from now on, until it is stopped."""

    name: Final = "sys.settrace"

    def __init__(self, included: Included, calls: Calls, *, errors_only: bool) -> None:
        self._included, self._calls = included, calls
        self._errors_only = errors_only
        self._known: CodeTable[_Local] = CodeTable()
        self._enters: CodeTable[Enter] = CodeTable()
        self._names_left_out: set[str] = set()
        self.stopped = self._gave_up = False
        calls.set_depth(self.depth, errors_only=errors_only)
        calls.probe.watch(self.traces)
        self._start()

    def traces(self, code: CodeType, frame: FrameType | None) -> bool:
        """Whether calls of this code are recorded."""
        return id(code) in self._known.by_id

    def depth(self, frame: FrameType | None) -> int:
        """How many traced calls are on the stack, this frame's included."""
        found = 0
        while frame is not None:
            if self._enters.get(frame.f_code) is None:
                self._decide(frame.f_code, frame)
            found += self._known.get(frame.f_code) is not None
            frame = frame.f_back
        return found

    # -- connecting -------------------------------------------------------------------------------------------

    def _start(self) -> None:
        own = self._own = trace_function(self._names_left_out, self._enters.by_id, self._admit, self._failed)
        own.core = self  # type: ignore[attr-defined] # by which ``chain`` knows whose it is
        present, for_threads = sys.gettrace(), threading.gettrace()
        self._hook = hook_for(own, present, self)
        self._thread_hook = hook_for(own, for_threads, self)
        threading.settrace(self._thread_hook)
        if present is None and for_threads is None and hasattr(threading, "settrace_all_threads"):
            threading.settrace_all_threads(self._thread_hook)
        sys.settrace(self._hook)

    def stop(self) -> None:
        """Trace no more. Calls that are open end as closed. Once is enough.

        The trace functions of other threads come off when they are next called, and do nothing until then.
        """
        if self.stopped:
            return
        self.stopped = True
        for hook in (self._hook, self._thread_hook):
            take_out(hook, sys.gettrace, sys.settrace)
        take_out(self._thread_hook, threading.gettrace, threading.settrace)
        if not self._errors_only:
            self._calls.close_all(self._traced)
        self._known.clear()
        self._enters.clear()
        self._names_left_out.clear()
        forget_scope(self._own)
        self._calls.probe.unwatch(self.traces)
        self._included.close()

    def _traced(self, code: CodeType) -> Traced | None:
        local = self._known.get(code)
        return local.traced if local is not None else None

    # -- deciding ---------------------------------------------------------------------------------------------

    def _decide(self, code: CodeType, frame: FrameType) -> Enter:
        """What is to be called with the frame of each call of this code."""
        traced = self._included.traced(code, frame)
        enter: Enter
        if traced is None:
            enter = self._leave_out(frame)
        else:
            local = _Local(traced, code, self._calls, errors_only=self._errors_only)
            self._known.put(code, local)
            enter = local.enter
        self._enters.put(code, enter)
        return enter

    def _leave_out(self, frame: FrameType) -> Enter:
        whole, name = self._included.leaves_out_module(frame)
        if name is not None:
            self._names_left_out.add(name)
        return functools.partial(remember_scope, self._own) if whole else _do_nothing

    def _admit(self, frame: FrameType) -> Enter:
        if self.stopped:  # in another thread than this one, and nothing is known any more
            take_out(self._own, sys.gettrace, sys.settrace)
        return _do_nothing if self.stopped or self._gave_up else self._decide(frame.f_code, frame)

    def _failed(self, error: Exception) -> None:
        if self._calls.failed(error):
            self._gave_up = True
            self._enters.clear()


def _do_nothing(frame: FrameType) -> None:
    """Trace nothing of this frame."""


class _Watch:
    """The exceptions of one frame, as far as they can be followed from the events that the interpreter sends.

    It tells when an exception is raised in the frame or comes into it, but not when the frame raises one again that it
    was handling (``raise``, the end of ``finally``, an ``except`` that does not match). So the instructions after an
    exception are looked at, until it is handled.

    :param outside: the identity of what was being handled when the first one came.
    """

    __slots__ = ("flying", "last", "outside", "raised_at", "unfollowed")

    def __init__(self, outside: int) -> None:
        self.outside = outside
        self.last: tuple[BaseException, TracebackType | None] | None = None
        self.flying = False
        """Whether ``last`` leaves the frame unless something handles it; if not, it is being handled."""
        self.raised_at = -1
        """The instruction at which it was raised. A ``with`` that does not swallow it puts the frame back there."""
        self.unfollowed = False
        """Whether it is being handled, and nothing has been seen to run since."""

    def is_over(self, handled: BaseException) -> bool:
        """Whether the frame has handled what came, if this is being handled now.

        What is thrown in may be what the thrower is handling, as ``contextlib`` does it: then only the end can tell.
        """
        return id(handled) == self.outside and (self.last is None or self.last[0] is not handled)


class _Local:
    """The local trace function of one code object's frames."""

    def __init__(self, traced: Traced, code: CodeType, calls: Calls, *, errors_only: bool) -> None:
        self.traced = traced
        self._calls = calls
        self._code = Instructions(code)
        self._watched: dict[int, _Watch] = {}
        self._errors_only = errors_only
        self._follow = self._follower()
        plain = traced.kind == "f" and not errors_only
        self.enter = traced.reader(follow=self._follow) if plain else self._enter

    def _enter(self, frame: FrameType) -> TraceFunction:
        """The frame begins, or goes on after a suspension."""
        frame.f_trace_lines = False
        if not self._code.begins(frame):
            return self._goes_on(frame)
        self._watched.pop(id(frame), None)
        if self._errors_only:
            return self._follow
        if MAY_END_UNSTARTED:
            self._calls.forget_other(frame)
            frame.f_trace_opcodes = True  # it begins with its first instruction, if it gets that far
            return self._follow
        self._calls.begin(self.traced, frame)
        if CLOSES_SILENTLY and self.traced.kind != "c":
            return self._calls.sentinel(frame, self._follow)
        return self._follow

    def _goes_on(self, frame: FrameType) -> TraceFunction:
        call = self._calls.known(frame)
        if call is not None:
            self._calls.go_on(call, frame)
        if id(frame) in self._watched:
            self._set_watching(frame, True)
        return frame.f_trace if isinstance(frame.f_trace, Sentinel) else self._follow

    def _follower(self) -> TraceFunction:
        watched, seen, step, finish = self._watched, self._seen, self._step, self._finish
        end, key = self.traced.end, self.traced.key
        plain = self.traced.kind == "f" and not self._errors_only

        def follow(frame: FrameType, event: str, arg: Any) -> Any:
            try:
                if event == "return":
                    if plain and not watched:
                        end(key, arg)
                        return follow
                    finish(frame, arg, watched.get(id(frame)) if watched else None)
                elif event == "exception":
                    seen(frame, arg[1], arg[2])
                else:
                    step(frame)
            except Exception as error:
                self._calls.failed(error)
            return follow

        return follow

    # -- ends -------------------------------------------------------------------------------------------------

    def _finish(self, frame: FrameType, value: Any, watch: _Watch | None) -> None:
        """The frame ends, or is suspended, or an exception leaves it: to the interpreter, all the same."""
        traced, calls = self.traced, self._calls
        if watch is not None:
            flying = watch.flying or (watch.unfollowed and frame.f_lasti == watch.raised_at)
            leaving = value is None and self._code.unwinds(frame, flying=flying)
            if leaving or not self._code.suspends(frame):
                del self._watched[id(frame)]
            if leaving and watch.last is not None:
                (calls.report_only if self._errors_only else calls.leave)(traced, frame, *watch.last)
                return
        if self._errors_only:
            return
        if traced.kind == "f":
            traced.end(traced.key, value)
        elif not self._code.suspends(frame):
            calls.end(frame, value)
        elif (call := calls.known(frame)) is not None:
            if hands_out(call, value):
                calls.pause(call)
            else:
                calls.wait(call, frame)

    # -- exceptions -------------------------------------------------------------------------------------------

    def _seen(self, frame: FrameType, exc: BaseException, traceback: TracebackType | None) -> None:
        if type(exc) is StopIteration and traceback is None:
            return  # not raised: the end of what the frame iterates over, which the instruction takes
        watch = self._watched.get(id(frame))
        if watch is None:
            watch = self._watched[id(frame)] = _Watch(id(sys.exc_info()[1]))
            self._set_watching(frame, True)
        watch.last, watch.flying, watch.raised_at, watch.unfollowed = (exc, traceback), True, frame.f_lasti, False

    def _step(self, frame: FrameType) -> None:
        """An instruction, or a line, is about to run in a frame that is being watched, or that begins."""
        watch = self._watched.get(id(frame))
        if watch is None:
            self._set_watching(frame, False)
            first = MAY_END_UNSTARTED and self.traced.kind != "f" and self._code.stands_first(frame)
            if first and self._calls.known(frame) is None:
                self._calls.begin(self.traced, frame)
            return
        if watch.last is not None and self._code.still_flies(frame, watch.last[0], flying=watch.flying):
            watch.flying = True
            return
        watch.flying, watch.unfollowed = False, self._code.begins_handling(frame)
        if watch.unfollowed:
            return
        _, handled, traceback = sys.exc_info()
        if handled is None or watch.is_over(handled):
            del self._watched[id(frame)]
            self._set_watching(frame, False)
        else:
            watch.last = handled, traceback  # before 3.11 not the exception's own, which its thrower may have changed
            watch.flying = self._code.raises_again(frame)

    @staticmethod
    def _set_watching(frame: FrameType, on: bool) -> None:
        """Be told of the instructions that follow; where that comes too late, of the lines."""
        if TRACES_OPCODES_AT_ONCE:
            frame.f_trace_opcodes = on
        else:
            frame.f_trace_lines = on

"""Dynamic mode by ``sys.monitoring``: the interpreter calls nothing for code that is left out, after the first time.

- ``PY_START`` is asked for everywhere and disabled, code object by code object, where the policy says no. The other
  events are asked for in included code only, but for ``PY_UNWIND`` and ``PY_THROW``, which the interpreter has for all
  code or none: their callbacks look one thing up.
- While a callback runs, the interpreter sends no events on that thread: what it calls, such as the ``__repr__`` of an
  argument, leaves no entries.
- What was disabled under a tool id stays so when another takes that id, until ``restart_events``. That concerns every
  tool, so it is called once, at the start; other tools get events again that they disabled, and disable them again.
- At level ERROR, only ``PY_UNWIND`` is asked for: a program without exceptions runs as if it were not traced.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ..compat import CLOSES_SILENTLY
from ..errors import GlimpseError
from ..probe.codes import CodeTable
from ..probe.tools import TOOL_IDS, free_tool
from .calls import Calls, hands_out
from .included import Included, Traced
from .readers import Reader

__all__ = ["MonitoringCore"]


class MonitoringCore:
    """Traces through a tool id of its own, until it is stopped.

    :raises GlimpseError: every tool id is taken.
    """

    def __init__(self, included: Included, calls: Calls, *, errors_only: bool) -> None:
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore] # the checker is told 3.10
        self._included, self._calls = included, calls
        self._errors_only = errors_only
        self._traced: CodeTable[Traced] = CodeTable()
        self._enters: CodeTable[Reader] = CodeTable()
        self._ends: CodeTable[tuple[Callable[[str, Any], Any], str]] = CodeTable()
        self._left_out: CodeTable[bool] = CodeTable()
        self._tool = self._free_tool()
        self._stopped = False
        calls.replaced["watches"] = lambda call: 0  # whoever runs a call, its waits are told, and what is thrown in
        calls.set_depth(self.depth, errors_only=errors_only)
        calls.probe.watch(self.traces)
        self._start()

    @property
    def name(self) -> str:
        """How it traces, for people."""
        return f"sys.monitoring (tool {self._tool})"

    def traces(self, code: CodeType, frame: FrameType | None) -> bool:
        """Whether calls of this code are recorded; at level ERROR, it may be met here for the first time."""
        if self._errors_only and frame is not None:
            return self._known(code, frame) is not None
        return id(code) in self._traced.by_id

    def depth(self, frame: FrameType | None) -> int:
        """How many traced calls are on the stack, this frame's included."""
        found = 0
        while frame is not None:
            found += self._known(frame.f_code, frame) is not None
            frame = frame.f_back
        return found

    # -- connecting -------------------------------------------------------------------------------------------

    def _free_tool(self) -> int:
        monitoring = self._monitoring
        tool = free_tool()
        if tool is not None:
            return tool
        users = ", ".join(f"{tool}: {monitoring.get_tool(tool) or 'reserved'}" for tool in range(6))
        raise GlimpseError(
            f"sys.monitoring has no free tool id for Glimpse, which takes one of {TOOL_IDS} ({users}); "
            "stop one of these tools, or trace with glimpse.install() or decorators, which need none"
        )

    def _start(self) -> None:
        monitoring, events = self._monitoring, self._monitoring.events
        callbacks = self._callbacks()
        for name, callback in callbacks.items():
            monitoring.register_callback(self._tool, getattr(events, name), callback)
        everywhere = ("PY_UNWIND",) if self._errors_only else ("PY_START", "PY_UNWIND", "PY_THROW")
        monitoring.set_events(self._tool, self._mask(*everywhere))
        monitoring.restart_events()

    def _mask(self, *names: str) -> int:
        found = 0
        for name in names:
            found |= getattr(self._monitoring.events, name)
        return found

    def stop(self) -> None:
        """Trace no more. Calls that are open end as closed. Once is enough."""
        if self._stopped:
            return
        self._stopped = True
        monitoring, tool = self._monitoring, self._tool
        monitoring.set_events(tool, 0)
        if not self._errors_only:
            self._calls.close_all(self._traced.get)
        for code in self._traced.codes():
            monitoring.set_local_events(tool, code, 0)
        for name in ("PY_START", "PY_RETURN", "PY_YIELD", "PY_RESUME", "PY_UNWIND", "PY_THROW"):
            monitoring.register_callback(tool, getattr(monitoring.events, name), None)
        monitoring.free_tool_id(tool)
        self._calls.probe.unwatch(self.traces)
        self._included.close()

    # -- deciding ---------------------------------------------------------------------------------------------

    def _known(self, code: CodeType, frame: FrameType) -> Traced | None:
        traced = self._traced.get(code)
        if traced is None and self._left_out.get(code) is None:
            traced = self._included.traced(code, frame)
            if traced is None:
                self._left_out.put(code, True)
            else:
                self._traced.put(code, traced)
        return traced

    def _admit(self, code: CodeType, frame: FrameType) -> Reader | None:
        """Decide on code that is about to run for the first time; ask for its other events if it is traced.

        :return: what is to be called with the frame of each of its calls; None if it is left out.
        """
        try:
            traced = self._included.traced(code, frame)
            if traced is None:
                return None
            enter = traced.read if traced.kind == "f" else self._enter_suspending(traced)
            end = traced.end if traced.kind == "f" else self._end_suspending
            self._traced.put(code, traced)
            self._ends.put(code, (end, traced.key))
            self._enters.put(code, enter)
            wanted = ("PY_RETURN",) if traced.kind == "f" else ("PY_RETURN", "PY_YIELD", "PY_RESUME")
            self._monitoring.set_local_events(self._tool, code, self._mask(*wanted))
        except Exception as error:
            self._failed(error)
            return None
        return enter

    # -- callbacks --------------------------------------------------------------------------------------------

    def _callbacks(self) -> dict[str, Callable[..., Any]]:
        if self._errors_only:
            return {"PY_UNWIND": self._only_errors()}
        on_throw, on_unwind = self._exceptions()
        on_yield, on_resume = self._suspensions()
        return {
            "PY_START": self._starts(),
            "PY_RETURN": self._returns(),
            "PY_YIELD": on_yield,
            "PY_RESUME": on_resume,
            "PY_THROW": on_throw,
            "PY_UNWIND": on_unwind,
        }

    def _starts(self) -> Callable[..., Any]:
        enters, admit, failed = self._enters.by_id, self._admit, self._failed
        frame_at, disable = sys._getframe, self._monitoring.DISABLE

        def on_start(code: CodeType, offset: int) -> Any:
            try:
                enter = enters[id(code)]
            except KeyError:
                admitted = admit(code, frame_at(1))
                if admitted is None:
                    return disable
                enter = admitted
            try:
                enter(frame_at(1))
            except Exception as error:
                failed(error)

        return on_start

    def _returns(self) -> Callable[..., Any]:
        ends, failed = self._ends.by_id, self._failed

        def on_return(code: CodeType, offset: int, value: Any) -> None:
            try:
                end, key = ends[id(code)]
                end(key, value)
            except Exception as error:
                failed(error)

        return on_return

    def _enter_suspending(self, traced: Traced) -> Reader:
        begin, sentinel = self._calls.begin, self._calls.sentinel
        watched = CLOSES_SILENTLY and traced.kind != "c"

        def enter(frame: FrameType) -> None:
            begin(traced, frame)
            if watched and frame.f_trace is None and sys.gettrace() is None:
                frame.f_trace = sentinel(frame)

        return enter

    def _end_suspending(self, key: str, value: Any) -> None:
        self._calls.end(sys._getframe(2), value)

    def _suspensions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        known, pause, wait, go_on = self._calls.known, self._calls.pause, self._calls.wait, self._calls.go_on
        frame_at, failed = sys._getframe, self._failed

        def on_yield(code: CodeType, offset: int, value: Any) -> None:
            try:
                frame = frame_at(1)
                call = known(frame)
                if call is None:
                    return
                if hands_out(call, value):
                    pause(call)
                else:
                    wait(call, frame)
            except Exception as error:
                failed(error)

        def on_resume(code: CodeType, offset: int) -> None:
            try:
                call = known(frame_at(1))
                if call is not None:
                    go_on(call)
            except Exception as error:
                failed(error)

        return on_yield, on_resume

    def _exceptions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        traced_by_id, calls = self._traced.by_id, self._calls
        frame_at, failed = sys._getframe, self._failed

        def on_throw(code: CodeType, offset: int, exc: BaseException) -> None:
            try:
                frame = frame_at(1)
                if id(code) not in traced_by_id:
                    calls.thrown_below(frame)
                elif (call := calls.known(frame)) is not None:
                    calls.thrown(call, frame)
            except Exception as error:
                failed(error)

        def on_unwind(code: CodeType, offset: int, exc: BaseException) -> None:
            if id(code) in traced_by_id:
                try:
                    calls.leave(traced_by_id[id(code)], frame_at(1), exc, None)
                except Exception as error:
                    failed(error)

        return on_throw, on_unwind

    def _only_errors(self) -> Callable[..., Any]:
        left_out, known, report = self._left_out.by_id, self._known, self._calls.report_only
        frame_at, failed = sys._getframe, self._failed

        def on_unwind(code: CodeType, offset: int, exc: BaseException) -> None:
            if id(code) in left_out:
                return
            try:
                frame = frame_at(1)
                traced = known(code, frame)
                if traced is not None:
                    report(traced, frame, exc, None)
            except Exception as error:
                failed(error)

        return on_unwind

    def _failed(self, error: Exception) -> None:
        if self._calls.failed(error):
            self._monitoring.set_events(self._tool, 0)

"""When rewritten coroutines wait, and generators for what they delegate to, told by ``sys.monitoring``.

Neither can be written into a function's body: what is awaited would have to pass through an object of ours, which
tracebacks, the stack and ``cr_await`` would show. So before 3.12 nobody tells. From then on the interpreter does, for
the code of these functions alone: other code runs as if nothing was watched. The exception is ``PY_THROW``, which there
is for all code or none; it costs a look-up each time that something is thrown into a generator or coroutine.

A tool id is taken when the first such function runs, and given back at the end. If none is free, nobody tells.
"""

from __future__ import annotations

import opcode
import sys
from itertools import takewhile

from ..assembly.events import RESUME, YIELD
from ..compat import HAS_MONITORING
from ..natives import System
from .codes import CodeTable
from .coroutines import Coroutines
from .tools import free_tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType
    from typing import Any, Final

__all__ = ["Waits", "awaiting", "outwards"]

_GENERATOR: Final = 0x20
_SUSPENDING: Final = 0x2A0  # a generator of whatever kind
_RESUME: Final = opcode.opmap.get("RESUME")
_IN_RESUME: Final = 3  # the bits of its argument that say what it resumes after
_AFTER_DELEGATION: Final = (2, 3)  # ``yield from``, ``await``


class Waits:
    """Tells ``Coroutines`` of waits, and reports those of generators as events.

    ``watches`` gives the identity of the frame that runs this one, if it will be told when this one waits; else None.
    Where nobody tells, it takes no frame of its own.

    :param report: appends an event of this kind, of the generator that runs in this frame.
    :param failed: told of failures of ours.
    """

    def __init__(
        self, coroutines: Coroutines, report: Callable[[int, FrameType], None], failed: Callable[[Exception], None]
    ) -> None:
        self._coroutines, self._report, self._failed = coroutines, report, failed
        self._places: CodeTable[frozenset[int]] = CodeTable()
        self._tool: int | None = None
        self._closed = False
        self.watches: Callable[[FrameType], int | None] = self._watches if HAS_MONITORING else _nobody.get

    def _watches(self, frame: FrameType) -> int | None:
        if id(frame.f_code) in self._places.by_id or self._watch(frame.f_code):
            return id(frame.f_back)
        return None

    def _watch(self, code: CodeType) -> bool:
        if self._closed or (self._tool is None and not self._take()):
            return False
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self._places.put(code, _delegations(code))
        monitoring.set_local_events(self._tool, code, monitoring.events.PY_YIELD | monitoring.events.PY_RESUME)
        if not code.co_flags & _GENERATOR:
            monitoring.set_events(self._tool, monitoring.events.PY_THROW)
        return True

    def _take(self) -> bool:
        self._tool = tool = free_tool()
        if tool is None:
            self._closed = True
            return False
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        for name, callback in self._callbacks(monitoring.DISABLE).items():
            monitoring.register_callback(tool, getattr(monitoring.events, name), callback)
        return True

    def close(self) -> None:
        """Watch no more, and give the tool id back."""
        self._closed = True
        tool, self._tool = self._tool, None
        if tool is None:
            return
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        monitoring.set_events(tool, 0)
        for code in self._places.codes():
            monitoring.set_local_events(tool, code, 0)
        self._places.clear()
        for name in ("PY_YIELD", "PY_RESUME", "PY_THROW"):
            monitoring.register_callback(tool, getattr(monitoring.events, name), None)
        monitoring.free_tool_id(tool)

    def _callbacks(self, disable: object) -> dict[str, Callable[..., Any]]:
        return {
            "PY_YIELD": self._on_yield(disable),
            "PY_RESUME": self._on_resume(disable),
            "PY_THROW": self._on_throw(),
        }

    def _on_yield(self, disable: object) -> Callable[..., Any]:
        places, report, coroutines, frame_at = self._places.by_id, self._report, self._coroutines, sys._getframe
        opened, passed, give_up, now = coroutines.open, coroutines.passed, self._give_up, System.perf_counter_ns
        wait, current, put, brief = coroutines.wait, coroutines.own, coroutines.put, not coroutines.pauses

        def on_yield(code: CodeType, offset: int, value: object) -> Any:
            try:
                if offset not in places[id(code)]:
                    return disable  # a ``yield``, at this place always
                frame = frame_at(1)
                call = opened.get(id(frame))
                if call is None:
                    if code.co_flags & _GENERATOR:
                        report(YIELD, frame)
                elif brief and not passed and not call.since:  # as ``wait`` does it
                    call.inside = current()
                    if call.root:
                        put(call.before)
                    call.since = now()
                else:
                    wait(id(frame), map(id, awaiting(frame)))
            except RecursionError:
                pass  # the program is at its limit, and about to notice
            except Exception as error:
                give_up(error)

        return on_yield

    def _on_resume(self, disable: object) -> Callable[..., Any]:
        places, report, coroutines, frame_at = self._places.by_id, self._report, self._coroutines, sys._getframe
        opened, resume, give_up, now = coroutines.open, coroutines.resume, self._give_up, System.perf_counter_ns
        brief = not coroutines.pauses

        def on_resume(code: CodeType, offset: int) -> Any:
            try:
                if offset not in places[id(code)]:
                    return disable
                frame = frame_at(1)
                call = opened.get(id(frame))
                if call is None:
                    if code.co_flags & _GENERATOR:
                        report(RESUME, frame)
                elif brief and not call.root and call.since:  # as ``resume`` does it
                    call.waited += now() - call.since
                    call.since = 0
                else:
                    resume(id(frame))
            except RecursionError:
                pass
            except Exception as error:
                give_up(error)

        return on_resume

    def _on_throw(self) -> Callable[..., Any]:
        places, coroutines, frame_at, give_up = self._places.by_id, self._coroutines, sys._getframe, self._give_up

        def on_throw(code: CodeType, offset: int, exc: BaseException) -> None:
            if not coroutines.open or (code.co_flags & _GENERATOR and id(code) in places):
                return  # a generator reports by itself what is thrown into it
            try:
                frame = frame_at(1)
                if id(code) in places:
                    coroutines.thrown(id(frame), map(id, awaiting(frame)))
                else:
                    coroutines.thrown_below(map(id, awaiting(frame)))
            except RecursionError:
                pass
            except Exception as error:
                give_up(error)

        return on_throw

    def _give_up(self, error: Exception) -> None:
        self.close()
        self._failed(error)


_nobody: Final[dict[FrameType, int]] = {}


def outwards(frame: FrameType) -> Iterator[FrameType]:
    """The frames that run this one, innermost first."""
    outer = frame.f_back
    while outer is not None:
        yield outer
        outer = outer.f_back


def awaiting(frame: FrameType) -> Iterator[FrameType]:
    """The coroutines and generators that run this one, innermost first."""
    return takewhile(lambda outer: outer.f_code.co_flags & _SUSPENDING, outwards(frame))


def _delegations(code: CodeType) -> frozenset[int]:
    """The offsets at which a function is suspended in ``await`` or ``yield from``, and where it goes on."""
    found = set()
    bytecode = code.co_code
    for offset in range(0, len(bytecode), 2):
        if bytecode[offset] == _RESUME and bytecode[offset + 1] & _IN_RESUME in _AFTER_DELEGATION:
            found |= {offset - 2, offset}
    return frozenset(found)

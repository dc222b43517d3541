"""Which coroutine call is the innermost of a context: a context variable that holds the call's number."""

from __future__ import annotations

import sys
from _contextvars import ContextVar
from itertools import count, takewhile

from ..assembly.events import CONTEXT, CORO_DROPPED, CORO_GOES_ON, CORO_WAITED, CORO_WAITS, Event
from ..context import TraceParent
from ..natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

__all__ = ["Coroutines"]


class _Open:
    """An open call.

    :param before: what was current when it began to run, or last went on.
    :param told: whether somebody tells when it waits.
    """

    __slots__ = ("before", "inside", "number", "root", "since", "told", "waited")

    def __init__(self, number: int, before: Any, told: bool) -> None:
        self.number, self.before, self.told = number, before, told
        self.waited = 0  # nanoseconds
        self.since = 0  # not waiting
        self.root = False  # whether what runs it is no such call, so that the context is another's while it waits
        self.inside: Any = None  # what was current when it began to wait


_MOST_FOREIGN: Final = 1_000


class Coroutines:
    """The open coroutine and async-generator calls of one recorder.

    The variable is set and set back by value, never by token: a coroutine may end in another context than the one it
    began in. A call's number lives as long as some context holds it, which is how long its children may still come;
    when the last lets go, an event says so.

    :param pauses: whether each wait is an event (level DEBUG). If not, a call's END says how long it waited in all.
    """

    def __init__(self, append: Callable[[Event], None], thread: Callable[[], int], *, pauses: bool = False) -> None:
        self._var: ContextVar[Any] = ContextVar("glimpse_call", default=None)
        self.current: Callable[[], Any] = self._var.get
        self.own, self.put = self._var.get, self._var.set
        self.open: dict[int, _Open] = {}  # by frame
        self._numbers = count(1)
        self.levels: dict[int, tuple[int, int, bool]] = {}  # by number, where a policy limits depth or samples
        self._expected: tuple[int, int, bool] | None = None
        self.sampled: dict[int, bool] = {}  # by a scope's number, where its caller elsewhere has drawn already
        self._outer: dict[int, Any] = {}  # by a scope's number: what it was entered in
        self._foreign: dict[int, tuple[Any, Any]] = {}
        self._append, self._thread, self.pauses = append, thread, pauses
        self.passed: set[int] = set()
        """Frames that run only because an exception was thrown into what they await; see ``thrown``."""
        self._number_class = _number_class(append, self.levels, self.sampled, self._outer)

    def enter(
        self, correlation_id: str | None, trace_id: str | None, span_id: str | None, sampled: bool | None
    ) -> tuple[Any, Any]:
        """What is called from now on in this context is in a scope: (its number, what was current before)."""
        before = self.current()
        number = self._number_class(next(self._numbers))
        if before is not None and before in self.levels:
            self.levels[int(number)] = self.levels[before]
        if sampled is not None:
            self.sampled[int(number)] = sampled
        self._append((CONTEXT, int(number), None if before is None else int(before), correlation_id, trace_id, span_id))
        own = self._outer[int(number)] = self.own()
        self.put(number)
        return number, own

    def leave(self, entered: tuple[Any, Any]) -> None:
        """The scope ends, with those that were entered in it, unless the context is another."""
        current = self.own()
        while current is not entered[0]:
            if current is None:
                return
            current = self._outer.get(int(current))
        self.put(entered[1])

    def follow(self, foreign: ContextVar[Any], span_of: Callable[[Any], TraceParent | None]) -> None:
        """Calls outside of any coroutine call and scope are in one of the span that is current for another tracer.

        :param foreign: what has its context; whose object is another whenever the span is.
        :param span_of: the span of such a context.
        """
        own, theirs, seen = self.own, foreign.get, self._foreign

        def current() -> Any:
            number = own()
            if number is not None:
                return number
            context = theirs(None)
            if not context:
                return None
            known = seen.get(id(context))
            if known is None or known[0] is not context:
                if len(seen) > _MOST_FOREIGN:
                    seen.clear()
                seen[id(context)] = context, None  # should finding out be traced itself
                known = seen[id(context)] = context, self._scope_of(span_of(context))
            return known[1]

        self.current = current

    def _scope_of(self, span: TraceParent | None) -> Any:
        if span is None:
            return None
        number = self._number_class(next(self._numbers))
        self.sampled[int(number)] = span.sampled
        self._append((CONTEXT, int(number), None, None, span.trace_id, span.span_id))
        return number

    def forget(self) -> None:
        """In a forked child: what is open there, and the context's number for it, are the parent's."""
        self.open.clear()
        self._foreign.clear()
        self.put(None)

    def expect(self, depth: int, below: int, left_out: bool) -> None:
        """The next ``start`` is at this depth, over so many calls of its thread, in a tree left out or not."""
        self._expected = depth, below, left_out

    def start(self, frame: int, runner: int | None = None) -> tuple[Any, int, str | None]:
        """A call begins: (the number that was current, its own number, the task's name).

        :param runner: the frame that runs this one, if somebody tells when it waits; its own, if the context is not to
            be given back meanwhile.
        """
        before = self.current()
        number = self._number_class(next(self._numbers))
        self.open[frame] = call = _Open(number, self.own(), runner is not None)
        call.root = runner not in self.open
        self.put(number)
        if self._expected is not None:
            self.levels[int(number)] = self._expected
            self._expected = None
        return before, number, _task_name()

    def end(self, frame: int) -> tuple[int | None, int | None]:
        """A call ends: its number, or None if its start was not seen, and for how long it waited."""
        call = self.open.pop(frame, None)
        if call is None:
            return None, None
        if self.own() is call.number:
            self.put(call.before)
        return int(call.number), _waited(call) if call.told else None

    # -- async generators: values handed out ------------------------------------------------------------------

    def pause(self, frame: int) -> tuple[Any, int | None]:
        """An async generator hands a value out: (what is current then, its number)."""
        call = self.open.get(frame)
        if call is None:
            return None, None
        if self.own() is call.number:
            self.put(call.before)
        return call.before, int(call.number)

    def go_on(self, frame: int) -> tuple[Any, int | None]:
        """It goes on: (what was current, its number)."""
        call = self.open.get(frame)
        if call is None:
            return None, None
        before = self.own()
        if before is not call.number:
            call.before = before
            self.put(call.number)
        return before, int(call.number)

    # -- waits, where somebody tells of them ------------------------------------------------------------------

    def wait(self, frame: int, outer: Iterable[int] = ()) -> None:
        """A call waits for what it awaits. Whoever runs it has the context to himself.

        :param outer: the coroutines' frames that run this one, innermost first; see ``thrown``.
        """
        call = self.open.get(frame)
        if call is None or not call.told or call.since:
            return
        call.since, call.inside = System.perf_counter_ns(), self.own()
        if call.root:
            self.put(call.before)
        if self.pauses:
            self._append((CORO_WAITS, None, call.since, self._thread(), int(call.number)))
        for each in takewhile(self.passed.__contains__, filter(self.open.__contains__, outer)):
            self.passed.discard(each)
            self.wait(each)

    def resume(self, frame: int) -> None:
        """It has what it waited for."""
        call = self.open.get(frame)
        if call is None or not call.since:
            return
        t = System.perf_counter_ns()
        call.waited += t - call.since
        call.since = 0
        if call.root:
            before = self.own()
            if before is not call.inside:
                call.before = before
                self.put(call.inside)
        if self.pauses:
            self._append((CORO_GOES_ON, None, t, self._thread(), int(call.number)))

    def thrown(self, frame: int, outer: Iterable[int] = ()) -> None:
        """An exception is raised where it waited.

        :param outer: the coroutines' frames that run this one, innermost first. Those that wait for it are not run for
            that by the interpreter, so if the call waits again, nobody tells that they do.
        """
        waiting = list(takewhile(lambda each: self.open[each].since, filter(self.open.__contains__, outer)))
        for each in reversed(waiting):
            self.resume(each)
        self.passed.update(waiting)
        self.passed.discard(frame)
        call = self.open.get(frame)
        if call is not None and call.since and self.own() is not call.inside and not waiting:
            call.root = True  # it is closed, by somebody else than what awaits it
        self.resume(frame)

    def thrown_below(self, outer: Iterable[int]) -> None:
        """An exception is raised in something untraced, which the first of these frames that is a call's runs."""
        call = next((call for each in outer if (call := self.open.get(each)) is not None), None)
        if call is not None and call.since and self.own() is not call.inside:
            self.put(call.inside)

    def finish(self) -> None:
        """Recording ends: say of the calls that are open how long they have waited."""
        for call in list(self.open.values()):
            if call.told:
                self._append((CORO_WAITED, int(call.number), _waited(call)))


def _waited(call: _Open) -> int | None:
    if not call.told:
        return None
    return call.waited + System.perf_counter_ns() - call.since if call.since else call.waited


def _number_class(append: Callable[[Event], None], *by_number: dict[int, Any]) -> type[int]:
    def dropped(number: int, append: Callable[[Event], None] = append, kind: int = CORO_DROPPED) -> None:
        for known in by_number:
            known.pop(int.__index__(number), None)
        append((kind, int.__index__(number)))

    return type("CallNumber", (int,), {"__slots__": (), "__del__": dropped})


def _task_name(modules: dict[str, Any] = sys.modules) -> str | None:
    """The name of the running task, of asyncio or trio; None outside of one. Imports nothing."""
    asyncio = modules.get("asyncio")
    if asyncio is not None:
        try:
            loop = asyncio._get_running_loop()
            if loop is not None:
                task = asyncio.current_task(loop)
                return None if task is None else str(task.get_name())
        except Exception:
            return None
    trio = modules.get("trio")
    if trio is not None:
        try:
            return str(trio.lowlevel.current_task().name)
        except Exception:
            return None
    return None

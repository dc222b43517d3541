"""Which coroutine call is the innermost of a context: a context variable that holds the call's number."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from typing import Any

from ..assembly.events import CONTEXT, CORO_DROPPED, Event

__all__ = ["Coroutines"]


class Coroutines:
    """The open coroutine and async-generator calls of one recorder.

    The variable is set and set back by value, never by token: a coroutine may end in another context than the one it
    began in. A call's number lives as long as some context holds it, which is how long its children may still come;
    when the last lets go, an event says so.
    """

    def __init__(self, append: Callable[[Event], None]) -> None:
        self._var: ContextVar[Any] = ContextVar("glimpse_call", default=None)
        self.current = self._var.get
        self._open: dict[int, tuple[Any, Any]] = {}  # by frame: (this call's number, what was current before)
        self._numbers = count(1)
        self.levels: dict[int, tuple[int, int, bool]] = {}  # by number, where a policy limits depth or samples
        self._expected: tuple[int, int, bool] | None = None
        self.sampled: dict[int, bool] = {}  # by a scope's number, where its caller elsewhere has drawn already
        self._outer: dict[int, Any] = {}  # by a scope's number: what it was entered in
        self._append = append
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
        self._outer[int(number)] = before
        self._var.set(number)
        return number, before

    def leave(self, entered: tuple[Any, Any]) -> None:
        """The scope ends, with those that were entered in it, unless the context is another."""
        current = self._var.get()
        while current is not entered[0]:
            if current is None:
                return
            current = self._outer.get(int(current))
        self._var.set(entered[1])

    def forget(self) -> None:
        """In a forked child: what is open there, and the context's number for it, are the parent's."""
        self._open.clear()
        self._var.set(None)

    def expect(self, depth: int, below: int, left_out: bool) -> None:
        """The next ``start`` is at this depth, over so many calls of its thread, in a tree left out or not."""
        self._expected = depth, below, left_out

    def start(self, frame: int) -> tuple[Any, int, str | None]:
        """A call begins: (the number that was current, its own number, the task's name)."""
        before = self.current()
        number = self._number_class(next(self._numbers))
        self._open[frame] = number, before
        self._var.set(number)
        if self._expected is not None:
            self.levels[int(number)] = self._expected
            self._expected = None
        return before, number, _task_name()

    def end(self, frame: int) -> int | None:
        """A call ends: its number, or None if its start was not seen."""
        known = self._open.pop(frame, None)
        if known is None:
            return None
        if self.current() is known[0]:
            self._var.set(known[1])
        return int(known[0])

    def pause(self, frame: int) -> tuple[Any, int | None]:
        """An async generator hands a value out: (what is current then, its number)."""
        known = self._open.get(frame)
        if known is None:
            return None, None
        if self.current() is known[0]:
            self._var.set(known[1])
        return known[1], int(known[0])

    def go_on(self, frame: int) -> tuple[Any, int | None]:
        """It goes on: (what was current, its number)."""
        known = self._open.get(frame)
        if known is None:
            return None, None
        before = self.current()
        if before is not known[0]:
            self._open[frame] = known[0], before
            self._var.set(known[0])
        return before, int(known[0])


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

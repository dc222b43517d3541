"""Calls into code of the traced program, so that nothing it does there can hurt the program or go on for long."""

from __future__ import annotations

import os
import sys
from types import MethodType

from ..natives import System
from . import classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from functools import partial
    from typing import Any, Final
else:  # what the public modules stand on: they would load `enum` and `collections` at the start
    import _signal as signal
    from _functools import partial

__all__ = ["RENDERING", "GuardedCall", "blindly", "is_programs_own", "rendering"]


class _Rendering(set[int]):
    """Idents of threads. Whoever records is told of each, so as not to have to ask at every call."""

    __slots__ = ("listeners", "watchers")

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Callable[[int, bool], None]] = []
        self.watchers = 0
        """How many are told by the interpreter of whatever runs, so that also code that reports nothing is recorded."""


RENDERING: Final = _Rendering()
"""The idents of the threads that run a guarded call now: nothing is recorded on them meanwhile."""

_SLOW_NS = 2_000_000
_SLOW_IN_ALL_NS = 50_000_000
_FORGIVEN_NS = 1_000_000
_REST_FOR_SLOW = 50
_MOST_FAILURES = 10
_REST_FOR_FAILURES_NS = 1_000_000_000

_get_ident = System.get_ident
_listeners = RENDERING.listeners


def rendering() -> bool:
    """Whether this thread makes the text of a value now, so that what it calls is none of the program's doing."""
    return _get_ident() in RENDERING


def blindly(function: Any, value: Any) -> Any:
    """``function(value)``, with nothing recorded on this thread meanwhile. Raises what the function raises."""
    thread = _get_ident()
    if thread in RENDERING:
        return function(value)
    try:
        RENDERING.add(thread)
        for listener in _listeners:
            listener(thread, True)
        return function(value)
    finally:
        _end(thread)


def _end(thread: int) -> None:
    RENDERING.discard(thread)
    for listener in _listeners:
        listener(thread, False)


class GuardedCall:
    """Calls user code that gives a text, such as ``repr``, for the values of one class.

    A failure becomes a text. A class that proves slow (50 ms in calls of more than 2 ms, less one for each faster
    call) is left alone for fifty times as long as it took, one that fails ten times running for a second.
    """

    __slots__ = ("_failures", "_function", "_name", "_rest_until", "_resting", "_slow_ns")

    def __init__(self, function: Callable[[Any], Any], name: str) -> None:
        self._function = function
        self._name = name
        self._failures = 0
        self._slow_ns = 0
        self._rest_until = 0
        self._resting = ""

    def __call__(self, value: object) -> str:
        """The text, or one that says why there is none. Only what belongs to the program itself is raised.

        Within another such call it is the name alone: nobody will see it, and a traced function that a ``__repr__``
        gives the object to would come back here for ever.
        """
        thread = _get_ident()
        if thread in RENDERING:
            return f"<{self._name}>"
        started = System.perf_counter_ns()
        if started < self._rest_until:
            return self._resting
        try:
            try:  # as ``blindly``, of which this is most of the use
                RENDERING.add(thread)
                for listener in _listeners:
                    listener(thread, True)
                text = self._function(value)
            finally:
                _end(thread)
            self._failures = 0
        except BaseException as problem:
            text = self._failed(problem)
        spent = System.perf_counter_ns() - started
        if spent > _SLOW_NS or self._slow_ns:
            self._took(spent)
        return text if type(text) is str else str.__str__(text)

    def silently(self, value: object) -> str:
        """The same for a function that reports no calls, so that nothing has to be kept from being recorded."""
        started = System.perf_counter_ns()
        if started < self._rest_until:
            return self._resting
        try:
            text = self._function(value)
            self._failures = 0
        except BaseException as problem:
            text = self._failed(problem)
        spent = System.perf_counter_ns() - started
        if spent > _SLOW_NS or self._slow_ns:
            self._took(spent)
        return text if type(text) is str else str.__str__(text)

    def _failed(self, problem: BaseException) -> str:
        """The text in the place of one whose making ended like this. Raises what belongs to the program itself."""
        if is_programs_own(problem):
            raise  # noqa: PLE0704 (it is being handled)
        text = f"<{self._name} repr failed: {classes.class_name(type(problem))}>"
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self._rest(text, _REST_FOR_FAILURES_NS)
        return text

    def _took(self, spent: int) -> None:
        if spent <= _SLOW_NS:  # a busy machine makes any call slow now and then
            self._slow_ns = max(0, self._slow_ns - _FORGIVEN_NS)
            return
        self._slow_ns += spent
        if self._slow_ns > _SLOW_IN_ALL_NS:
            self._rest(f"<{self._name} repr skipped: slow>", self._slow_ns * _REST_FOR_SLOW)
            self._slow_ns = 0

    def _rest(self, text: str, nanoseconds: int) -> None:
        self._resting = text
        self._rest_until = System.perf_counter_ns() + nanoseconds


def is_programs_own(problem: BaseException) -> bool:
    """Whether an exception has nothing to do with the guarded call: a signal's handler raised it meanwhile."""
    threading: Any = sys.modules.get("threading")
    if threading is not None and _get_ident() != threading.main_thread().ident:
        return False
    if classes.inherits(type(problem), KeyboardInterrupt) and _is_default(signal.getsignal(signal.SIGINT)):
        return not _has_statement(problem)
    handlers = {id(code) for code in _handlers_codes()}
    return any(id(code) in handlers for code in _codes_passed(problem))


def _has_statement(problem: BaseException) -> bool:
    """Whether a ``raise`` raised it: the interpreter's own handler does so between instructions."""
    from opcode import opmap

    traceback = problem.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_code.co_code[traceback.tb_lasti] == opmap["RAISE_VARARGS"]


def _is_default(handler: object) -> bool:
    return handler is signal.default_int_handler


def _codes_passed(problem: BaseException) -> Iterator[object]:
    traceback = problem.__traceback__
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next


def _handlers_codes() -> Iterator[object]:
    for number in range(1, signal.NSIG):
        handler: Any = signal.getsignal(number)
        if type(handler) is partial:
            handler = handler.func
        if type(handler) is MethodType:
            handler = handler.__func__
        call = classes.lookup(type(handler), "__call__")
        code = getattr(handler, "__code__", None) or getattr(call, "__code__", None)
        if code is not None:
            yield code


def _forget_other_threads() -> None:
    mine = _get_ident()
    for thread in list(RENDERING):
        if thread != mine:
            _end(thread)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)

"""What is recorded of an exception that leaves a traced function."""

from __future__ import annotations

import sys
from types import FunctionType

from ..entry import Site
from ..precompiled import FILENAME
from .codes import WRAPPERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType, TracebackType
    from typing import Any, Final, TypeAlias

__all__ = ["Describer", "Message"]

Message: TypeAlias = "Callable[[BaseException, Sequence[object]], str]"
"""Gives the bounded, redacted text of an exception, given the values of redacted parameters."""

_MOST_FRAMES: Final = 50
_ONLY_THE_FRAMES: Final = 3  # references to what ``locals()`` gave, our variable and the argument of a call included
_OWN_MODULE: Final = __name__.rpartition(".")[0] + ".hooks"
_ROOM: Final = (lambda: None).__code__.co_filename.removesuffix(
    "exceptions.py"
)  # as the code says it, not ``__file__``
_OURS: Final = (_ROOM[: -len("probe") - 1], FILENAME, "<lines>")  # the last are made when they are needed


class Describer:
    """Describes exceptions: type, message, the line in this frame, and at the first traced frame the traceback."""

    def __init__(self) -> None:
        self.others: list[Callable[[CodeType, FrameType | None], bool]] = []
        """Who else is asked whether a code object is traced, though it does not call the probe."""
        self._hidden: dict[str, tuple[str, ...]] = {}
        self._traced: dict[int, tuple[CodeType, bool]] = {}

    def describe(
        self, key: str, frame: FrameType, exc: BaseException, message: Message, traceback: TracebackType | None = None
    ) -> tuple[str, str, int | None, str | None] | None:
        """(type, message, line, traceback or None); None for the end of a generator that is closed.

        :param message: how the function's exceptions are shown.
        :param traceback: the exception's, where it does not have it yet.
        """
        kind = type(exc)
        if kind is GeneratorExit and frame.f_code.co_flags & 0x2A0:  # a generator of whatever kind
            return None
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        traceback = traceback or exc.__traceback__
        inside = _inside(traceback)
        if inside is not None:
            _without_ours(inside, exc)
        line = inside.tb_lineno if inside is not None else None
        first = inside is not None and not self._seen_below(frame, inside.tb_next, exc)
        try:
            text = message(exc, self._secrets(key, frame))
        except RecursionError:
            text = ""
        return name, text, line, self._text(inside, name, text) if first else None

    def _secrets(self, key: str, frame: FrameType) -> Sequence[object]:
        names = self._hidden.get(key)
        if names is None:
            names = self._hidden[key] = tuple(param.name for param in Site.parse(key).params if param.hidden)
        if not names:
            return ()
        bound = _bound(frame)
        return [bound[name] for name in names if name in bound]

    def _seen_below(self, frame: FrameType, traceback: TracebackType | None, exc: BaseException) -> bool:
        while traceback is not None:
            below = traceback.tb_frame
            if self.is_traced(below.f_code, below) and _has_left(below, frame):
                _without_ours(traceback, exc)
                return True
            traceback = traceback.tb_next
        return False

    def is_traced(self, code: CodeType, frame: FrameType | None = None) -> bool:
        """Whether this code calls the probe: it has one of its functions among its constants, or is a wrapper's.

        :param frame: one that runs it, by which others can tell of code that they have not met before.
        """
        known = self._traced.get(id(code))
        if known is None or known[0] is not code:
            found = WRAPPERS.get(code) is not None
            for const in code.co_consts:  # no generator: it would be closed, which at the recursion limit is too much
                found = found or (type(const) is FunctionType and const.__module__ == _OWN_MODULE)
            if len(self._traced) > 10_000:
                self._traced.clear()
            known = self._traced[id(code)] = (code, found)
        return known[1] or any(traces(code, frame) for traces in self.others)

    def depth(self, frame: FrameType | None) -> int:
        """How many traced calls are on the stack, this frame's included."""
        found = 0
        while frame is not None:
            found += self.is_traced(frame.f_code, frame)
            frame = frame.f_back
        return found

    @staticmethod
    def _text(traceback: TracebackType | None, name: str, message: str) -> str:
        """As the interpreter prints it, without source lines: reading files is not for the traced program's time."""
        lines: list[str] = []
        while traceback is not None and len(lines) < _MOST_FRAMES:
            code = traceback.tb_frame.f_code
            if WRAPPERS.get(code) is None:
                lines.append(f'  File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_name}\n')
            traceback = traceback.tb_next
        return "Traceback (most recent call last):\n" + "".join(lines) + (f"{name}: {message}" if message else name)


def _inside(traceback: TracebackType | None) -> TracebackType | None:
    """Where the function itself was: a decorator's wrapper stands before it."""
    if traceback is not None and traceback.tb_next is not None and WRAPPERS.get(traceback.tb_frame.f_code) is not None:
        return traceback.tb_next
    return traceback


def _has_left(below: FrameType, frame: FrameType) -> bool:
    """Whether an exception that leaves ``frame`` has left another frame of its traceback before.

    It has not left those that run: who raises again what it has handled, and who threw it into a generator.
    """
    if below is frame:
        return False
    caller = below.f_back
    while caller is not None and caller is not frame:
        caller = caller.f_back
    if caller is None:  # it has not been called from there, or was a generator's
        caller = frame.f_back
        while caller is not None and caller is not below:
            caller = caller.f_back
        return caller is None
    return True


def _bound(frame: FrameType) -> dict[str, Any]:
    """A frame's variables. Before 3.13 it keeps those that were asked for, and so alive, even when it is cleared.

    After a trace function, the interpreter takes what is in the dict for the frame's variables: then it stays full.
    """
    names = frame.f_locals
    bound = dict(names)
    if type(names) is dict and sys.gettrace() is None and sys.getrefcount(names) == _ONLY_THE_FRAMES:
        names.clear()
    return bound


def _without_ours(entry: TracebackType, exc: BaseException) -> None:
    """Take our functions out of the traceback below a traced function that called one.

    None of them raises, but a signal's handler may, as Ctrl-C does, while one runs.
    """
    after = last = entry.tb_next
    if after is None or last is None or not after.tb_frame.f_code.co_filename.startswith(_ROOM):
        return
    while after is not None:
        if after.tb_frame.f_code.co_filename.startswith(_OURS):
            last = after
        after = after.tb_next
    entry.tb_next = last.tb_next
    context = exc.__context__
    while context is not None and _is_ours(context):  # what we were dealing with when the signal came
        context = exc.__context__ = context.__context__


def _is_ours(exc: BaseException) -> bool:
    traceback = exc.__traceback__
    return traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_OURS)


def bound_now(key: str, frame: FrameType, freeze: Callable[[Any], Any], receiver: Callable[[Any], str]) -> list[Any]:
    """The parameters' values as they are now; ``<unbound>`` for one that was deleted."""
    exc = sys.exc_info()[1]
    if exc is not None and WRAPPERS.get(frame.f_code) is not None:
        inside = _inside(exc.__traceback__)
        frame = inside.tb_frame if inside is not None else frame
    bound = _bound(frame)
    shown: list[Any] = []
    for param in Site.parse(key).params:
        if param.hidden:
            shown.append(None)
        elif param.name not in bound:
            shown.append(("<unbound>",))
        else:
            value = bound[param.name]
            shown.append(receiver(value) if param.receiver else freeze(value))
    return shown

"""Where in a distributed trace the program is: what was entered, and who is told of it.

A scope is entered in the context (``contextvars``) of the thread or task that enters it: tasks that are started within
it are in it too, threads are not. Recorders are told when one is entered or left, so that calls need not ask.
"""

from __future__ import annotations

import functools
from _contextvars import ContextVar

from ..errors import GlimpseError, bad_value
from .w3c import TraceParent

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import Protocol, field, record, replace
else:  # what is read last is what the reference shows
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass as record
    from dataclasses import field, replace
    from types import TracebackType
    from typing import Any, Final, Protocol, TypeVar

    _Function = TypeVar("_Function", bound=Callable[..., Any])

__all__ = [
    "LISTENERS",
    "Listener",
    "Scope",
    "TraceContext",
    "active",
    "check_correlation_id",
    "correlation",
    "is_busy",
    "set_outside",
]

_LONGEST_ID: Final = 256


@record(frozen=True)
class TraceContext:
    """What a request brings along.

    :param remote: the call elsewhere that made it; None where the trace begins here.
    :param tracestate: what other tracers say of it, as the header came.
    :param baggage: by name, a value and its properties, as the header had them.
    :param correlation_id: the id that its entries carry.
    """

    remote: TraceParent | None = None
    tracestate: str = ""
    baggage: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    correlation_id: str | None = None


class Listener(Protocol):
    """A recorder, as it learns of scopes."""

    @property
    def correlation_id(self) -> str | None:
        """The id that all its entries carry outside of any scope."""

    def enter(self, context: TraceContext) -> Any:
        """The context of the caller is in a scope; returns what ``leave`` is to be given."""

    def leave(self, entered: Any) -> None:
        """It is no more."""

    def renew(self, context: TraceContext) -> None:
        """The scope that was there before the recorder is left; this one is around it."""

    def is_busy(self) -> bool:
        """Whether the caller's thread works for it, and not for the program."""

    def here(self) -> TraceParent | None:
        """The innermost recorded call of the caller's thread and context; not ``sampled`` in a tree left out."""

    def call_here(self) -> int | None:
        """The id of that call, whether it has ids for other services or not."""


LISTENERS: Final[list[Listener]] = []
"""The recorders that live, oldest first."""


class _Entered:
    """A context that was entered, and what it was entered in."""

    __slots__ = ("context", "outer", "told")

    def __init__(self, context: TraceContext, outer: _Entered | None) -> None:
        self.context, self.outer = context, outer
        self.told: list[tuple[Listener, Any]] = []


_OUTSIDE: Final = _Entered(TraceContext(), None)
_active: Final[ContextVar[_Entered]] = ContextVar("glimpse_context", default=_OUTSIDE)


def active() -> TraceContext:
    """The context of what runs now."""
    return _active.get().context


def set_outside(context: TraceContext) -> None:
    """The context of what is in no scope: whoever started the process."""
    _OUTSIDE.context = context


def is_busy() -> bool:
    """Whether this thread works for a recorder now: what it does is not the program's."""
    return any(listener.is_busy() for listener in LISTENERS)


def check_correlation_id(value: object, option: str = "correlation_id") -> str:
    """The id, if it can stand in entries and headers.

    :raises GlimpseError: it is not a text that can be printed, of 1 to 256 characters.
    """
    if isinstance(value, str) and value.strip() and value.isprintable() and len(value) <= _LONGEST_ID:
        return value
    raise GlimpseError(bad_value(option, value, f"text of 1 to {_LONGEST_ID} characters that can be printed"))


class Scope:
    """What is called within ``with``, or within a function that it decorates, belongs to a request.

    Entering and leaving cost less than a recorded call; calls outside of scopes pay nothing for it.
    """

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._entered: list[_Entered] = []

    def __enter__(self) -> TraceContext:
        outer = _active.get()
        entered = _Entered(replace(outer.context, **self._changes), outer)
        _active.set(entered)
        entered.told += [(each, each.enter(entered.context)) for each in LISTENERS]
        self._entered.append(entered)
        return entered.context

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        entered = self._entered.pop()
        current: _Entered | None = _active.get()
        while current is not entered:  # by value, not by token: it may end elsewhere than it began, or after others did
            if current is None:
                return
            current = current.outer
        outer = entered.outer or _OUTSIDE
        _active.set(outer)
        for listener, number in entered.told:
            listener.leave(number)
        for listener in LISTENERS:
            if not any(listener is each for each, _ in entered.told):
                listener.renew(outer.context)

    def __call__(self, function: _Function) -> _Function:
        """Decorate a function or a coroutine function: each of its calls is in a scope of its own.

        :raises GlimpseError: it is a generator function, whose scope would leak to whoever consumes it.
        """
        import inspect

        target: Any = function
        if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
            raise GlimpseError(f"{target.__qualname__} is a generator function: enter the scope where it is consumed")
        changes = self._changes
        if inspect.iscoroutinefunction(target):

            @functools.wraps(target)
            async def within(*args: Any, **kwargs: Any) -> Any:
                with Scope(**changes):
                    return await target(*args, **kwargs)
        else:

            @functools.wraps(target)
            def within(*args: Any, **kwargs: Any) -> Any:
                with Scope(**changes):
                    return target(*args, **kwargs)

        found: Any = within
        return found  # type: ignore[no-any-return]


def correlation(id: str) -> Scope:
    """Let the entries of what is called within carry an id: in a ``with`` statement, or as a decorator.

    ``with glimpse.correlation("order-7"): …``. An inner id hides an outer one. Tasks started within keep it, and
    ``inject`` hands it on.

    :param id: text of 1 to 256 characters that can be printed.
    :raises GlimpseError: it is something else.
    """
    return Scope(correlation_id=check_correlation_id(id, "id of correlation"))

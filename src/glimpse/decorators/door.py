"""The way from decorated functions to a tracer, and what decorators can be told."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from itertools import count
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypedDict

from ..errors import GlimpseError, unknown_name
from ..parsers import Redaction, redactions
from ..probe import Slot, slot
from .wrappers import replace

if TYPE_CHECKING:
    from ..config import Config
    from ..policy import Decider, TracingPolicy

__all__ = ["Door", "Options", "Recording", "Showing", "TraceOptions"]

_numbers: Final = count(1_000_000)  # of slots; those of the import hook count from 0


class Recording(Protocol):
    """What a door needs of the session that it leads to."""

    @property
    def files(self) -> dict[str, str]:
        """The file of each module that is traced."""

    def connect_decorated(self, slot: Slot, showing: Showing, owner: TracingPolicy | None) -> None:
        """Record what the functions of this slot report, and show values like this."""


class Showing(NamedTuple):
    """How the values of a decorated function are shown, beyond what its policy or the configuration says.

    :param redact: names whose values are hidden too, and other rules of ``Redaction``.
    :param max_field_length: characters of one value's text.
    :param max_items: items shown of a container.
    :param max_depth: containers within containers that are shown.
    """

    redact: tuple[Redaction, ...] = ()
    max_field_length: int | None = None
    max_items: int | None = None
    max_depth: int | None = None


class TraceOptions(TypedDict, total=False):
    """The options of the decorator, as type checkers see them."""

    args: bool
    result: bool
    redact: Sequence[Redaction]
    max_field_length: int
    max_items: int
    max_depth: int


class Options:
    """What can be given to the decorator.

    :param args: whether arguments are recorded.
    :param result: whether results are.
    :param redact: names whose values are hidden, besides those of the configuration, and other rules of ``Redaction``.
    :param limits: ``max_field_length``, ``max_items``, ``max_depth``, in place of the policy's or the configuration's.
    :raises GlimpseError: an option does not exist, or has a bad value.
    """

    __slots__ = ("args", "result", "showing")

    def __init__(
        self, args: bool = True, result: bool = True, redact: Sequence[Redaction] = (), **limits: int | None
    ) -> None:
        for name, given in (("args", args), ("result", result)):
            if type(given) is not bool:
                raise GlimpseError(f"option {name} of trace: bad value {given!r}; accepted: True or False")
        for name, limit in limits.items():
            if limit is not None and (type(limit) is not int or limit < 1):
                raise GlimpseError(f"option {name} of trace: bad value {limit!r}; accepted: a whole number from 1 up")
        try:
            rules = redactions(None if isinstance(redact, str) else list(redact))
        except (TypeError, ValueError) as problem:
            accepted = problem if isinstance(problem, ValueError) else "a list of names"
            raise GlimpseError(f"option redact of trace: bad value {redact!r}; accepted: {accepted}") from None
        self.args, self.result = args, result
        self.showing = Showing(rules, **limits)

    @classmethod
    def of(cls, given: dict[str, Any]) -> Options:
        """The options of a decorator that was called with these."""
        for name in given:
            if name not in _OPTIONS:
                raise GlimpseError(unknown_name("option of trace", name, _OPTIONS))
        return cls(**given)


_OPTIONS: Final = ("args", "result", *Showing._fields)


class Door:
    """The way from decorated functions to a tracer.

    :param config: what is recorded of them.
    :param wake: called before the first call is reported, if nobody has attached a tracer by then.
    """

    def __init__(self, config: Config, wake: Callable[[], None] | None = None) -> None:
        self.config = config
        self.wakes = wake is not None
        self.waiting: list[Callable[[], None]] = [wake] if wake is not None else []
        self._session: Recording | None = None
        self._files: dict[str, str] = {}
        self._policy: Decider | None = None
        self._slots: dict[tuple[Showing, TracingPolicy | None], Slot] = {}
        self._again: weakref.WeakKeyDictionary[FunctionType, Callable[[], FunctionType]] = weakref.WeakKeyDictionary()

    def attach(self, config: Config, session: Recording, policy: Decider | None = None) -> None:
        """Report to this session from now on. Functions that were decorated before are adapted to its configuration.

        :param policy: what decides which of its policies owns a function.
        """
        self.waiting.clear()
        changed = (config.level, tuple(config.redact)) != (self.config.level, tuple(self.config.redact))
        changed = changed or policy is not self._policy
        self.config, self._session, self._policy = config, session, policy
        for module, file in self._files.items():
            session.files.setdefault(module, file)
        for (showing, owner), each in self._slots.items():
            session.connect_decorated(each, showing, owner)
        if changed:
            for wrapper, again in list(self._again.items()):
                replace(wrapper, again())

    def detach(self) -> None:
        """Report to nobody. The slots are disconnected by the session that connected them."""
        self._session = None

    @property
    def slots(self) -> list[Slot]:
        """The slots of the functions that were decorated so far."""
        return list(self._slots.values())

    def owner(self, function: FunctionType) -> TracingPolicy | None:
        """The policy that includes a function; None for one that is traced without any."""
        if self._policy is None:
            return None
        file = function.__globals__.get("__file__")
        place = file if type(file) is str else None
        return self._policy.decide_function(str(function.__module__), function.__qualname__, place).owner

    def slot(self, showing: Showing, owner: TracingPolicy | None = None) -> Slot:
        """The slot of functions that this policy owns whose values are shown like this."""
        key = showing, owner
        found = self._slots.get(key)
        if found is None:
            found = self._slots[key] = slot(next(_numbers))
            if self._session is not None:
                self._session.connect_decorated(found, showing, owner)
        return found

    def remember(self, function: FunctionType, again: Callable[[], FunctionType] | None = None) -> None:
        """Know of a function that reports here, and, if it is a wrapper, how to make it again."""
        file = function.__globals__.get("__file__")
        if type(file) is str:
            self._files.setdefault(function.__module__, file)
            if self._session is not None:
                self._session.files.setdefault(function.__module__, file)
        if again is not None:
            self._again[function] = again

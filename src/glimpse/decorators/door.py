"""The way from decorated functions to a tracer, and what decorators can be told."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from itertools import count
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..errors import GlimpseError, unknown_name
from ..parsers import Redaction, redactions
from ..probe import Slot, slot
from .wrappers import replace

if TYPE_CHECKING:
    from ..config import Config
    from ..policy import Decider, TracingPolicy

__all__ = ["Door", "Options", "Recording"]

_numbers: Final = count(1_000_000)  # of slots; those of the import hook count from 0


class Recording(Protocol):
    """What a door needs of the session that it leads to."""

    @property
    def files(self) -> dict[str, str]:
        """The file of each module that is traced."""

    def connect_decorated(self, slot: Slot, redact: tuple[Redaction, ...], owner: TracingPolicy | None) -> None:
        """Record what the functions of this slot report; values of these names are redacted too."""


class Options:
    """What can be given to the decorator.

    :param args: whether arguments are recorded.
    :param result: whether results are.
    :param redact: names whose values are hidden, besides those of the configuration, and other rules of ``Redaction``.
    :raises GlimpseError: an option does not exist, or has a bad value.
    """

    __slots__ = ("args", "redact", "result")

    def __init__(self, args: bool = True, result: bool = True, redact: Sequence[Redaction] = ()) -> None:
        for name, given in (("args", args), ("result", result)):
            if type(given) is not bool:
                raise GlimpseError(f"option {name} of trace: bad value {given!r}; accepted: True or False")
        try:
            self.redact = redactions(None if isinstance(redact, str) else list(redact))
        except (TypeError, ValueError) as problem:
            accepted = problem if isinstance(problem, ValueError) else "a list of names"
            raise GlimpseError(f"option redact of trace: bad value {redact!r}; accepted: {accepted}") from None
        self.args, self.result = args, result

    @classmethod
    def of(cls, given: dict[str, Any]) -> Options:
        """The options of a decorator that was called with these."""
        for name in given:
            if name not in cls.__slots__:
                raise GlimpseError(unknown_name("option of trace", name, ("args", "result", "redact")))
        return cls(**given)


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
        self._slots: dict[tuple[tuple[Redaction, ...], TracingPolicy | None], Slot] = {}
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
        for (redact, owner), each in self._slots.items():
            session.connect_decorated(each, redact, owner)
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

    def slot(self, redact: tuple[Redaction, ...], owner: TracingPolicy | None = None) -> Slot:
        """The slot of functions that this policy owns in which values of these names are redacted too."""
        key = redact, owner
        found = self._slots.get(key)
        if found is None:
            found = self._slots[key] = slot(next(_numbers))
            if self._session is not None:
                self._session.connect_decorated(found, redact, owner)
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

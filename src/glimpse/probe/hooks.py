"""The functions that rewritten code refers to: always there, connected to a recorder or doing nothing.

A *slot* is one set of them, for one policy. Connecting a slot gives its functions the recorder's globals and the code
of ``live`` and ``suspending``; disconnecting gives them code that does nothing. So "off" costs a bare call, rewritten
modules never need to be told, and whatever runs at the very end of the interpreter still finds its functions: they are
constants of the code that calls them.

The functions are found by name through this module (``glimpse.probe.hooks.enter2``, ``enter2@1`` in slot 1), which is
how rewritten code that is pickled by value refers to them in another process.
"""

from __future__ import annotations

from types import FunctionType

from . import live, suspending
from .exceptions import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

__all__ = ["Ending", "Slot", "function", "name_of", "slot"]


class Ending:
    """Calls a function when it is negated: two instructions less than a call, and as few as the compiler copies."""

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __reduce__(self) -> str:
        return self.__name__


def _nothing0(key: str) -> None: ...
def _nothing1(key: str, a: Any) -> None: ...
def _nothing2(key: str, a: Any, b: Any) -> None: ...
def _nothing3(key: str, a: Any, b: Any, c: Any) -> None: ...
def _nothing4(key: str, a: Any, b: Any, c: Any, d: Any) -> None: ...
def _nothing5(key: str, a: Any, b: Any, c: Any, d: Any, e: Any) -> None: ...
def _nothing_at_all(key: str, *values: Any) -> None: ...


def _same(key: str, value: Any) -> Any:
    return value


def _no_match(key: str) -> tuple[()]:
    return ()


_NOTHING: Final = (_nothing0, _nothing1, _nothing2, _nothing3, _nothing4, _nothing5)
_SHARED: Final = (("enter", ""), ("done", ""), ("done", "_here"), ("leave", ""), ("end", ""))
_ALIASES: Final = {f"{name}_a{here}": f"{name}_c{here}" for name, here in _SHARED}


def _functions(*modules: Any) -> dict[str, FunctionType]:
    return {name: value for each in modules for name, value in vars(each).items() if type(value) is FunctionType}


_LIVE: Final = _functions(live, suspending)


def _idle(name: str, working: FunctionType) -> Any:
    if name.startswith(("raised", "thrown")):
        return _no_match
    if name.startswith("enter"):
        code = working.__code__
        return _nothing_at_all if code.co_flags & 4 else _NOTHING[code.co_argcount - 1]
    return _nothing0 if name.startswith(("done", "leave", "fall")) else _same


_ERRORS: Final = {
    name: _LIVE["raised_only"] if name.startswith("raised") else _idle(name, each) for name, each in _LIVE.items()
}


class Slot:
    """One set of the functions.

    :param number: which; the names of its functions end in ``@number``, but for slot 0.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._globals: dict[str, Any] = {"__name__": __name__, "__builtins__": __builtins__, "__slot__": self}
        self._functions: dict[str, FunctionType] = {}
        self._endings: dict[str, Ending] = {}
        self._working: dict[str, FunctionType] | None = None

    def function(self, name: str) -> FunctionType:
        """The slot's function of this name, made when first asked for.

        :raises KeyError: there is no such function.
        """
        name = _ALIASES.get(name, name)
        found = self._functions.get(name)
        if found is None:
            source: FunctionType = self._working[name] if self._working is not None else _idle(name, _LIVE[name])
            found = FunctionType(source.__code__, self._globals, name)
            found.__qualname__ = f"{name}@{self.number}" if self.number else name
            found = self._functions.setdefault(name, found)
        return found

    def constant(self, name: str) -> FunctionType | Ending:
        """What stands in rewritten code for the slot's function of this name.

        :raises KeyError: there is no such function.
        """
        name = _ALIASES.get(name, name)
        if not name.endswith("_here"):
            return self.function(name)
        found = self._endings.get(name)
        if found is None:
            function = self.function(name)
            kind = type("Ending", (Ending,), {"__slots__": (), "__module__": __name__, "__neg__": function})
            found = self._endings.setdefault(name, kind(function.__qualname__))
        return found

    def connect(self, namespace: Mapping[str, Any], *, errors_only: bool = False) -> None:
        """Record from now on, with what ``live`` (and ``limited``, if given) declares taken from ``namespace``.

        :param errors_only: functions report everything, of which only exceptions are wanted.
        """
        self._globals.update(namespace)
        self._working = _LIVE
        if errors_only:
            self._working = _ERRORS
        elif "LIMIT" in namespace:
            from . import limited, limited_suspending

            self._working = {**_LIVE, **_functions(limited, limited_suspending)}
            self._globals.update(_beneath(namespace))
        for name, each in list(self._functions.items()):
            each.__code__ = self._working[name].__code__

    def rebind(self, **values: Any) -> None:
        """Use these instead of what ``connect`` was given by these names."""
        self._globals.update(values)
        below = self._globals.get("live_enter0")
        if below is not None:
            below.__globals__.update(values)

    def disconnect(self) -> None:
        """Do nothing from now on. What the recorder gave is let go."""
        self._working = None
        for name, each in list(self._functions.items()):
            each.__code__ = _idle(name, _LIVE[name]).__code__

    def feeds(self, destination: object) -> bool:
        """Whether what the functions report is recorded, and goes there."""
        return self._working is not None and self._globals.get("destination") == destination

    @property
    def message(self) -> Message:
        """How exceptions that its functions report are shown. Only while it is connected."""
        found: Message = self._globals["message"]
        return found

    @staticmethod
    def of(function: FunctionType) -> Slot:
        """The slot that a function belongs to."""
        found: Slot = function.__globals__["__slot__"]
        return found


def _beneath(namespace: Mapping[str, Any]) -> dict[str, FunctionType]:
    """The functions of ``live`` that those of ``limited`` call: the frame that they look at is one further up."""
    frame_at = namespace["frame_at"]
    scope = {**namespace, "frame_at": lambda depth: frame_at(depth + 2), "__builtins__": __builtins__}
    return {f"live_{name}": FunctionType(each.__code__, scope, name) for name, each in _LIVE.items()}


_slots: dict[int, Slot] = {}


def slot(number: int) -> Slot:
    """The slot of this number."""
    return _slots.get(number) or _slots.setdefault(number, Slot(number))


def function(number: int, name: str) -> Callable[..., Any]:
    """A function of a slot; see ``Slot.function``."""
    return slot(number).function(name)


def name_of(constant: object) -> str | None:
    """The name of the function that a constant of code stands for; None if it is one of the program."""
    if (type(constant) is FunctionType and constant.__module__ == __name__) or isinstance(constant, Ending):
        name: str = constant.__name__
        return name.partition("@")[0]
    return None


def __getattr__(name: str) -> FunctionType | Ending:
    base, _, number = name.partition("@")
    try:
        return slot(int(number or 0)).constant(base)
    except (KeyError, ValueError):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

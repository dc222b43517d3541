"""Decorators: functions that are traced whatever the policy says, and functions that never are.

A decorated function becomes a wrapper of its own kind, with its own parameters, which reports to a tracer through a
``Door``. One that the import hook has instrumented is left as it is and made to report there instead, so it is recorded
once.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..entry import Site
from ..errors import GlimpseError, unknown_name
from ..probe import Slot, hooks, slot
from ..probe.codes import UNTRACED, WRAPPERS, def_line, end_function, entry_function, kind_of, parameters
from ..values import Redactor
from .wrappers import NotRecorded, Shape, replace, wrap

if TYPE_CHECKING:
    from ..config import Config

__all__ = ["Door", "decorate", "no_trace"]

Target = TypeVar("Target")
Connect = Callable[[Slot, tuple[str, ...]], None]

_numbers: Final = count(1_000_000)  # of slots; those of the import hook count from 0
_UNCONNECTED: Final = Slot(0)
_OMITTED: Final = NotRecorded()
_RECEIVERS: Final = frozenset({"self", "cls", "mcs", "mcls", "metacls", "klass"})
_CLASS_FIRST: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_RAISED: Final = {"f": "raised", "g": "raised_gen", "c": "raised_coro", "a": "raised_coro"}
_LEFT_OUT: Final = "__glimpse_no_trace__"


class _Options:
    """What can be given to the decorator."""

    __slots__ = ("args", "redact", "result")

    def __init__(self, args: bool = True, result: bool = True, redact: Sequence[str] = ()) -> None:
        for name, given in (("args", args), ("result", result)):
            if type(given) is not bool:
                raise GlimpseError(f"option {name} of trace: bad value {given!r}; accepted: True or False")
        if isinstance(redact, str) or not all(isinstance(name, str) for name in redact):
            raise GlimpseError(f"option redact of trace: bad value {redact!r}; accepted: a list of names")
        self.args, self.result, self.redact = args, result, tuple(redact)


class Door:
    """The way from decorated functions to a tracer.

    :param config: what is recorded of them.
    :param wake: called before the first call is reported, if nobody has attached a tracer by then.
    """

    def __init__(self, config: Config, wake: Callable[[], None] | None = None) -> None:
        self.config = config
        self.wakes = wake is not None
        self.waiting: list[Callable[[], None]] = [wake] if wake is not None else []
        self._connect: Connect | None = None
        self._slots: dict[tuple[str, ...], Slot] = {}
        self._decorated: weakref.WeakKeyDictionary[FunctionType, Callable[[], FunctionType]] = (
            weakref.WeakKeyDictionary()
        )

    def attach(self, config: Config, connect: Connect) -> None:
        """Report to this tracer from now on.

        :param config: of the tracer. Functions that were decorated before are adapted to it.
        :param connect: connects a slot in which values of further names are redacted.
        """
        self.waiting.clear()
        changed = (config.level, tuple(config.redact)) != (self.config.level, tuple(self.config.redact))
        self.config, self._connect = config, connect
        for redact, each in self._slots.items():
            connect(each, redact)
        if changed:
            for wrapper, again in list(self._decorated.items()):
                replace(wrapper, again())

    def detach(self) -> None:
        """Report to nobody. The slots are disconnected by whoever connected them."""
        self._connect = None

    @property
    def slots(self) -> list[Slot]:
        """The slots of the functions that were decorated so far."""
        return list(self._slots.values())

    def slot(self, redact: tuple[str, ...]) -> Slot:
        """The slot in which values of these names are redacted too."""
        found = self._slots.get(redact)
        if found is None:
            found = self._slots[redact] = slot(next(_numbers))
            if self._connect is not None:
                self._connect(found, redact)
        return found

    def remember(self, wrapper: FunctionType, again: Callable[[], FunctionType]) -> None:
        """Know how to make a wrapper again."""
        self._decorated[wrapper] = again


def decorate(target: Any, door: Door, options: dict[str, Any]) -> Any:
    """What ``trace`` and ``trace_function`` do: bare, or with options and no target, then giving a decorator.

    :param target: a function, method or property, or a class, whose own methods are meant. None to be given later.
    :param options: ``args=False`` and ``result=False`` leave these out of the record; ``redact`` names values to hide.
    :raises GlimpseError: the target cannot be traced, or an option is unknown or has a bad value.
    """
    for name in options:
        if name not in _Options.__slots__:
            raise GlimpseError(unknown_name("option of trace", name, ("args", "result", "redact")))
    chosen = _Options(**options)
    if target is None:
        return lambda given: decorate(given, door, options)
    traced = _traced(target, door, chosen, None)
    if traced is None:
        raise GlimpseError(f"cannot trace {target!r}: it is neither a Python function nor a class or property of some")
    return traced


def no_trace(target: Target) -> Target:
    """Decorator: leave this function, or the functions of this class, out of the trace, whatever the policy says."""
    for function in _functions_in(target):
        function.__code__ = _silent(function.__code__)
        setattr(function, _LEFT_OUT, True)
    return target


# -- kinds of targets -------------------------------------------------------------------------------------------------


def _traced(target: Any, door: Door, options: _Options, receiver: bool | None) -> Any:
    """The traced likeness of the target; None if there is nothing in it to trace.

    :param receiver: whether the first parameter is one; None if that is not known.
    """
    kind = type(target)
    if kind is FunctionType:
        return _function(target, door, options, receiver)
    if kind is staticmethod:
        return _rewrapped(target, door, options, receiver=getattr(target.__func__, "__name__", "") in _CLASS_FIRST)
    if kind is classmethod:
        return _rewrapped(target, door, options, receiver=True)
    if kind is MethodType:
        inner = _traced(target.__func__, door, options, True)
        return None if inner is None else MethodType(inner, target.__self__)
    if isinstance(target, property):
        parts = [each and (_traced(each, door, options, True) or each) for each in (target.fget, target.fset, target.fdel)]
        return kind(*parts, target.__doc__)
    if isinstance(target, functools.cached_property):
        target.func = _traced(target.func, door, options, True) or target.func
        return target
    if isinstance(target, type):
        return _class(target, door, options)
    return None


def _rewrapped(target: Any, door: Door, options: _Options, *, receiver: bool) -> Any:
    inner = _traced(target.__func__, door, options, receiver)
    return None if inner is None else type(target)(inner)


def _class(target: type, door: Door, options: _Options) -> type:
    for name, attribute in list(vars(target).items()):
        if isinstance(attribute, type) or _is_generated(attribute):
            continue
        traced = _traced(attribute, door, options, True)
        if traced is not None and traced is not attribute:
            setattr(target, name, traced)
    return target


def _functions_in(target: Any) -> list[FunctionType]:
    kind = type(target)
    if kind is FunctionType:
        return [target]
    if kind in (staticmethod, classmethod, MethodType):
        return _functions_in(target.__func__)
    if isinstance(target, property):
        return [found for each in (target.fget, target.fset, target.fdel) for found in _functions_in(each)]
    if isinstance(target, functools.cached_property):
        return _functions_in(target.func)
    if isinstance(target, type):
        own = f"{target.__qualname__}."
        inside = [each for value in vars(target).values() for each in _functions_in(value)]
        return [each for each in inside if each.__qualname__.startswith(own)]
    return []


def _is_generated(attribute: Any) -> bool:
    """Whether a library made this method, as ``dataclasses`` does."""
    inner = attribute
    while hasattr(inner, "__wrapped__") and type(inner) is FunctionType:
        inner = inner.__wrapped__
    return type(inner) is FunctionType and inner.__code__.co_filename.startswith("<") and "__file__" in inner.__globals__


# -- functions --------------------------------------------------------------------------------------------------------


def _function(target: FunctionType, door: Door, options: _Options, receiver: bool | None) -> FunctionType:
    code = target.__code__
    if getattr(target, _LEFT_OUT, False) or WRAPPERS.get(code) is not None:
        return target
    plain = options.args and options.result
    if any(_is_hook(const) for const in code.co_consts):
        target.__code__ = _reporting_to(code, door.slot(options.redact) if plain else _UNCONNECTED)
        if plain:
            return target
    make = functools.partial(_wrapper, target, door, options, receiver)
    wrapper = make()
    door.remember(wrapper, make)
    return wrapper


def _wrapper(target: FunctionType, door: Door, options: _Options, receiver: bool | None) -> FunctionType:
    code = target.__code__
    hides = _hidden_names((*door.config.redact, *options.redact))
    method = _is_method(target) if receiver is None else receiver
    params = parameters(code, method=method, hides=hides)
    shown = params if options.args else ()
    module = str(target.__module__).replace(":", "_")
    site = Site(module, target.__qualname__, def_line(code, target.__globals__), kind_of(code), shown, "")
    shape = Shape(
        site.kind, params, code.co_posonlyargcount, code.co_argcount, options.args, options.result, door.wakes
    )
    return wrap(target, site, shape, _used(site, door, options))


def _used(site: Site, door: Door, options: _Options) -> dict[str, Any]:
    kind = site.kind
    errors_only = door.config.level == "ERROR"
    connected = door.slot(options.redact)
    function = (_UNCONNECTED if errors_only else connected).function
    used: dict[str, Any] = {
        "enter": function(entry_function(site)),
        "end": function(end_function(site)),
        "raised": connected.function("raised_only" if errors_only else _RAISED[kind]),
        "waiting": door.waiting,
        "omitted": _OMITTED,
    }
    if kind in "ga":
        used |= {name: function(f"{name}_{kind}") for name in ("yielded", "resumed", "thrown")}
    return used


def _is_method(target: FunctionType) -> bool:
    """Whether a function stands in a class and is not a static method, as far as its first parameter tells."""
    scope = target.__qualname__.rpartition(".")[0]
    if not scope or scope.endswith("<locals>") or not target.__code__.co_argcount:
        return False
    return target.__name__ in _CLASS_FIRST or target.__code__.co_varnames[0] in _RECEIVERS


def _is_hook(const: object) -> bool:
    return type(const) is FunctionType and const.__module__ == hooks.__name__


def _reporting_to(code: CodeType, other: Slot) -> CodeType:
    """The same code, calling the probe's functions of another slot."""
    consts = tuple(other.function(const.__name__) if _is_hook(const) else const for const in code.co_consts)
    return code.replace(co_consts=consts) if consts != code.co_consts else code


def _silent(code: CodeType) -> CodeType:
    """The same code, that in the functions in it included, reporting nothing through any door."""
    consts = tuple(_silent(const) if isinstance(const, CodeType) else const for const in code.co_consts)
    quiet = _reporting_to(code.replace(co_consts=consts), _UNCONNECTED)
    UNTRACED.put(quiet, True)
    return quiet


@functools.lru_cache(maxsize=64)
def _hidden_names(names: tuple[str, ...]) -> Callable[[str], bool]:
    return Redactor(names).hides

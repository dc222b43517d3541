"""Decorators: functions that are traced whatever the policy says, and functions that never are.

A decorated function becomes a wrapper of its own kind, with its own parameters, which reports to a tracer through a
``Door``. One that the import hook has instrumented is left as it is and made to report there instead, so it is recorded
once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..entry import Site
from ..errors import GlimpseError
from ..parsers import Redaction
from ..probe import Slot, hooks
from ..probe.codes import UNTRACED, WRAPPERS, def_line, end_function, entry_function, kind_of, parameters
from ..values import Redactor
from .door import Door, Options, Recording, TraceOptions
from .targets import CLASS_FIRST, changed
from .wrappers import NotRecorded, Shape, wrap

if TYPE_CHECKING:
    from ..policy import TracingPolicy

__all__ = ["Door", "Recording", "TraceOptions", "decorate", "no_trace"]

Target = TypeVar("Target")

_UNCONNECTED: Final = Slot(0)
_OMITTED: Final = NotRecorded()
_RECEIVERS: Final = frozenset({"self", "cls", "mcs", "mcls", "metacls", "klass"})
_RAISED: Final = {"f": "raised", "g": "raised_gen", "c": "raised_coro", "a": "raised_coro"}
_LEFT_OUT: Final = "__glimpse_no_trace__"


def decorate(target: Any, door: Door, options: dict[str, Any]) -> Any:
    """What ``trace`` and ``trace_function`` do: bare, or with options and no target, then giving a decorator.

    :param target: a function, method or property, or a class, whose own methods are meant. None to be given later.
    :param options: see ``Options``.
    :raises GlimpseError: the target cannot be traced, or an option is unknown or has a bad value.
    """
    chosen = Options.of(options)
    if target is None:
        return lambda given: decorate(given, door, options)
    traced = changed(target, lambda function, receiver: _traced(function, door, chosen, receiver))
    if traced is None:
        raise GlimpseError(f"cannot trace {target!r}: it is neither a Python function nor a class or property of some")
    return traced


def no_trace(target: Target) -> Target:
    """Decorator: leave this function, or the methods of this class, out of the trace, whatever the policy says."""
    prefix = f"{target.__qualname__}." if isinstance(target, type) else ""

    def leave_out(function: FunctionType, receiver: bool | None) -> FunctionType:
        if function.__qualname__.startswith(prefix):  # else it is another's, that the class also uses
            function.__code__ = _silent(function.__code__)
            setattr(function, _LEFT_OUT, True)
        return function

    changed(target, leave_out)
    if isinstance(target, type):
        for inner in vars(target).values():
            if isinstance(inner, type) and inner.__qualname__.startswith(prefix):
                no_trace(inner)
    return target


# -- traced functions -------------------------------------------------------------------------------------------------


def _traced(target: FunctionType, door: Door, options: Options, receiver: bool | None) -> FunctionType:
    code = target.__code__
    if getattr(target, _LEFT_OUT, False) or WRAPPERS.get(code) is not None:
        return target
    plain = options.args and options.result
    if any(map(hooks.name_of, code.co_consts)):
        target.__code__ = _reporting_to(code, door.slot(options.showing, door.owner(target)) if plain else _UNCONNECTED)
        if plain:
            door.remember(target)
            return target
    make = functools.partial(_wrapper, target, door, options, receiver)
    wrapper = make()
    door.remember(wrapper, make)
    return wrapper


def _wrapper(target: FunctionType, door: Door, options: Options, receiver: bool | None) -> FunctionType:
    code = target.__code__
    owner = door.owner(target)
    hides = _hidden_names((*door.config.redact, *options.showing.redact, *(owner.redact if owner is not None else ())))
    params = parameters(code, method=_is_method(target) if receiver is None else receiver, hides=hides)
    shown = params if options.args else ()
    module, name = str(target.__module__).replace(":", "_"), owner.name if owner is not None else ""
    site = Site(module, target.__qualname__, def_line(code, target.__globals__), kind_of(code), shown, name)
    shape = Shape(
        site.kind, params, code.co_posonlyargcount, code.co_argcount, options.args, options.result, door.wakes
    )
    return wrap(target, site, shape, _used(site, door, options, owner))


def _used(site: Site, door: Door, options: Options, owner: TracingPolicy | None) -> dict[str, Any]:
    """The probe's functions that a wrapper calls; at level ERROR, all but one do nothing."""
    level = door.config.level if owner is None else owner.level_in(door.config.level)
    errors_only = level == "ERROR"
    connected = door.slot(options.showing, owner)
    function: Callable[[str], FunctionType] = (_UNCONNECTED if errors_only else connected).function
    used: dict[str, Any] = {
        "enter": function(entry_function(site)),
        "end": function(end_function(site)),
        "raised": connected.function("raised_only" if errors_only else _RAISED[site.kind]),
        "waiting": door.waiting,
        "omitted": _OMITTED,
    }
    if site.kind in "ga":
        used |= {name: function(f"{name}_{site.kind}") for name in ("yielded", "resumed", "thrown")}
    return used


def _is_method(target: FunctionType) -> bool:
    """Whether a function stands in a class and is not a static method, as far as its first parameter tells."""
    scope = target.__qualname__.rpartition(".")[0]
    if not scope or scope.endswith("<locals>") or not target.__code__.co_argcount:
        return False
    return target.__name__ in CLASS_FIRST or target.__code__.co_varnames[0] in _RECEIVERS


@functools.lru_cache(maxsize=64)
def _hidden_names(names: tuple[Redaction, ...]) -> Callable[[str], bool]:
    return Redactor(names).hides


# -- functions that the import hook has instrumented ------------------------------------------------------------------


def _reporting_to(code: CodeType, other: Slot) -> CodeType:
    """The same code, calling the probe's functions of another slot."""
    names = [hooks.name_of(const) for const in code.co_consts]
    if not any(names):
        return code
    pairs = zip(names, code.co_consts, strict=True)
    return code.replace(co_consts=tuple(other.constant(name) if name else const for name, const in pairs))


def _silent(code: CodeType) -> CodeType:
    """The same code, that in the functions in it included, reporting nothing through any door."""
    consts = tuple(_silent(const) if isinstance(const, CodeType) else const for const in code.co_consts)
    quiet = _reporting_to(code.replace(co_consts=consts), _UNCONNECTED)
    UNTRACED.put(quiet, True)
    return quiet

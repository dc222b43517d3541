"""What can be decorated: functions, and whatever holds functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Final

__all__ = ["CLASS_FIRST", "changed"]

CLASS_FIRST: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
"""Methods whose first parameter is the class, though no decorator says so."""

Change = Callable[[FunctionType, "bool | None"], FunctionType]
"""Takes a function, and whether its first parameter is a receiver (None: not known); gives what replaces it."""


def changed(target: Any, change: Change, receiver: bool | None = None) -> Any:
    """The target with each function in it changed: of the same kind, a class the same class.

    :return: None if there is no function in it.
    """
    if type(target) is FunctionType:
        return change(target, receiver)
    for kind, handle in _KINDS.items():
        if isinstance(target, kind):
            return handle(target, change)
    return None


def _static(target: staticmethod[Any, Any], change: Change) -> Any:
    function = target.__func__
    inner = changed(function, change, getattr(function, "__name__", "") in CLASS_FIRST)
    return None if inner is None else type(target)(inner)


def _class_method(target: classmethod[Any, Any, Any], change: Change) -> Any:
    inner = changed(target.__func__, change, True)
    return None if inner is None else type(target)(inner)


def _bound(target: MethodType, change: Change) -> Any:
    inner = changed(target.__func__, change, True)
    return None if inner is None else MethodType(inner, target.__self__)


def _property(target: property, change: Change) -> Any:
    parts: list[Any] = [target.fget, target.fset, target.fdel]
    getter, setter, deleter = made = [part and (changed(part, change, True) or part) for part in parts]
    return type(target)(getter, setter, deleter, target.__doc__) if made != parts else None


def _cached(target: functools.cached_property[Any], change: Change) -> Any:
    inner = changed(target.func, change, True)
    if inner is None:
        return None
    target.func = inner
    return target


def _class(target: type, change: Change) -> Any:
    """A class: its own methods, but for those that it has from elsewhere or that a library generated."""
    for name, attribute in list(vars(target).items()):
        if isinstance(attribute, type) or _is_generated(attribute):
            continue
        made = changed(attribute, change, True)
        if made is not None and made is not attribute:
            setattr(target, name, made)
    return target


def _is_generated(attribute: Any) -> bool:
    """Whether a library made this method from a text, as ``dataclasses`` does."""
    inner: Any = attribute
    while type(inner) is FunctionType and "__wrapped__" in vars(inner):
        inner = vars(inner)["__wrapped__"]
    if type(inner) is not FunctionType:
        return False
    return inner.__code__.co_filename.startswith("<") and "__file__" in inner.__globals__


_KINDS: Final[dict[type, Callable[[Any, Change], Any]]] = {
    staticmethod: _static,
    classmethod: _class_method,
    MethodType: _bound,
    property: _property,
    functools.cached_property: _cached,
    type: _class,
}

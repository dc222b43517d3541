"""Questions about classes and functions of the program, that are answered without running any code of them."""

from __future__ import annotations

from _weakref import CallableProxyType, ProxyType
from types import FunctionType, ModuleType

from .. import classes
from .attributes import C_METHODS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = [
    "MISSING",
    "asks_class",
    "find",
    "is_c_method",
    "is_named_plainly",
    "is_plain_class",
    "reads_plainly",
    "wrapped",
]

MISSING: Final = object()


def find(cls: Any, name: str) -> Any:
    """What the class or a base of it has under the name, or ``MISSING``."""
    for base in classes.mro(cls):
        if name in classes.namespace(base):
            return classes.namespace(base)[name]
    return MISSING


def is_c_method(attribute: Any) -> bool:
    """Whether it is a method that is not written in Python."""
    return id(type(attribute)) in C_METHODS


def asks_class(cls: Any, base: type) -> bool:
    """Whether methods of the built-in base would run code of the class to go through what it holds."""
    if id(base) in _GO_THROUGH_THEMSELVES:
        return False
    return any(not is_c_method(find(cls, name)) for name in ("__iter__", "items") if find(cls, name) is not MISSING)


_GO_THROUGH_THEMSELVES = frozenset(map(id, (list, tuple, dict, BaseException)))


def reads_plainly(cls: type) -> bool:
    """Whether the class leaves to the interpreter how attributes are read."""
    return (
        is_c_method(find(cls, "__getattribute__")) and id(classes.owner(cls, "__getattribute__")) not in _READ_OTHERWISE
    )


_READ_OTHERWISE = frozenset(map(id, (super, type, ModuleType, ProxyType, CallableProxyType)))


def wrapped(function: FunctionType) -> FunctionType:
    """The function of the program inside of wrappers: those against a ``__repr__`` that calls itself, and our own."""
    while True:
        inner: Any = None
        if function.__code__.co_filename == _OUR_WRAPPERS:
            inner = function.__dict__.get("__wrapped__")
        elif function.__globals__.get("__name__") in ("reprlib", "dataclasses"):
            names = function.__code__.co_freevars
            cells = function.__closure__ or ()
            inner = cells[names.index("user_function")].cell_contents if "user_function" in names else None
        if type(inner) is not FunctionType:
            return function
        function = inner


_OUR_WRAPPERS = "<glimpse>"
"""Where the code of the wrappers that ``glimpse.trace`` makes says that it is from."""


def is_named_plainly(cls: type) -> bool:
    """Whether asking a class for its name runs no code of a metaclass."""
    return _is_own_of_classes(type(cls), "__getattribute__", "__name__", "__qualname__")


def is_plain_class(cls: type) -> bool:
    """The same for the text of the class."""
    return is_named_plainly(cls) and _is_own_of_classes(type(cls), "__repr__", "__str__", "__format__")


def _is_own_of_classes(meta: type, *names: str) -> bool:
    return meta is type or all(id(classes.owner(meta, name)) in _OWN_OF_CLASSES for name in names)


_OWN_OF_CLASSES = frozenset(map(id, (type, object)))

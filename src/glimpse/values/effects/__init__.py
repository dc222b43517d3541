"""Whether calling a method of the traced program for a text can be noticed: seen in its code, before it is called.

A method is looked through once for each class, with all that it calls; it is refused if it sets or calls anything
that is not known to be harmless. What depends on values is asked of each instance before each call.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType

from .. import classes
from .instances import Look
from .nature import MISSING, find, is_c_method
from .places import Use
from .tables import PLAIN_IDS
from .ways import summary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["PLAIN_IDS", "harmless", "refusal"]

_attribute = object.__getattribute__


def _allows(use: Use, value: Any) -> bool:
    return Look().allows(use, value)


def refusal(cls: type, method: str) -> str:
    """Why the method is never called: what it does that can be noticed. Empty if nothing speaks against it."""
    found = find(cls, method)
    if found is None:
        return ""  # calling it is a TypeError
    if find(cls, "__next__") is not MISSING or find(cls, "__anext__") is not MISSING:
        return "belongs to an iterator"
    if type(found) is FunctionType:
        return summary_of(cls, method, _allows).refusal
    return "" if is_c_method(found) or _is_compiled(type(found)) else "calls an object"


def _is_compiled(kind: type) -> bool:
    """Whether it is a class of functions that are not written in Python."""
    return kind is BuiltinFunctionType or "cython_function" in classes.class_name(kind)


def harmless(cls: type, method: str) -> Callable[[Any], bool] | None:
    """A function that says of an instance whether the method can be called; None if it never can."""
    if refusal(cls, method):
        return None
    asked = summary_of(cls, method, _allows).asked if type(find(cls, method)) is FunctionType else None
    if asked is None:
        return lambda _value: True

    def look(value: Any) -> bool:
        return Look().fits(asked, value, type(value))

    if asked.others or asked.ops or asked.unshadowed:
        return look
    names = [name for name, _ in asked.direct]
    read, plain = _attribute, PLAIN_IDS

    def ask(value: Any) -> bool:
        """Most instances have nothing but plain values where the method looks: that is tried first."""
        try:
            for name in names:
                if id(type(read(value, name))) not in plain:
                    return look(value)
        except AttributeError:
            return look(value)
        return True

    return ask

"""Whether calling a method of the traced program for a text can be noticed: seen in its code, before it is called.

A method is looked through once for each class, with all that it calls; it is refused if it sets or calls anything
that is not known to be harmless. What depends on values is asked of each instance before each call.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType

from .. import classes
from .asked import at_once, told_by
from .instances import Look, needed
from .nature import MISSING, find, is_c_method
from .places import Use
from .tables import PLAIN_IDS
from .ways import summary_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["PLAIN_IDS", "Harmless", "harmless", "refusal"]


_ROOM_OF_A_VALUE: Final = 32
_ALWAYS: Final = 4
"""Values that are looked at however little room there is."""


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


class Harmless(NamedTuple):
    """A method that changes nothing that can be noticed, for instances of which that is true.

    :ivar allows: says so of an instance, given the room that there is for its text: what holds more values than can be
        shown in it is not looked through.
    :ivar at_once: says it of most of them, those with nothing but plain values where the method looks. None if that
        does not tell.
    :ivar is_silent: for those it runs no code that reports calls to a tracer.
    :ivar told_by: the attributes that alone tell the result of those; None if more may have a part in it.
    """

    allows: Callable[[Any, int], bool]
    at_once: Callable[[Any], bool] | None = None
    is_silent: bool = False
    told_by: tuple[str, ...] | None = None


def harmless(cls: type, method: str) -> Harmless | None:
    """Which instances the method can be called on; None if it never can."""
    if refusal(cls, method):
        return None
    function = find(cls, method)
    if type(function) is not FunctionType:
        return Harmless(lambda _value, _room: True)
    summary = summary_of(cls, method, _allows)
    asked = summary.asked and needed(summary.asked, cls)
    if asked is None:
        names = told_by(function, None)
        return Harmless(lambda _value, _room: True, lambda _value: True, not summary.reports, names)

    def look(value: Any, room: int) -> bool:
        return Look(room // _ROOM_OF_A_VALUE + _ALWAYS).fits(asked, value, type(value))

    return Harmless(look, at_once(asked), not summary.reports, told_by(function, asked))

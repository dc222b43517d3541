"""What has to be asked of each instance before a method is called, and the answer that most instances give at once."""

from __future__ import annotations

import keyword
from functools import lru_cache
from types import CodeType

from .places import Use
from .tables import PLAIN_IDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any, Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["Asked", "at_once", "told_by"]


class Asked(NamedTuple):
    """What has to be asked of each instance before a method is called.

    :ivar direct: attributes that can simply be read.
    :ivar others: all other attributes.
    :ivar unshadowed: names that the instance itself may not have.
    :ivar has_getattr: whether the class has code for attributes that are missing.
    """

    direct: tuple[tuple[str, Use], ...]
    others: tuple[tuple[str, Use], ...]
    ops: tuple[str, ...]
    unshadowed: frozenset[str]
    has_getattr: bool


def at_once(asked: Asked) -> Callable[[Any], bool] | None:
    """A function that says yes of an instance that has nothing but plain values where the method looks.

    None if that does not tell, or cannot be asked so simply.
    """
    names = tuple(name for name, _ in asked.direct)
    if asked.others or asked.ops or asked.has_getattr or not all(map(_can_be_written, names)):
        return None
    return _has_plain_values(names, asked.unshadowed)


_OF_TEXTS: Final = frozenset({
    "__class__", "__name__", "__qualname__", "format", "hex", "id", "join", "len", "repr", "str", "type",
})  # fmt: skip


def told_by(function: FunctionType, asked: Asked | None) -> tuple[str, ...] | None:
    """The attributes that tell a method's result as long as they hold plain values; None if more may have a part in it.

    The result is then the same whenever they hold the same.
    """
    if asked is not None and (asked.others or asked.ops or asked.has_getattr or asked.unshadowed):
        return None
    names = tuple(name for name, _ in asked.direct) if asked is not None else ()
    code = function.__code__
    if code.co_freevars or any(type(constant) is CodeType for constant in code.co_consts):
        return None
    others = set(code.co_names).difference(names)
    if not others <= _OF_TEXTS or not others.isdisjoint(function.__globals__):
        return None
    return names if all(map(_can_be_written, names)) else None


def _can_be_written(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


@lru_cache(maxsize=1024)
def _has_plain_values(names: tuple[str, ...], unshadowed: frozenset[str]) -> Callable[[Any], bool]:
    each = [f"((k := type(value.{name})) is str or k is int or id(k) in plain)" for name in names]
    shadows = ["unshadowed.isdisjoint(value.__dict__)"] if unshadowed else []
    source = f"""
def has_plain_values(value):
    try:
        return {" and ".join([*shadows, *each]) or True}
    except AttributeError:
        return False
"""
    space: dict[str, Any] = {"plain": PLAIN_IDS, "unshadowed": unshadowed, "__name__": __name__}
    exec(source, space)
    made: Callable[[Any], bool] = space["has_plain_values"]
    return made

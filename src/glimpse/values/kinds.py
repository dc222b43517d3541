"""Which renderer a class gets: decided once, when its first instance is seen, and without running its code."""

from __future__ import annotations

from types import FunctionType

from . import classes, foreign, inherited, leaves, objects
from .fields import plan_renderer
from .plans import plan_of
from .walk import Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["choose"]


def choose(walk: Walk, cls: type) -> Render:
    """The renderer for the instances of a class: the first of these rules that fits."""
    name = classes.dotted_name(cls)
    if name in leaves.LEAVES:
        return leaves.LEAVES[name]
    if name in leaves.BUILDERS:
        return leaves.BUILDERS[name](walk, cls)
    shown = classes.lookup(cls, "__repr__")
    for rule in _RULES:
        render = rule(walk, cls, shown)
        if render is not None:
            return render
    return objects.user_repr(walk, cls)


def _class(_walk: Walk, cls: type, _shown: Any) -> Render | None:
    return leaves.class_text if classes.inherits(cls, type) else None


def _proxy(_walk: Walk, cls: type, _shown: Any) -> Render | None:
    """What lies about its class stands for something else, which touching it would touch."""
    lies = any("__class__" in classes.namespace(base) for base in classes.mro(cls) if base is not object)
    return leaves.by_type if lies else None


def _secret(walk: Walk, cls: type, _shown: Any) -> Render | None:
    return objects.secret_object(walk, cls) if objects.is_secret_class(cls) else None


def _enum(walk: Walk, cls: type, shown: Any) -> Render | None:
    if type(shown) is not FunctionType or (shown.__module__, shown.__qualname__) != ("enum", "Enum.__repr__"):
        return None
    return objects.enum_member(walk, cls) if classes.has_plain_dict(cls) else None


def _foreign(walk: Walk, cls: type, _shown: Any) -> Render | None:
    return foreign.recognise(walk, cls)


def _fields(walk: Walk, cls: type, shown: Any) -> Render | None:
    """Fields are walked if the class's text would show them all, or if one of them must not be seen in it."""
    plan = plan_of(cls)
    if plan is None:
        return None
    if plan.generated or (type(shown) is FunctionType and any(map(walk.redactor.hides, plan.fields))):
        return plan_renderer(walk, cls, plan)
    return None


def _inherited(walk: Walk, cls: type, shown: Any) -> Render | None:
    return inherited.renderer(walk, cls, shown)


_RULES = (_class, _proxy, _secret, _enum, _foreign, _fields, _inherited)

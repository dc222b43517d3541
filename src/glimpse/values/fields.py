"""Renderers that walk the fields of an object one by one: a hidden field, and what lies in it, is never looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import classes
from .compiled import compile_renderer
from .limits import more
from .plans import Plan
from .walk import Label, Path, Render, Walk

__all__ = ["attributes_renderer", "plan_renderer"]

_SEEN_BEFORE_COMPILING = 24
_MISSING = object()
_attribute = object.__getattribute__


def plan_renderer(walk: Walk, cls: type, plan: Plan) -> Render:
    """A renderer of a plan's fields. A class that is seen often gets code of its own."""
    labels = {name: walk.field_label(name) for name in plan.fields}
    read = _reader(cls, plan)
    whole = _named_pairs(walk, plan.name, lambda value: _present(plan.fields, read(value)), labels.get)
    compiled = compile_renderer(walk, plan, labels, whole) if _reads_plainly(cls, plan) else None
    if compiled is None:
        return whole
    seen = 0

    def render(value: Any, room: int, path: Path) -> str:
        nonlocal seen
        seen += 1
        if seen == _SEEN_BEFORE_COMPILING:
            walk.renderers[id(type(value))] = compiled(value)
        return whole(value, room, path)

    return render


def attributes_renderer(walk: Walk, name: str, attributes_of: Callable[[Any], Iterable[tuple[str, Any]]]) -> Render:
    """A renderer of whatever attributes an instance has, as ``name(attribute=…)``."""
    return _named_pairs(walk, name, lambda value: list(attributes_of(value)), walk.field_label)


def _named_pairs(
    walk: Walk,
    name: str,
    pairs_of: Callable[[Any], list[tuple[str, Any]]],
    labels: Callable[[str], Label | None],
) -> Render:
    max_depth, max_items = walk.limits.max_depth, walk.limits.max_items
    around = len(name) + 2

    def render(value: Any, room: int, path: Path) -> str:
        here = id(value)
        if here in path:
            return "..."
        pairs = pairs_of(value)
        size = len(pairs)
        if size and (room <= around or len(path) >= max_depth):
            return f"{name}({more(size)})"
        return f"{name}({walk.pairs(pairs[:max_items], size, room - around, (*path, here), labels)})"

    return render


def _present(names: Iterable[str], values: Iterable[Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in zip(names, values, strict=False) if value is not _MISSING]


def _reader(cls: type, plan: Plan) -> Callable[[Any], Iterable[Any]]:
    """How the fields' values are read without running a property, a descriptor or ``__getattr__``."""
    if plan.indexed:
        return tuple.__iter__
    own = {name for name in plan.fields if classes.may_run_code(classes.lookup(cls, name))}
    if own and not classes.has_plain_dict(cls):
        return lambda value: (_MISSING if name in own else _own(value, name) for name in plan.fields)

    def read(value: Any) -> Iterator[Any]:
        for name in plan.fields:
            yield classes.instance_dict(value).get(name, _MISSING) if name in own else _own(value, name)

    return read


def _own(value: Any, name: str) -> Any:
    try:
        return _attribute(value, name)
    except AttributeError:
        return _MISSING


def _reads_plainly(cls: type, plan: Plan) -> bool:
    """Whether ``value.name``, or unpacking a tuple, runs no code of the class."""
    if plan.indexed:
        return classes.lookup(cls, "__iter__") is tuple.__dict__["__iter__"]
    return (
        classes.lookup(cls, "__getattribute__") is object.__dict__["__getattribute__"]
        and classes.lookup(cls, "__getattr__") is None
        and not any(classes.may_run_code(classes.lookup(cls, name)) for name in plan.fields)
    )

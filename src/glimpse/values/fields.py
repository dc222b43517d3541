"""Renderers that walk the fields of an object one by one: a hidden field, and what lies in it, is never looked at."""

from __future__ import annotations

from _bisect import bisect_right
from itertools import accumulate

from . import classes
from .compiled import Form, Kinds, compile_renderer, form_of_class
from .limits import more
from .plans import Plan
from .records import list_up
from .shapes import Shapes
from .walk import Label, Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

__all__ = ["attributes_renderer", "held_renderer", "plan_renderer"]

First: TypeAlias = "Callable[[Any, int], tuple[list[tuple[str, Any]], int]]"
_LEAST_ROOM_OF_FIELD = 4
_MOST_NAMES_OF_SHAPE = 40
_BETWEEN_NAMES = "\0"
_MISSING = object()
_attribute = object.__getattribute__


def plan_renderer(walk: Walk, cls: type, plan: Plan) -> Render:
    """A renderer of a plan's fields. A class that is seen often gets code of its own."""
    labels = {name: walk.field_label(name) for name in plan.fields}
    whole = _named_pairs(walk, plan.name, _present(cls, plan), labels.get)
    form = form_of_class(plan, labels) if _reads_plainly(cls, plan) else None
    if form is None:
        return whole
    listed = form

    def use(value: Any, render: Render, kinds: Kinds) -> None:
        walk.renderers[id(type(value))] = render
        list_up(walk, type(value), listed, kinds)

    return compile_renderer(walk, form, whole, use) or whole


def attributes_renderer(walk: Walk, name: str, attributes_of: Callable[[Any], Iterable[tuple[str, Any]]]) -> Render:
    """A renderer of whatever attributes an instance has, as ``name(attribute=…)``."""

    def first(value: Any, room: int) -> tuple[list[tuple[str, Any]], int]:
        attributes = list(attributes_of(value))
        return attributes[: room // _LEAST_ROOM_OF_FIELD + 2], len(attributes)

    return _named_pairs(walk, name, first, walk.field_label)


def held_renderer(walk: Walk, cls: type, name: str, shown: Callable[[Iterable[str]], Sequence[str]]) -> Render:
    """A renderer of what instances have in their ordinary ``__dict__``.

    :param shown: which of the names there are shown, in their order.
    """

    def attributes_of(value: Any) -> list[tuple[str, Any]]:
        held = classes.instance_dict(value)
        return [(each, held[each]) for each in shown(tuple(held))]

    general = attributes_renderer(walk, name, attributes_of)
    if classes.lookup(cls, "__getattribute__") is not object.__dict__["__getattribute__"]:
        return general

    def form_of(key: str) -> Form:
        names = key.split(_BETWEEN_NAMES) if key else []
        fields = tuple(shown(names))
        variables = {each: f"v{place}" for place, each in enumerate(fields)}
        reading = "".join(f"{variables.get(each, '_')}, " for each in names) + "= value.__dict__.values()"

        def values_of(value: Any) -> list[Any]:
            held = classes.instance_dict(value)
            return [held.get(each) for each in fields]

        return Form(f"{name}(", ")", fields, {each: walk.field_label(each) for each in fields}, reading, values_of)

    def key_of(value: Any) -> str:
        return _BETWEEN_NAMES.join(classes.instance_dict(value))

    shapes = Shapes(walk, general, key_of, form_of)
    shaped_as, of_new_shape = shapes.renderers.get, shapes.count

    def render(value: Any, room: int, path: Path) -> str:
        held = _attribute(value, "__dict__")
        if len(held) > _MOST_NAMES_OF_SHAPE:
            return general(value, room, path)
        try:
            key = _BETWEEN_NAMES.join(held)
        except TypeError:  # not all are texts
            return general(value, room, path)
        return (shaped_as(key) or of_new_shape(key))(value, room, path)

    return render


def _named_pairs(
    walk: Walk,
    name: str,
    first: First,
    labels: Callable[[str], Label | None],
) -> Render:
    """A renderer of named values, of which ``first`` gives what there may be room for, and how many there are."""
    max_depth, max_items = walk.limits.max_depth, walk.limits.max_items
    around = len(name) + 2

    def render(value: Any, room: int, path: Path) -> str:
        here = id(value)
        if here in path:
            return "..."
        pairs, size = first(value, max(room - around, 0))
        if size and (room <= around or len(path) >= max_depth):
            return f"{name}({more(size)})"
        return f"{name}({walk.pairs(pairs[:max_items], size, room - around, (*path, here), labels)})"

    return render


def _present(cls: type, plan: Plan) -> First:
    """Reads the first fields that are set. How many there are is told by those that were read."""
    read = _reader(cls, plan)
    fields = plan.fields
    size = len(fields)
    ends = [*accumulate(len(name) + _LEAST_ROOM_OF_FIELD for name in fields)]

    def first(value: Any, room: int) -> tuple[list[tuple[str, Any]], int]:
        names = fields[: bisect_right(ends, room) + 2]
        pairs = [(name, held) for name, held in zip(names, read(value, names), strict=False) if held is not _MISSING]
        return pairs, size - len(names) + len(pairs)

    return first


def _reader(cls: type, plan: Plan) -> Callable[[Any, Iterable[str]], Iterable[Any]]:
    """How the fields' values are read without running a property, a descriptor or ``__getattr__``."""
    if plan.indexed:
        return lambda value, _names: tuple.__iter__(value)
    own = {name for name in plan.fields if classes.may_run_code(classes.lookup(cls, name))}
    in_dict = classes.has_plain_dict(cls)

    def read(value: Any, names: Iterable[str]) -> Iterator[Any]:
        for name in names:
            if name not in own:
                yield _own(value, name)
            else:
                yield classes.instance_dict(value).get(name, _MISSING) if in_dict else _MISSING

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

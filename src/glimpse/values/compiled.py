"""Code made for one class: reading and showing its fields in a row costs half of what a loop over them does.

Each field is tried first as the kind of value that it had in a sample; whatever is not a short plain text or number
goes the general way. Anything out of the ordinary (a missing attribute, no room, a cycle) is left to the loop.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

from . import classes
from .limits import REDACTED
from .plans import Plan
from .redaction import Redactor
from .strings import LEAST, MOST
from .walk import Label, Path, Render, Walk, joined

__all__ = ["compile_renderer"]

_SHORT = 60
_MOST_FIELDS = 40
_LEAST_ROOM = 60
_FIRST_TRY = {
    "str": f"type({{v}}) is str and len({{v}}) < {_SHORT} and not ('=' in {{v}} or ':' in {{v}} or 'earer ' in {{v}})",
    "int": "type({v}) is int and LEAST < {v} < MOST",
    "NoneType": "{v} is None",
    "bool": "type({v}) is bool",
    "float": "type({v}) is float",
    "decimal.Decimal": "type({v}) is {kind} and {v}.__sizeof__() < 200",
    "datetime.date": "type({v}) is {kind}",
    "datetime.timedelta": "type({v}) is {kind}",
}
"""For some kinds of value, by the name of the class: the condition on which ``repr`` is short, and safe to call."""


def compile_renderer(
    walk: Walk, plan: Plan, labels: Mapping[str, Label], general: Render
) -> Callable[[object], Render] | None:
    """A function that makes the renderer, given a sample of the instances; None if the class is not fit for it.

    :param general: the renderer for everything out of the ordinary.
    """
    names = [*plan.fields]
    if not 0 < len(names) <= min(_MOST_FIELDS, walk.limits.max_items) or not all(map(_is_plain, names)):
        return None
    if all(labels[name][1] for name in names):
        return None
    start = f"{plan.name}("

    def fitted(texts: list[str], room: int, path: Path) -> str:
        return f"{start}{_fitted(texts, room - len(start) - 1, path)})"

    def make(sample: Any) -> Render:
        values = sample if plan.indexed else [getattr(sample, name, None) for name in names]
        kinds = [type(value) for value in values]
        tries = [_first_try(kind, walk.redactor) for kind in kinds]
        space: dict[str, Any] = {f"k{index}": kind for index, kind in enumerate(kinds) if tries[index]}
        space |= {
            "__name__": __name__,
            "LEAST": LEAST,
            "MOST": MOST,
            "fitted": fitted,
            "general": general,
            "get": walk.renderers.get,
            "learn": walk.learn,
            "max_depth": walk.limits.max_depth,
            "text": walk.text,
        }
        exec(_code(_source(plan, labels, tries)), space)
        made: Render = space["render"]
        return made

    return make


def _first_try(kind: type, redactor: Redactor) -> str:
    if kind is str and redactor.inspects_every_text:
        return ""
    return _FIRST_TRY.get(classes.dotted_name(kind), "")


def _source(plan: Plan, labels: Mapping[str, Label], tries: list[str]) -> str:
    shown = [(index, name) for index, name in enumerate(plan.fields) if not labels[name][1]]
    reads = [f"v{index} = value.{name}" for index, name in shown]
    if plan.indexed:
        reads = [f"{', '.join(f'v{index}' for index in range(len(plan.fields)))}, = value"]
    fields = [(labels[name], f"{{t{index}}}") for index, name in enumerate(plan.fields)]
    parts = [label + (REDACTED if hidden else text) for (label, hidden), text in fields]
    static = len(plan.name) + 2 * len(parts) + sum(len(labels[name][0]) for name in plan.fields)
    lines = [
        "here = id(value)",
        f"if room < {static + _LEAST_ROOM} or len(path) >= max_depth or here in path:",
        "    return general(value, room, path)",
        "try:",
        *(f"    {read}" for read in reads),
        "except AttributeError:",
        "    return general(value, room, path)",
    ]
    if all(tries[index] for index, _ in shown):
        room, inside = f"room - {static}", "(*path, here)"  # needed by exceptional values only
    else:
        room, inside = "left", "inside"
        lines += [f"left = room - {static}", "inside = (*path, here)"]
    for index, _ in shown:
        lines += _showing(index, tries[index], f"{room}, {inside}")
    whole = f"{plan.name}(".replace("{", "{{").replace("}", "}}") + ", ".join(parts) + ")"
    texts = ", ".join(f"f{part!r}" for part in parts)
    lines += [
        f"whole = f{whole!r}",
        f"return whole if len(whole) <= room else fitted([{texts}], room, (*path, here))",
    ]
    return "def render(value, room, path):\n" + "".join(f"    {line}\n" for line in lines)


def _showing(index: int, first_try: str, bounds: str) -> list[str]:
    if first_try:
        condition = first_try.format(v=f"v{index}", kind=f"k{index}")
        return [f"t{index} = repr(v{index}) if {condition} else text(v{index}, {bounds})"]
    return [
        f"kind = type(v{index})",
        f"t{index} = (get(id(kind)) or learn(kind))(v{index}, {bounds})",
        f"left -= len(t{index})",
    ]


def _fitted(texts: list[str], room: int, path: Path) -> str:
    """As many of the texts as there is room for; the last is cut where the room ends."""
    left = room
    for count, text in enumerate(texts, 1):
        left -= len(text) + 2
        if left <= 0:
            return joined(texts[:count], len(texts), room, path)
    return joined(texts, len(texts), room, path)


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


@lru_cache(maxsize=256)
def _code(source: str) -> CodeType:
    return compile(source, "<glimpse.values.compiled>", "exec", dont_inherit=True)

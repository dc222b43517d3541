"""Classes that show themselves as a class of the standard library does: exactly it, or a subclass with its ``repr``."""

from __future__ import annotations

from collections import ChainMap, UserDict, UserList
from types import SimpleNamespace

from . import classes, containers, objects, unasked
from .fields import held_renderer
from .limits import more
from .strings import MARGIN, beginning, bytes_text, int_text
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["renderer"]


def renderer(walk: Walk, cls: type, shown: Any) -> Render | None:
    """The renderer that belongs to the ``__repr__`` that the class has; None if it is none of those known here."""
    base, build = _BUILDERS.get(id(shown), (None, None))
    if base is None or build is None or not classes.inherits(cls, base):
        return None
    return build(walk, cls)


def _string(walk: Walk, cls: type) -> Render:
    if cls is str:
        return lambda value, room, _path: walk.string(value, room)

    def render(value: Any, room: int, _path: Path) -> str:
        head = str.__getitem__(value, slice(max(room, 0) + MARGIN))
        return beginning(walk.redactor, head, str.__len__(value), room)

    return render


def _bytes(walk: Walk, cls: type) -> Render:
    is_exact = cls is bytes

    def render(value: Any, room: int, _path: Path) -> str:
        if is_exact and len(value) <= room:
            return bytes_text(walk.redactor, value, len(value), room)
        head = bytes.__getitem__(value, slice(max(room, 0) + MARGIN))
        return bytes_text(walk.redactor, head, bytes.__len__(value), room)

    return render


def _bytearray(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)

    def render(value: Any, room: int, _path: Path) -> str:
        head = bytes(bytearray.__getitem__(value, slice(max(room, 0) + MARGIN)))
        return f"{name}({bytes_text(walk.redactor, head, bytearray.__len__(value), room - len(name) - 2)})"

    return render


def _int(_walk: Walk, _cls: type) -> Render:
    return lambda value, room, path: int_text(int.__int__(value), room, path)


def _by(show: Callable[[Any], str]) -> Callable[[Walk, type], Render]:
    return lambda _walk, _cls: lambda value, _room, _path: show(value)


def _namespace(walk: Walk, cls: type) -> Render:
    name = "namespace" if cls is SimpleNamespace else classes.class_name(cls)
    return held_renderer(walk, cls, name, tuple)


def _held(attribute: str) -> Callable[[Walk, type], Render]:
    """For wrappers that show what they hold."""

    def build(walk: Walk, _cls: type) -> Render:
        def render(value: Any, room: int, path: Path) -> str:
            here = id(value)
            if here in path:
                return "..."
            if len(path) >= walk.limits.max_depth:
                return more(1)
            return walk.text(classes.instance_dict(value).get(attribute), room, (*path, here))

        return render

    return build


def _chain_map(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)

    def render(value: Any, room: int, path: Path) -> str:
        inside = walk.text(classes.instance_dict(value).get("maps"), room - len(name), path)
        return f"{name}({inside[1:-1]})"

    return render


_BUILDERS: dict[int, tuple[type, Callable[[Walk, type], Render]]] = {
    id(base.__dict__["__repr__"]): (base, build)
    for base, build in (
        *containers.BUILDERS.items(),
        (object, unasked.default_repr),
        (BaseException, objects.exception),
        (str, _string),
        (bytes, _bytes),
        (bytearray, _bytearray),
        (int, _int),
        (float, _by(float.__repr__)),
        (complex, _by(complex.__repr__)),
        (SimpleNamespace, _namespace),
        (UserDict, _held("data")),
        (UserList, _held("data")),
        (ChainMap, _chain_map),
    )
}

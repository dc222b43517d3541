"""Renderers of values without anything inside: their ``repr`` is short and safe, or they are shown by their type."""

from __future__ import annotations

import gc
import types
from itertools import islice

from . import classes
from .hostile import blindly
from .limits import shorten
from .strings import int_text
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["BUILDERS", "LEAVES", "by_type", "class_text"]

_LARGE_DECIMAL_BYTES = 200
_MOST_ARGUMENTS = 50


def by_type(value: Any, _room: int = 0, _path: Path = ()) -> str:
    """``<pkg.Pricer object at 0x7f…>``, the ``repr`` of ``object``; runs no code of the class."""
    return object.__repr__(value)


def _plain(value: Any, _room: int, _path: Path) -> str:
    return repr(value)


def _written_in_python(value: Any, _room: int, _path: Path) -> str:
    text: str = blindly(repr, value)
    return text


def _decimal(value: Any, room: int, _path: Path) -> str:
    if value.__sizeof__() < _LARGE_DECIMAL_BYTES:
        return repr(value)
    digits = len(value.as_tuple().digits)
    return repr(value) if digits < room else f"<Decimal of {digits:,} digits>"


def _time(value: Any, _room: int, _path: Path) -> str:
    zone = value.tzinfo
    if zone is None or classes.dotted_name(type(zone)) in ("datetime.timezone", "zoneinfo.ZoneInfo"):
        return repr(value)
    plain = repr(value.replace(tzinfo=None))
    return f"{plain[:-1]}, tzinfo=<{classes.class_name(type(zone))}>)"


def class_text(value: Any, _room: int, _path: Path) -> str:
    """``<class 'pkg.Pricer'>``; a ``__repr__`` of its metaclass is not called."""
    return type.__repr__(value)


def _module(value: Any, _room: int, _path: Path) -> str:
    name = classes.instance_dict(value).get("__name__")
    return f"<module {name!r}>" if type(name) is str else by_type(value)


def _method(value: Any, _room: int, _path: Path) -> str:
    function = value.__func__
    name = function.__qualname__ if type(function) is types.FunctionType else classes.class_name(type(function))
    owner = value.__self__
    bound_to = owner if classes.inherits(type(owner), type) else type(owner)
    return f"<bound method {name} of <{classes.class_name(bound_to)}>>"


def _match(value: Any, room: int, _path: Path) -> str:
    start, end = value.span()
    if end - start < room:
        return repr(value)
    return f"<re.Match object; span=({start}, {end})>"


def _range(value: Any, _room: int, _path: Path) -> str:
    try:
        return repr(value)
    except ValueError:  # a bound of more digits than the interpreter turns into text
        return by_type(value)


def _path(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)
    return lambda value, room, _path: f"{name}({walk.string(blindly(str, value), room - len(name) - 2)})"


def _slice(walk: Walk, _cls: type) -> Render:
    def render(value: Any, room: int, path: Path) -> str:
        return f"slice({walk.items((value.start, value.stop, value.step), 3, room - 7, (*path, id(value)))})"

    return render


def _mapping_proxy(walk: Walk, _cls: type) -> Render:
    def render(value: Any, room: int, path: Path) -> str:
        (inside,) = gc.get_referents(value)
        return f"mappingproxy({walk.text(inside, room - 14, (*path, id(value)))})"

    return render


def _partial(walk: Walk, _cls: type) -> Render:
    def render(value: Any, room: int, path: Path) -> str:
        here = (*path, id(value))
        function, args, keywords = value.func, value.args, value.keywords
        parts = [walk.text(function, room, here)]
        parts += [walk.items(args[:_MOST_ARGUMENTS], len(args), room, here)] if args else []
        named = list(islice(keywords.items(), _MOST_ARGUMENTS)) if type(keywords) is dict else []
        parts += [walk.pairs(named, len(keywords), room, here, walk.field_label)] if named else []
        return f"functools.partial({shorten(', '.join(parts), room - 19)})"

    return render


_SAFE = (
    bool, float, complex, type(None), type(...), type(NotImplemented), memoryview, types.FunctionType, object,
    types.BuiltinFunctionType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.CodeType,
    types.FrameType, types.CellType, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.WrapperDescriptorType, types.MethodWrapperType, types.MethodDescriptorType,
)  # fmt: skip

LEAVES: dict[str, Render] = {
    **{classes.dotted_name(kind): _plain for kind in _SAFE},
    **dict.fromkeys(("_hashlib.HASH", "_hashlib.HMAC", "re.Pattern"), _plain),
    **dict.fromkeys(("datetime.date", "datetime.timedelta", "datetime.timezone"), _plain),
    **dict.fromkeys(
        ("fractions.Fraction", "ipaddress.IPv4Address", "ipaddress.IPv6Address", "uuid.UUID", "zoneinfo.ZoneInfo"),
        _written_in_python,
    ),
    "datetime.datetime": _time,
    "datetime.time": _time,
    "decimal.Decimal": _decimal,
    "int": int_text,
    "method": _method,
    "module": _module,
    "range": _range,
    "re.Match": _match,
}  # fmt: skip
"""Renderers of exact classes, by their dotted name: classes of modules that need not be imported for it."""

BUILDERS: dict[str, Callable[[Walk, type], Render]] = {
    "functools.partial": _partial,
    "mappingproxy": _mapping_proxy,
    "slice": _slice,
    **{
        f"{module}.{name}": _path
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
    },
}
"""The same, where the renderer needs the walk."""

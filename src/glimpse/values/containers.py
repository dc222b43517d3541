"""Renderers of built-in containers and of those of ``collections``, which are walked by us, never by their ``repr``.

They serve also a subclass that inherits the ``repr``: its own ``__len__`` and ``__iter__`` are never called.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from itertools import islice

from . import classes
from .limits import REDACTED, more
from .records import with_records
from .shapes import shapes_renderer
from .strings import LEAST, MOST
from .walk import Path, Render, Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any, TypeAlias

__all__ = ["BUILDERS"]

Inside: TypeAlias = "Callable[[Any, int, int, Path], str]"
"""``(container, size, room, path) -> the text between its brackets``"""

_FEW = 16
_LEAST_ROOM_OF_ITEM = 3
_MOST_KEYS_CHECKED = 200
_TEXTS = {id(str), id(bytes)}
_HASHED_WITHOUT_USER_CODE = _TEXTS | {id(int), id(float), id(bool), id(type(None))}
_ORDERED_SHOWN_AS_DICT = repr(OrderedDict(a=1)).endswith("})")


def _bounded(
    walk: Walk,
    brackets: tuple[str, str],
    size_of: Callable[[Any], int],
    inside: Inside,
    *,
    few: Inside | None = None,
    two: Inside | None = None,
    empty: str | None = None,
    cycle: str | None = None,
) -> Render:
    """A renderer with what all containers share: the empty one, cycles, and the limit of depth.

    ``few`` serves small containers in the place of ``inside``, ``two`` those of two items.
    """
    opening, closing = brackets
    when_empty = opening + closing if empty is None else empty
    in_cycle = f"{opening}...{closing}" if cycle is None else cycle
    around = len(opening) + len(closing)
    max_depth = walk.limits.max_depth
    few_or_any = few or inside
    two_or_any = two or few_or_any

    def render(value: Any, room: int, path: Path) -> str:
        size = size_of(value)
        if not size:
            return when_empty
        here = id(value)
        if here in path:
            return in_cycle
        if room <= around or len(path) >= max_depth:
            return f"{opening}{more(size)}{closing}"
        if size <= _FEW:
            show = few_or_any if size != 2 else two_or_any
            return f"{opening}{show(value, size, room - around, (*path, here))}{closing}"
        return f"{opening}{inside(value, size, room - around, (*path, here))}{closing}"

    return render


def _items(walk: Walk, first: Callable[[Any, int], Collection[Any]]) -> Inside:
    items = walk.items
    max_items = walk.limits.max_items

    def inside(value: Any, size: int, room: int, path: Path) -> str:
        values = first(value, min(max_items, room // _LEAST_ROOM_OF_ITEM + 2))
        if size > _FEW:
            numbers = _numbers(values, size, room)
            if numbers:
                return numbers
        return items(values, size, room, path)

    return inside


def _numbers(values: Collection[Any], size: int, room: int) -> str:
    """The items if they are all small integers or all floats, which ``repr`` shows fast; else nothing."""
    for value in values:
        if type(value) is not float and (type(value) is not int or not LEAST < value < MOST):
            return ""
    text = repr(list(values))[1:-1]
    if len(text) <= room and len(values) == size:
        return text
    end = len(text) if len(text) <= room else text.rfind(", ", 0, room)
    shown = text.count(", ", 0, end) + 1 if end > 0 else 0
    return f"{text[:end]}, {more(size - shown)}" if shown else more(size)


def _pairs(walk: Walk, items_of: Callable[[Any], Iterable[Any]]) -> Inside:
    pairs = walk.pairs
    max_items = walk.limits.max_items

    def inside(value: Any, size: int, room: int, path: Path) -> str:
        # A copy: what is called while it is walked may change the dictionary.
        return pairs(list(islice(items_of(value), min(max_items, room // _LEAST_ROOM_OF_ITEM + 2))), size, room, path)

    return inside


def _first(value: Any, count: int) -> Collection[Any]:
    return list(islice(value, count))


def _list(walk: Walk, cls: type) -> Render:
    if cls is list:
        inside = _items(walk, lambda value, count: value[:count])
        few = walk.items if walk.limits.max_items >= _FEW else inside
        plain = _bounded(walk, ("[", "]"), len, inside, few=few, two=_pair(walk, few, list.__getitem__))
        return with_records(walk, plain)
    inside = _items(walk, lambda value, count: list.__getitem__(value, slice(count)))
    return _bounded(walk, ("[", "]"), list.__len__, inside, two=_pair(walk, inside, list.__getitem__))


def _tuple(walk: Walk, cls: type) -> Render:
    inside = _items(walk, lambda value, count: tuple.__getitem__(value, slice(count)))
    items = walk.items if cls is tuple and walk.limits.max_items >= _FEW else inside

    def few(value: Any, size: int, room: int, path: Path) -> str:
        return items(value, size, room, path) if size > 1 else items(value, 1, room, path) + ","

    size_of, two = len if cls is tuple else tuple.__len__, _pair(walk, items, tuple.__getitem__)
    return _bounded(walk, ("(", ")"), size_of, inside, few=few, two=two)


def _pair(walk: Walk, items: Inside, item_of: Callable[[Any, int], Any]) -> Inside:
    """Of two items, of which the second is hidden if the first is a hidden name."""
    hides = walk.redactor.hides

    def two(value: Any, size: int, room: int, path: Path) -> str:
        first = item_of(value, 0)
        kind = type(first)
        if (kind is str and hides(first)) or (kind is bytes and walk.hides(first)):
            return f"{walk.text(first, room, path)}, {REDACTED}"
        return items(value, size, room, path)

    return two


def _dict(walk: Walk, cls: type) -> Render:
    inside = _pairs(walk, dict.items)
    if cls is not dict or walk.limits.max_items < _FEW:
        return _bounded(walk, ("{", "}"), dict.__len__, inside)
    pairs = walk.pairs

    def few(value: dict[Any, Any], size: int, room: int, path: Path) -> str:
        return pairs(list(value.items()), size, room, path)

    return shapes_renderer(walk, _bounded(walk, ("{", "}"), len, inside, few=few), _FEW)


def _set(walk: Walk, cls: type) -> Render:
    inside = _items(walk, lambda value, count: list(islice(set.__iter__(value), count)))
    name = "" if cls is set else classes.class_name(cls)
    brackets = (f"{name}({{", "})") if name else ("{", "}")
    return _bounded(walk, brackets, set.__len__, inside, empty=f"{name or 'set'}()", cycle=f"{name or 'set'}(...)")


def _frozenset(walk: Walk, cls: type) -> Render:
    inside = _items(walk, lambda value, count: list(islice(frozenset.__iter__(value), count)))
    name = classes.class_name(cls)
    brackets = (f"{name}({{", "})")
    return _bounded(walk, brackets, frozenset.__len__, inside, empty=f"{name}()", cycle=f"{name}(...)")


def _deque(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)
    maxlen_of = deque.__dict__["maxlen"].__get__
    inside = _items(walk, lambda value, count: list(islice(deque.__iter__(value), count)))
    plain = _bounded(walk, (f"{name}([", "])"), deque.__len__, inside, cycle="[...]")

    def render(value: Any, room: int, path: Path) -> str:
        maxlen = maxlen_of(value)
        if maxlen is None:
            return plain(value, room, path)
        ending = f", maxlen={maxlen})"
        return f"{plain(value, room - len(ending) + 1, path)[:-1]}{ending}"

    return render


def _defaultdict(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)
    factory_of = defaultdict.__dict__["default_factory"].__get__
    plain = _dict(walk, cls)

    def render(value: Any, room: int, path: Path) -> str:
        start = f"{name}({walk.text(factory_of(value), room, path)}, "
        return f"{start}{plain(value, room - len(start) - 1, path)})"

    return render


def _counter(walk: Walk, cls: type) -> Render:
    max_items = walk.limits.max_items

    def inside(value: Any, size: int, room: int, path: Path) -> str:
        pairs = list(islice(dict.items(value), max_items))
        if all(type(count) is int for _, count in pairs):
            pairs.sort(key=lambda pair: -pair[1])
        return walk.pairs(pairs, size, room, path)

    name = classes.class_name(cls)
    return _bounded(walk, (f"{name}({{", "})"), dict.__len__, inside, empty=f"{name}()")


def _ordered_items(value: Any) -> Iterable[tuple[Any, Any]]:
    """The items in their order. The iterator hashes each key: keys that might run code come as they were first set."""
    if all(id(type(key)) in _HASHED_WITHOUT_USER_CODE for key in islice(dict.keys(value), _MOST_KEYS_CHECKED)):
        return OrderedDict.items(value)
    return dict.items(value)


def _ordered_dict(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)
    if _ORDERED_SHOWN_AS_DICT:
        brackets, inside = (f"{name}({{", "})"), _pairs(walk, _ordered_items)
    else:
        brackets = (f"{name}([", "])")
        inside = _items(walk, lambda value, count: list(islice(_ordered_items(value), count)))
    return _bounded(walk, brackets, dict.__len__, inside, empty=f"{name}()", cycle="...")


def _view(walk: Walk, cls: type) -> Render:
    name = classes.class_name(cls)
    return _bounded(walk, (f"{name}([", "])"), len, _items(walk, _first), cycle="...")


BUILDERS: dict[type, Callable[[Walk, type], Render]] = {
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _frozenset,
    deque: _deque,
    defaultdict: _defaultdict,
    Counter: _counter,
    OrderedDict: _ordered_dict,
    type({}.keys()): _view,
    type({}.values()): _view,
    type({}.items()): _view,
}
"""How the renderer of each of these classes is made; of a subclass too, if it inherits the ``repr``."""

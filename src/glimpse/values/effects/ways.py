"""What can be told of a class for all its instances: how its attributes are read, and what its methods do.

It is told once and kept for as long as the class lives; it keeps nothing of the class alive.
"""

from __future__ import annotations

import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from gc import get_referents
from itertools import chain
from types import FunctionType, GetSetDescriptorType, MappingProxyType, MemberDescriptorType, SimpleNamespace
from typing import Any, Final, NamedTuple

from .. import classes
from ..foreign import is_shown_by_type
from .judge import MISSING, Judge, find, is_c_method, is_named_plainly, is_plain_class, reads_plainly
from .places import (
    ANY,
    CALL,
    CLASS_TEXT,
    CONTENTS,
    INPLACE,
    PLAIN,
    TEXTS,
    TYPE,
    Arguments,
    Known,
    Refused,
    Root,
    Site,
    Use,
    Values,
)
from .tables import PLAIN_IDS

__all__ = ["CONTAINERS", "DIRECT", "GIVEN", "HELD", "REFUSED", "Asked", "Summary", "summary_of", "way_of"]

DIRECT: Final = "direct"
"""``object.__getattribute__`` runs no code of the program."""
HELD: Final = "held"
"""It runs none if the instance has an attribute of its own."""
GIVEN: Final = "given"
"""A property, or a method."""
REFUSED: Final = "refused"


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


class Summary(NamedTuple):
    """What a method, an operation or a property of a class does.

    :ivar refusal: what can be noticed of it; empty if nothing.
    :ivar asked: what depends on the instance; None if nothing.
    :ivar results: where what it gives is; None if that is not known.
    :ivar instead: the operation that is carried out in its place.
    :ivar shows_items: whether it is that of a built-in container, and makes the text of what is in it.
    """

    refusal: str = ""
    asked: Asked | None = None
    results: tuple[Use, ...] | None = ()
    instead: str = ""
    shows_items: bool = False


_HARMLESS: Final = Summary()
_summaries: dict[tuple[int, str], Summary] = {}
_ways: dict[tuple[int, str], str] = {}
_alive: dict[int, weakref.ref[type]] = {}


def summary_of(cls: type, op: str, allows: Callable[[Use, Any], bool]) -> Summary:
    """What an operation, a method or a property of this name does.

    :param allows: whether something may be done to a value that is not of the instance.
    """
    key = (id(cls), op)
    known = _summaries.get(key)
    if known is None:
        _watch(cls)
        known = _summaries[key] = _summarise(cls, op, allows)
    return known


def way_of(cls: type, name: str) -> str:
    """How an attribute of an instance is read."""
    key = (id(cls), name)
    known = _ways.get(key)
    if known is None:
        _watch(cls)
        known = _ways[key] = _way(cls, name)
    return known


def _watch(cls: type) -> None:
    number = id(cls)
    if number not in _alive:
        _alive[number] = weakref.ref(cls, lambda _: _forget(number))


def _forget(number: int) -> None:
    _alive.pop(number, None)
    for kept in (_summaries, _ways):
        for key in [key for key in list(kept) if key[0] == number]:
            kept.pop(key, None)  # type: ignore[attr-defined]


# -- attributes -----------------------------------------------------------------------------------------------------------


def _way(cls: type, name: str) -> str:
    if name == CONTENTS or not reads_plainly(cls):
        return REFUSED
    attribute = find(cls, name)
    kind = type(attribute)
    if kind is property or kind is FunctionType:
        return GIVEN
    if attribute is MISSING or kind is MemberDescriptorType or kind is GetSetDescriptorType:
        return DIRECT
    if classes.lookup(kind, "__get__") is None or kind is _ItemOfTuple:
        return DIRECT
    is_enums = classes.module_name(kind) in ("enum", "types") and name in ("name", "value")
    return HELD if classes.lookup(kind, "__set__") is None or is_enums else REFUSED


_ItemOfTuple = type(NamedTuple("_Pair", [("first", int)]).__dict__["first"])


# -- methods --------------------------------------------------------------------------------------------------------------

_INSTEAD: Final = {"__bool__": "__len__", "__iter__": "__getitem__", "__contains__": "__iter__"}
_OBJECTS_OWN: Final = {"__str__": "__repr__", "__format__": "__str__", "__ne__": "__eq__"}
_IN_C: Final = TEXTS | {"__bool__", "__len__", "__hash__", "__eq__", "__ne__", "__index__", "__int__", "__float__"}


def _summarise(cls: type, op: str, allows: Callable[[Use, Any], bool]) -> Summary:
    if op in (ANY, CALL, INPLACE):
        return Summary("does what is not known")
    if op == TYPE or op == CLASS_TEXT:
        plain = (is_named_plainly(cls) and reads_plainly(cls)) if op == TYPE else is_plain_class(cls)
        return _HARMLESS if plain else Summary("uses a class with a metaclass")
    method = find(cls, op)
    if op in TEXTS and method is not None:
        if find(cls, "__next__") is not MISSING or find(cls, "__anext__") is not MISSING:
            return _HARMLESS if is_c_method(method) else Summary("belongs to an iterator")
        if is_shown_by_type(cls):
            return Summary("belongs to a class that is shown by its type")
    if type(method) is FunctionType or type(method) is property:
        return _looked_through(cls, method, allows)
    if method is MISSING:
        return Summary(instead=_INSTEAD[op]) if op in _INSTEAD else _HARMLESS
    if method is None:
        return _HARMLESS  # a TypeError
    return _in_c(cls, op) if is_c_method(method) else Summary("calls an object")


def _in_c(cls: type, op: str) -> Summary:
    owner = classes.owner(cls, op)
    if owner is object:
        return Summary(instead=_OBJECTS_OWN[op]) if op in _OBJECTS_OWN else _HARMLESS
    if id(owner) in PLAIN_IDS or owner is type:
        return _HARMLESS
    if id(owner) not in CONTAINERS:
        return _HARMLESS if op in _IN_C else Summary("is not written in Python")
    if op == "__getitem__" and classes.inherits(cls, dict) and find(cls, "__missing__") is not MISSING:
        return Summary("may add an item")
    return Summary(shows_items=op in TEXTS)


def _looked_through(cls: type, method: Any, allows: Callable[[Use, Any], bool]) -> Summary:
    judge = Judge(cls)
    try:
        function = property.__dict__["fget"].__get__(method) if type(method) is property else method
        if type(function) is not FunctionType:
            raise Refused("calls an object")
        made = _is_of_attrs(judge, cls, function)
        results = () if made else _places(judge, judge.look_through(function))
        if not all(allows(use, value) for use, value in judge.constants.values()):
            raise Refused("uses a global that is not known")
    except Refused as problem:
        return Summary(str(problem))
    finally:
        judge.root.cls = None  # nothing of what is kept may keep the class
    return Summary("", _asked(cls, judge.root), results)


def _asked(cls: type, root: Root) -> Asked | None:
    if not root.ops and not root.members and not root.unshadowed:
        return None
    direct = [(name, use) for name, use in root.members.items() if way_of(cls, name) == DIRECT]
    others = [(name, use) for name, use in root.members.items() if way_of(cls, name) != DIRECT]
    unshadowed = frozenset(root.unshadowed if classes.has_plain_dict(cls) else ())
    has_getattr = find(cls, "__getattr__") is not MISSING
    return Asked(tuple(direct), tuple(others), tuple(root.ops), unshadowed, has_getattr)


def _is_of_attrs(judge: Judge, cls: type, function: FunctionType) -> bool:
    """Whether attrs has made the method: it shows the fields, and guards against cycles in a way of its own."""
    if not function.__code__.co_filename.startswith("<attrs generated") or function.__name__ != "__repr__":
        return False
    root: Values = frozenset({judge.root})
    for field in classes.lookup(cls, "__attrs_attrs__"):
        held = judge.attribute(root, field.name)
        if field.repr is True:
            judge.do("__repr__", held)
        elif field.repr:
            judge.do("__format__", judge.call(judge.constant(field.repr), Arguments([held], {}), Site()))
    return True


def _places(judge: Judge, values: Values) -> tuple[Use, ...] | None:
    """The places of the instance among what a method gives; None if there may be anything else but plain values."""
    constants = {id(use) for use, _ in judge.constants.values()}
    found: list[Use] = []
    ahead, seen = list(values), set()
    while ahead:
        value = ahead.pop()
        if value in PLAIN or value in seen or (type(value) is Known and type(value.value) is str):
            continue
        seen.add(value)
        if type(value) is Site:
            ahead += judge.contents.read(value)
        elif isinstance(value, Use) and id(value) not in constants:
            found.append(value)
        else:
            return None
    return tuple(found)


# -- containers -----------------------------------------------------------------------------------------------------------


def _mapped(value: Any) -> Iterator[Any]:
    return chain(dict.keys(value), dict.values(value))


CONTAINERS: Final[dict[int, Callable[[Any], Iterable[Any]]]] = {
    **{id(kind): kind.__iter__ for kind in (list, tuple, set, frozenset, deque)},
    **dict.fromkeys(map(id, (dict, defaultdict, OrderedDict, Counter)), _mapped),
    **{id(type(view)): iter for view in ({}.keys(), {}.values(), {}.items())},
    **dict.fromkeys((id(bytearray), id(memoryview)), lambda _: ()),
    id(MappingProxyType): get_referents,
    id(slice): lambda value: (value.start, value.stop, value.step),
    id(partial): lambda value: (value.func, value.args, value.keywords),
    id(SimpleNamespace): lambda value: classes.instance_dict(value).values(),
    id(BaseException): BaseException.__dict__["args"].__get__,
}
"""How what is in a built-in container is had, by the id of the class."""

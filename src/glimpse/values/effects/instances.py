"""Asks of one instance what could not be told from its class: what kinds of value are where its methods look."""

from __future__ import annotations

from _weakref import ref
from collections import defaultdict
from itertools import islice
from types import MethodType, ModuleType

from .. import classes
from .asked import Asked, at_once
from .judge import NAMES
from .nature import MISSING, find, is_named_plainly, is_plain_class
from .places import CALL, CLASS_TEXT, CONTENTS, INPLACE, TEXTS, TYPE, Use
from .tables import INERT, PLAIN_IDS, PLAIN_NAMES, READING, note_imported
from .ways import CONTAINERS, DIRECT, GIVEN, HELD, REFUSED, Summary, record_of, summary_of, way_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["Look", "needed"]

_MOST_VALUES = 50
_COUNTED_AS_ONE = 8
_DEEPEST = 24
_NOTHING: Final = object()
_attribute = object.__getattribute__


def _use(ops: Iterable[str]) -> Use:
    use = Use()
    use.ops |= set(ops)
    return use


_TEXT: Final = _use(TEXTS)


class Look:
    """One look at an instance and at what it holds, up to some number of values: beyond, nothing is allowed.

    :param most: how many. A container of plain values counts an eighth of their number.
    """

    __slots__ = ("_depth", "_left", "_seen")

    def __init__(self, most: int = _MOST_VALUES) -> None:
        self._left = most
        self._depth = 0
        self._seen: set[tuple[int, ...]] = set()

    def allows(self, use: Use, value: Any) -> bool:
        """Whether what is done at this place changes nothing if this value is there."""
        kind = type(value)
        if id(kind) in PLAIN_IDS:
            return True
        items = CONTAINERS.get(id(kind))
        if items is not None:
            return self._container(use, value, items)
        if self._left <= 0:
            return False
        self._left -= 1
        record = record_of(kind)
        rule = use.answers.get(record)
        if rule is None:
            rule = use.answers[record] = _rule(use, kind)
        if rule.at_once is not None and rule.at_once(value):
            return True
        return not self._is_new(id(use), id(value)) or self._look(rule, use, value)

    def _look(self, rule: _Rule, use: Use, value: Any) -> bool:
        if self._depth >= _DEEPEST:
            return False
        self._depth += 1
        answer = rule.look(self, use, value)
        self._depth -= 1
        return answer

    def object(self, use: Use, value: Any, cls: type) -> bool:
        """The same for an object of the program."""
        items = record_of(cls).items
        if items is not None and not self._container(use, value, items):
            return False
        return all(self.does(op, value, cls) for op in use.ops) and all(
            self._member(name, member, value, cls) for name, member in use.members.items()
        )

    def _is_new(self, *key: int) -> bool:
        """Whether this was not asked before; if it was, the answer is on its way already."""
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def does(self, op: str, value: Any, cls: type) -> bool:
        """Whether an operation on an object of the program, or a method or property of it, changes nothing."""
        summary = summary_of(cls, op, _allows_once)
        if summary.refusal:
            return False
        if summary.instead:
            return self.does(summary.instead, value, cls)
        if summary.shows_items:
            items = CONTAINERS[id(classes.owner(cls, op))]
            return self._container(_TEXT, value, items)
        return summary.asked is None or self.fits(summary.asked, value, cls)

    def fits(self, asked: Asked, value: Any, cls: type) -> bool:
        """Whether the values of an instance are such that the method changes nothing."""
        if asked.unshadowed and not asked.unshadowed.isdisjoint(classes.instance_dict(value)):
            return False
        for name, use in asked.direct:
            try:
                held = _attribute(value, name)
            except AttributeError:
                if asked.has_getattr:
                    return False
                continue
            if id(type(held)) not in PLAIN_IDS and not self.allows(use, held):
                return False
        if not asked.others and not asked.ops:
            return True
        return all(self._member(name, use, value, cls) for name, use in asked.others) and all(
            self._does_once(op, value, cls) for op in asked.ops
        )

    def _does_once(self, op: str, value: Any, cls: type) -> bool:
        """For an operation on the object itself, that leads back to it perhaps."""
        return self.allows(_OPERATIONS.setdefault(op, _use({op})), value)

    def _container(self, use: Use, value: Any, items: Callable[[Any], Iterable[Any]]) -> bool:
        called = [each for each in use.members.items() if CALL in each[1].ops] if use.members else []
        if INPLACE in use.ops or (called and any(name not in READING for name, _ in called)):
            return False
        if "__getitem__" in use.ops and type(value) is defaultdict:
            return False
        most = max(self._left, 1) * _COUNTED_AS_ONE
        inside = list(islice(items(value), most + 1))
        if len(inside) > most:
            return False
        if not inside or PLAIN_IDS.issuperset(map(id, map(type, inside))):
            self._left -= len(inside) // _COUNTED_AS_ONE
            return True
        self._left -= 1
        if not self._is_new(id(use), -id(value)):  # unlike the object itself, which may be a container and more
            return True
        return self._all_in(inside, [use, *(_uncalled(member) for _, member in called)] if called else (use,))

    def _all_in(self, inside: list[Any], uses: Iterable[Use]) -> bool:
        for item in inside:
            for use in uses:
                if not self.allows(use, item):
                    return False
        return True

    # -- attributes ---------------------------------------------------------------------------------------------------

    def _member(self, name: str, use: Use, value: Any, cls: type) -> bool:
        way = way_of(cls, name)
        if way == GIVEN:
            return self._given(name, use, value, cls)
        if name == CONTENTS:
            items = record_of(cls).items
            return items is not None and self._container(_uncalled(use), value, items)
        held = _held(name, value, way)
        if held is MISSING:
            return find(cls, "__getattr__") is MISSING
        return held is not _NOTHING and self.allows(use, held)

    def _given(self, name: str, use: Use, value: Any, cls: type) -> bool:
        """For what a property, or a method that is called, gives."""
        if type(find(cls, name)) is property:
            rest = use
        elif CALL in use.ops:
            if classes.has_plain_dict(cls) and name in classes.instance_dict(value):
                return False
            rest = _uncalled(use)
        else:
            return not use.ops and not use.members
        if not self.does(name, value, cls):
            return False
        if not rest.ops and not rest.members:
            return True
        summary: Summary = summary_of(cls, name, _allows_once)
        if summary.results is None:
            return False
        found = [_at(place, value, cls) for place in summary.results]
        return all(each is not _NOTHING and self.allows(rest, each) for each in found)


_OPERATIONS: dict[str, Use] = {}


def _uncalled(use: Use) -> Use:
    """The place without the call that leads to it."""
    if CALL not in use.ops:
        return use
    other = _use(use.ops - {CALL})
    other.members = use.members
    return other


def _at(place: Use, value: Any, cls: type) -> Any:
    """What is at a place that is an attribute of the object, or the object itself; else ``_NOTHING``."""
    if place.parent is None:
        return value
    if place.parent.parent is not None or CALL in place.ops:
        return _NOTHING
    held = _held(place.name, value, way_of(cls, place.name))
    return None if held is MISSING else held


def _held(name: str, value: Any, way: str) -> Any:
    """What an attribute holds, if reading it runs no code of the program; else ``_NOTHING``."""
    if way == DIRECT:
        try:
            return _attribute(value, name)
        except AttributeError:
            return MISSING
    if way in (REFUSED, GIVEN) or not classes.has_plain_dict(type(value)):
        return _NOTHING
    held = classes.instance_dict(value)
    return held.get(name, held.get(f"_{name}_", _NOTHING) if way == HELD else _NOTHING)


# -- kinds of values -------------------------------------------------------------------------------------------------

_ASKED_OF_INERT = TEXTS | {"__bool__", "__len__", "__eq__", "__ne__", "__hash__", TYPE, CLASS_TEXT}


def _is_only_named(use: Use) -> bool:
    return use.ops <= _ASKED_OF_INERT and use.members.keys() <= NAMES


def _allows_once(use: Use, value: Any) -> bool:
    return Look().allows(use, value)


class _Rule(NamedTuple):
    """How it is found out whether values of a class may be at a place: in most cases at once."""

    look: Callable[[Look, Use, Any], bool]
    at_once: Callable[[Any], bool] | None = None


def _rule(use: Use, cls: type) -> _Rule:
    note_imported()
    known = _RULES.get(id(cls)) or (_class if classes.inherits(cls, type) else None)
    name = classes.dotted_name(cls)
    known = known or _RULES_BY_NAME.get(name)
    if known is not None:
        return _Rule(known)
    if name in PLAIN_NAMES:
        return _asking([])
    return _Rule(_object) if use.members or record_of(cls).items is not None else _asked_of(use, cls)


def _asked_of(use: Use, cls: type) -> _Rule:
    """For objects of the program, if nothing is read of them from outside."""
    found: list[Asked] = []
    for op in use.ops:
        summary = _summary_in_the_end(cls, op)
        if summary.refusal:
            return _Rule(lambda _look, _use, _value: False)
        if summary.asked is not None:
            found.append(summary.asked)
    return _asking(found)


def _asking(all_asked: list[Asked]) -> _Rule:
    def look_at(look: Look, _use: Use, value: Any) -> bool:
        return all(look.fits(asked, value, type(value)) for asked in all_asked)

    if not all_asked:
        return _Rule(look_at, lambda _value: True)
    return _Rule(look_at, at_once(all_asked[0]) if len(all_asked) == 1 else None)


def _summary_in_the_end(cls: type, op: str) -> Summary:
    summary = summary_of(cls, op, _allows_once)
    while summary.instead:
        summary = summary_of(cls, summary.instead, _allows_once)
    return summary


def needed(asked: Asked, cls: type) -> Asked | None:
    """What is left to be asked without operations that change nothing whatever the instance is; None if nothing."""
    ops = tuple(op for op in asked.ops if _depends_on_instance(_summary_in_the_end(cls, op)))
    return asked._replace(ops=ops) if ops or asked.direct or asked.others or asked.unshadowed else None


def _depends_on_instance(summary: Summary) -> bool:
    return bool(summary.refusal or summary.asked or summary.shows_items or summary.reports)


def _object(look: Look, use: Use, value: Any) -> bool:
    return look.object(use, value, type(value))


def _inert(_look: Look, use: Use, _value: Any) -> bool:
    return _is_only_named(use)


def _class(_look: Look, use: Use, value: Any) -> bool:
    if not _is_only_named(use):
        return False
    known = record_of(value).is_plain
    is_plain = is_named_plainly if use.ops.isdisjoint(TEXTS) else is_plain_class
    if is_plain not in known:
        known[is_plain] = is_plain(value)
    return known[is_plain]


def _module(_look: Look, use: Use, _value: Any) -> bool:
    return _is_only_named(use) and use.ops.isdisjoint(TEXTS)


def _bound_method(look: Look, use: Use, value: Any) -> bool:
    return _is_only_named(use) and (use.ops.isdisjoint(TEXTS) or look.allows(_TEXT, value.__self__))


def _weak(look: Look, use: Use, value: Any) -> bool:
    return CALL in use.ops and look.allows(_uncalled(use), value())


def _time(look: Look, _use: Use, value: Any) -> bool:
    return value.tzinfo is None or look.allows(_TEXT, value.tzinfo)


_RULES: dict[int, Callable[[Look, Use, Any], bool]] = {
    **dict.fromkeys(INERT, _inert),
    id(type): _class,
    id(ModuleType): _module,
    id(MethodType): _bound_method,
    id(ref): _weak,
}

_RULES_BY_NAME = {"datetime.datetime": _time, "datetime.time": _time}  # the module need not be imported for it

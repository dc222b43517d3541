"""What can be told of a class for all its instances: how its attributes are read, and what its methods do.

It is told once and kept for as long as the class lives; it keeps nothing of the class alive.
"""

from __future__ import annotations

from _weakref import ref
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from gc import get_referents
from itertools import chain
from types import FunctionType, GetSetDescriptorType, MappingProxyType, MemberDescriptorType, SimpleNamespace

from .. import classes
from ..foreign import is_shown_by_type
from .asked import Asked
from .attributes import ITEM_OF_TUPLE
from .judge import Judge
from .nature import MISSING, asks_class, find, is_c_method, is_named_plainly, is_plain_class, reads_plainly
from .places import (
    ANY,
    CALL,
    CLASS_TEXT,
    COMPARING,
    CONTENTS,
    GIVING,
    INPLACE,
    PLAIN,
    TEXTS,
    TYPE,
    UNKNOWN,
    Arguments,
    Known,
    RefusedError,
    Root,
    Site,
    Use,
    Values,
)
from .tables import PLAIN_IDS, note_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["CONTAINERS", "DIRECT", "GIVEN", "HELD", "REFUSED", "Summary", "record_of", "summary_of", "way_of"]

DIRECT: Final = "direct"
"""``object.__getattribute__`` runs no code of the program."""
HELD: Final = "held"
"""It runs none if the instance has an attribute of its own."""
GIVEN: Final = "given"
"""A property, or a method."""
REFUSED: Final = "refused"


class Summary(NamedTuple):
    """What a method, an operation or a property of a class does.

    :ivar refusal: what can be noticed of it; empty if nothing.
    :ivar asked: what depends on the instance; None if nothing.
    :ivar results: where what it gives is; None if that is not known.
    :ivar instead: the operation that is carried out in its place.
    :ivar shows_items: whether it is that of a built-in container, and makes the text of what is in it.
    :ivar reports: whether code that it runs reports its calls to a tracer.
    """

    refusal: str = ""
    asked: Asked | None = None
    results: tuple[Use, ...] | None = ()
    instead: str = ""
    shows_items: bool = False
    reports: bool = False


_HARMLESS: Final = Summary()


class Record:
    """What is known of a class. It goes with the class, so it stands for it where the class itself must not be kept.

    :ivar items: how what is in an instance is had, if the class has a built-in container as a base.
    :ivar is_plain: what was asked of the class as a value, and the answer.
    """

    __slots__ = ("is_plain", "items", "summaries", "ways")

    def __init__(self, cls: type) -> None:
        self.items = next(filter(None, (CONTAINERS.get(id(base)) for base in classes.mro(cls))), None)
        self.summaries: dict[str, Summary] = {}
        self.ways: dict[str, str] = {}
        self.is_plain: dict[Callable[[type], bool], bool] = {}


_records: dict[int, Record] = {}
_alive: dict[int, ref[type]] = {}


def record_of(cls: type) -> Record:
    """What is known of a class."""
    return _records.get(id(cls)) or _recorded(cls)


def _recorded(cls: type) -> Record:
    number = id(cls)

    def forget(_: object) -> None:
        _alive.pop(number, None)
        _records.pop(number, None)

    _alive[number] = ref(cls, forget)
    record = _records[number] = Record(cls)
    return record


def summary_of(cls: type, op: str, allows: Callable[[Use, Any], bool]) -> Summary:
    """What an operation, a method or a property of this name does.

    :param allows: whether something may be done to a value that is not of the instance.
    """
    known = record_of(cls).summaries
    if op not in known:
        known[op] = _summarise(cls, op, allows)
    return known[op]


def way_of(cls: type, name: str) -> str:
    """How an attribute of an instance is read."""
    known = record_of(cls).ways
    if name not in known:
        known[name] = _way(cls, name)
    return known[name]


# -- attributes ------------------------------------------------------------------------------------------------------


def _way(cls: type, name: str) -> str:
    if name == CONTENTS or not reads_plainly(cls):
        return REFUSED
    attribute = find(cls, name)
    kind = type(attribute)
    if kind is property or kind is FunctionType:
        return GIVEN
    if attribute is MISSING or kind is MemberDescriptorType or kind is GetSetDescriptorType:
        return DIRECT
    if classes.lookup(kind, "__get__") is None or kind is ITEM_OF_TUPLE:
        return DIRECT
    is_enums = classes.module_name(kind) in ("enum", "types") and name in ("name", "value")
    return HELD if classes.lookup(kind, "__set__") is None or is_enums else REFUSED


# -- methods ---------------------------------------------------------------------------------------------------------

_INSTEAD: Final = {"__bool__": "__len__", "__iter__": "__getitem__", "__contains__": "__iter__"}
_OBJECTS_OWN: Final = {"__str__": "__repr__", "__format__": "__str__", "__ne__": "__eq__"}
_IN_C: Final = TEXTS | {"__bool__", "__len__", "__hash__", "__eq__", "__ne__", "__index__", "__int__", "__float__"}


def _summarise(cls: type, op: str, allows: Callable[[Use, Any], bool]) -> Summary:
    note_imported()
    if op in (ANY, CALL, INPLACE):
        return Summary("does what is not known")
    if op in (TYPE, CLASS_TEXT):
        return _HARMLESS if _has_plain_class(cls, op) else Summary("uses a class with a metaclass")
    method = find(cls, op)
    if op in TEXTS and is_shown_by_type(cls):
        return Summary("belongs to a class that is shown by its type")
    if type(method) is FunctionType or type(method) is property:
        return _in_python(cls, op, method, allows)
    if method is MISSING or method is None:  # without a method, it is a TypeError
        return Summary(instead=_INSTEAD[op]) if op in _INSTEAD and method is MISSING else _HARMLESS
    return _in_c(cls, op) if is_c_method(method) else Summary("calls an object")


def _has_plain_class(cls: type, op: str) -> bool:
    if op == CLASS_TEXT:
        return is_plain_class(cls)
    return is_named_plainly(cls) and reads_plainly(cls) and classes.owner(cls, "__class__") is object


def _in_python(cls: type, op: str, method: Any, allows: Callable[[Use, Any], bool]) -> Summary:
    if op in GIVING:
        return Summary("goes through an object of the program")
    if op in TEXTS and (find(cls, "__next__") is not MISSING or find(cls, "__anext__") is not MISSING):
        return Summary("belongs to an iterator")
    is_of_two = op.startswith("__") and op not in TEXTS
    look = _inherited_code if type(method) is FunctionType else _looked_through
    summary = look(cls, method, UNKNOWN if is_of_two else PLAIN, allows)
    if op in COMPARING and summary.results != ():
        return Summary("gives what is not known")
    return summary


def _in_c(cls: type, op: str) -> Summary:
    owner = classes.owner(cls, op)
    if owner is object:
        return Summary(instead=_OBJECTS_OWN[op]) if op in _OBJECTS_OWN else _HARMLESS
    if id(owner) in PLAIN_IDS or owner is type:
        return _HARMLESS
    if id(owner) not in CONTAINERS:
        return _HARMLESS if op in _IN_C else Summary("is not written in Python")
    if op in TEXTS and asks_class(cls, owner):
        return Summary("goes through an object of the program")
    if op == "__getitem__" and classes.inherits(cls, dict) and find(cls, "__missing__") is not MISSING:
        return Summary("may add an item")
    return Summary(shows_items=op in TEXTS)


_refusals: dict[int, tuple[ref[Any], int]] = {}
"""How many classes a method was refused for that all of them inherit, by its id."""
_MOST_REFUSALS: Final = 8


def _inherited_code(cls: type, method: Any, others: Values, allows: Callable[[Use, Any], bool]) -> Summary:
    """The same where many classes inherit the method: what was refused for all of the first is not looked at again.

    Classes of nodes come by the hundred, and the longest looks are those that end in a refusal.
    """
    number = id(method)
    refused = _refusals[number][1] if number in _refusals else 0
    if refused >= _MOST_REFUSALS:
        return Summary("is refused for the other classes that inherit it")
    summary = _looked_through(cls, method, others, allows)
    kept = ref(method, lambda _: _refusals.pop(number, None))
    _refusals[number] = kept, refused + 1 if summary.refusal and refused >= 0 else -1
    return summary


def _looked_through(cls: type, method: Any, others: Values, allows: Callable[[Use, Any], bool]) -> Summary:
    judge = Judge(cls)
    try:
        function = property.__dict__["fget"].__get__(method) if type(method) is property else method
        if type(function) is not FunctionType:
            raise RefusedError("calls an object")
        is_known = _is_of_attrs(judge, cls, function) or _is_of_enum(judge, cls, function)
        results = () if is_known else _places(judge, judge.look_through(function, others))
        globals_used = [(use, value) for use, value in judge.constants.values() if use.ops or use.members]
        if not all(_stays(value) and allows(use, value) for use, value in globals_used):
            raise RefusedError("uses a global that is not known")
    except RefusedError as problem:
        return Summary(str(problem))
    except RecursionError:
        raise
    except Exception as problem:  # an instruction or an object of a kind that nobody thought of
        return Summary(f"is not understood: {classes.class_name(type(problem))}")
    finally:
        judge.root.cls = None  # nothing of what is kept may keep the class
    return Summary("", _asked(cls, judge.root), results, reports=judge.reports or bool(globals_used))


def _stays(value: Any) -> bool:
    """Whether a global can be taken for what it is now: an empty container is there to be filled."""
    items = CONTAINERS.get(id(type(value)))
    return items is None or next(iter(items(value)), MISSING) is not MISSING


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
    declared = classes.lookup(cls, "__attrs_attrs__")
    if declared is None or not function.__code__.co_filename.startswith("<attrs generated"):
        return False
    root: Values = frozenset({judge.root})
    for field in declared:
        held = judge.attribute(root, field.name)
        if field.repr is True:
            judge.do("__repr__", held)
        elif field.repr:
            judge.do("__format__", judge.call(judge.constant(field.repr), Arguments([held], {}), Site()))
    return True


def _is_of_enum(judge: Judge, cls: type, function: FunctionType) -> bool:
    """Whether it is a text that enumerations have by themselves: it shows the name and the value of the member."""
    if function.__globals__.get("__name__") != "enum" or "_member_map_" not in classes.namespace(cls):
        return False
    for name in ("_name_", "_value_"):
        for op in TEXTS:
            judge.root.member(name).ops.add(op)
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


# -- containers ------------------------------------------------------------------------------------------------------


def _mapped(value: Any) -> Iterator[Any]:
    return chain(dict.keys(value), dict.values(value))


CONTAINERS: Final[dict[int, Callable[[Any], Iterable[Any]]]] = {
    **{id(kind): kind.__iter__ for kind in (list, tuple, set, frozenset, deque)},
    **dict.fromkeys(map(id, (dict, defaultdict, OrderedDict, Counter)), _mapped),
    **dict.fromkeys(map(id, (type({}.keys()), type({}.values()), type({}.items()))), iter),
    **dict.fromkeys((id(bytearray), id(memoryview)), lambda _: ()),
    id(MappingProxyType): get_referents,
    id(slice): lambda value: (value.start, value.stop, value.step),
    id(partial): lambda value: (value.func, value.args, value.keywords),
    id(SimpleNamespace): lambda value: classes.instance_dict(value).values(),
    id(BaseException): BaseException.__dict__["args"].__get__,
}
"""How what is in a built-in container is had, by the id of the class."""

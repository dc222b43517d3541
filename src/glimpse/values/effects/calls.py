"""What calls do, as far as it is known of what is called."""

from __future__ import annotations

import types
from collections import OrderedDict, defaultdict, deque
from types import FunctionType

from .. import classes
from . import gaps
from .gaps import inside_of
from .nature import asks_class, is_c_method
from .places import (
    ANY,
    CALL,
    CONTENTS,
    EMPTY,
    PLAIN,
    TEXTS,
    TYPE,
    Arguments,
    Known,
    Made,
    Method,
    RefusedError,
    Root,
    Site,
    Super,
    TypeOf,
    Use,
    Values,
)
from .tables import CHOOSING, COLLECTING, HASHING, OPS_OF_CALL, PLAIN_IDS, READING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .judge import Judge

__all__ = ["call", "super_of"]

_INJECTED = "glimpse.probe"
_BASES = frozenset(map(id, (list, tuple, dict, set, frozenset, deque, defaultdict, OrderedDict, BaseException)))


def call(judge: Judge, callees: Values, arguments: Arguments, site: Site) -> Values:
    """What calling any of these may give.

    :raises RefusedError: it may do something that can be noticed.
    """
    found: set[Any] = set()
    for callee in callees:
        kind = type(callee)
        if kind is Method:
            found |= _method(judge, callee, arguments, site)
        elif kind is Known:
            found |= _known(judge, callee.value, arguments, site)
        elif kind is Use:
            callee.ops.add(CALL)
            judge.do(ANY, arguments.all())
            found |= {callee, *PLAIN}
        elif kind is Made:
            found |= judge.run_made(callee, arguments)
        elif callee not in PLAIN:
            raise RefusedError("calls what is not known")
    return frozenset(found)


# -- methods ---------------------------------------------------------------------------------------------------------


def _method(judge: Judge, method: Method, arguments: Arguments, site: Site) -> Values:
    receiver, function = method
    if type(function) is FunctionType:
        return judge.run(function, arguments._replace(positional=[frozenset({receiver}), *arguments.positional]))
    if type(function) is Known:
        return _unbound(judge, function.value, [frozenset({receiver}), *arguments.positional], arguments, site)
    name = str(function)
    if type(receiver) is Root:
        return _of_root(judge, receiver, name, arguments)
    if type(receiver) is Site:
        return _of_site(judge, receiver, name, arguments)
    if type(receiver) is Known and type(receiver.value) is str and name == "format":
        gaps.format_text(judge, receiver.value, arguments)
        return PLAIN
    given = arguments.all()
    if name == "join":
        judge.do("__iter__", given)
    elif name == "get" and type(receiver) is Known:
        judge.do("__hash__", given)
    else:
        judge.do(ANY, given)
    return PLAIN


def _of_root(judge: Judge, root: Root, name: str, arguments: Arguments) -> Values:
    """A method of a built-in base, such as ``self.items()``."""
    judge.do(ANY, arguments.all())
    if name not in READING:
        raise RefusedError(f"calls {name}")
    return frozenset({root.member(CONTENTS)}) | PLAIN


_PUTTING = frozenset({"append", "appendleft", "insert"})


def _of_site(judge: Judge, site: Site, name: str, arguments: Arguments) -> Values:
    """A method of a container that the looked through code has made."""
    given = arguments.all()
    contents = judge.contents
    if name == "sort":
        _order(judge, contents.read(site), arguments)
        return PLAIN
    if name in ("join", "format"):
        judge.do(ANY, given)
    if name not in _PUTTING:
        judge.do("__hash__", given)
        judge.do("__eq__", given)
        judge.go_through(given, mapping=name == "update")
        given = inside_of(judge, given)
    contents.add(site, given | PLAIN)
    return contents.read(site) | {site}


# -- functions and classes -------------------------------------------------------------------------------------------


def _known(judge: Judge, function: Any, arguments: Arguments, site: Site) -> Values:
    key = id(function)
    special = _SPECIAL.get(key)
    if special is not None:
        return special(judge, arguments, site)
    if key in OPS_OF_CALL:
        for op in OPS_OF_CALL[key]:
            judge.do(op, arguments.all())
        return PLAIN
    if key in COLLECTING or key in CHOOSING:
        return _collect(judge, key, arguments, site)
    return _other(judge, function, arguments, site)


def _other(judge: Judge, function: Any, arguments: Arguments, site: Site) -> Values:
    """A function that is not in any table."""
    if type(function) is FunctionType:
        if type(function.__module__) is str and function.__module__.startswith(_INJECTED):
            return arguments.all() | PLAIN
        return judge.run(function, arguments)
    if is_c_method(function):
        return _unbound(judge, function, arguments.positional, arguments, site)
    if classes.inherits(type(function), type):
        return _made(function)
    name = function.__name__ if type(function) is types.BuiltinFunctionType else classes.class_name(type(function))
    raise RefusedError(f"calls {name}")


def _made(cls: type) -> Values:
    """An instance: of an exception that only keeps its arguments."""
    made = [classes.lookup(cls, name) for name in ("__new__", "__init__")]
    if any(type(each) is FunctionType or type(each) is staticmethod for each in made) or not _is_exception(cls):
        raise RefusedError(f"makes a {classes.class_name(cls)}")
    return PLAIN


def _is_exception(cls: type) -> bool:
    return type(cls) is type and classes.inherits(cls, BaseException)


def _unbound(judge: Judge, method: Any, positional: list[Values], arguments: Arguments, site: Site) -> Values:
    """A method of a built-in class, such as ``dict.__repr__(self)``, called with what it is for."""
    if not positional:
        judge.do(ANY, arguments.all())
        return PLAIN
    receiver, *others = positional
    owner, name = method.__objclass__, method.__name__
    if owner is object and name in ("__repr__", "__eq__", "__hash__", "__init__"):
        return PLAIN
    found: set[Any] = set()
    for value in receiver:
        if type(value) is Root:
            judge.do(ANY, EMPTY.union(*others))
            found |= _contents(judge, value, owner, name)
        else:
            rest = arguments._replace(positional=others)
            found |= call(judge, judge.attribute(frozenset({value}), name), rest, site)
    return frozenset(found)


def _contents(judge: Judge, root: Root, owner: type, name: str) -> Values:
    """What a built-in base does with the items of the object itself."""
    if id(owner) in PLAIN_IDS:
        return PLAIN
    if id(owner) not in _BASES or asks_class(root.cls, owner):
        raise RefusedError(f"calls {name} of {classes.class_name(owner)}")
    if name in TEXTS:
        root.member(CONTENTS).ops.add("__repr__")
        return PLAIN
    if name in READING or name in ("__iter__", "__len__", "__contains__", "__getitem__"):
        return frozenset({root.member(CONTENTS)}) | PLAIN
    raise RefusedError(f"calls {name}")


def _order(judge: Judge, values: Values, arguments: Arguments) -> None:
    key = arguments.named.get("key")
    if key is not None:
        values = _apply(judge, key, values)
    for op in ("__lt__", "__gt__"):
        judge.do(op, values)


def _apply(judge: Judge, functions: Values, values: Values) -> Values:
    """Call a function, or nothing if it is ``None``, with each of some values."""
    return call(judge, functions - PLAIN, Arguments([values], {}), Site()) | (values if functions & PLAIN else EMPTY)


def _collect(judge: Judge, function: int, arguments: Arguments, site: Site) -> Values:
    given = arguments.rest.union(*arguments.positional)
    if function == id(reversed):
        judge.do("__reversed__", given)
    found = judge.go_through(given, mapping=function in HASHING)
    if function in (id(dict), id(enumerate), id(zip)):
        found |= EMPTY.union(*arguments.named.values()) | PLAIN | {site}
        found |= judge.elements(frozenset(each for each in found if type(each) is not Root) - {site})
    if function in HASHING:
        judge.do("__hash__", found - {site})
        judge.do("__eq__", found - {site})
    if function in (id(sorted), id(min), id(max)):
        _order(judge, found, arguments)
    if function in CHOOSING:
        if function == id(next):
            judge.do(ANY, frozenset(each for each in given if type(each) is not Site))
        return found | given | arguments.named.get("default", EMPTY)
    judge.contents.add(site, found)
    return frozenset({site})


def _map(judge: Judge, arguments: Arguments, site: Site) -> Values:
    if arguments.rest or len(arguments.positional) < 2:
        raise RefusedError("calls map in an unusual way")
    function, *given = arguments.positional
    for values in given:
        judge.go_through(values)
    results = call(judge, function, Arguments([judge.elements(values) for values in given], {}), site)
    judge.contents.add(site, results)
    return frozenset({site})


def _type(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) != 1:
        raise RefusedError("makes a class")
    found: set[Any] = set()
    for value in arguments.positional[0]:
        if type(value) is Root:
            found.add(Known(value.cls))
        elif type(value) is Use:
            found.add(TypeOf(value))
        elif type(value) is Site or value in PLAIN or _is_text(value):
            found |= PLAIN
        else:
            raise RefusedError("asks for the class of what is not known")
    return frozenset(found)


def _is_text(value: Any) -> bool:
    return type(value) is Known and (type(value.value) is str or type(value.value) is tuple)


def _isinstance(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) != 2:
        raise RefusedError("calls isinstance in an unusual way")
    value, kinds = arguments.positional
    judge.do(TYPE, frozenset(each for each in value if type(each) is Use))
    ahead = list(kinds - PLAIN)
    while ahead:
        each = ahead.pop()
        if type(each) is Known and type(each.value) is tuple:
            ahead += [Known(item) for item in each.value]
        elif type(each) is Site:
            ahead += [item for item in judge.contents.read(each) if type(item) is not Site]
        elif type(each) is Known and classes.inherits(type(each.value), type):
            if _decides_itself(each.value):
                raise RefusedError("asks a class with a metaclass")
        elif type(each) is not Known or type(each.value) is not types.UnionType:
            raise RefusedError("asks for a class that is not known")
    return PLAIN


def _decides_itself(cls: type) -> bool:
    """Whether a class has code of its own that says what its instances are."""
    meta = classes.lookup(type(cls), "__instancecheck__")
    if type(meta) is not FunctionType:
        return False
    hook = classes.owner(cls, "__subclasshook__")
    return meta.__module__ != "abc" or (hook is not object and not classes.module_name(hook).endswith("abc"))


def _getattr(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) < 2 or arguments.rest:
        raise RefusedError("calls getattr in an unusual way")
    value, names, *default = arguments.positional
    found: Values = EMPTY.union(*default)
    for name in names:
        if type(name) is not Known or type(name.value) is not str:
            raise RefusedError("reads attributes whose names are not known")
        found |= judge.attribute(value, name.value)
    return found


def _hasattr(judge: Judge, arguments: Arguments, site: Site) -> Values:
    _getattr(judge, arguments, site)
    return PLAIN


def _vars(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    return judge.attribute(arguments.all(), "__dict__")


def _super(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) != 2:
        raise RefusedError("uses super() in an unusual way")
    return super_of(*arguments.positional)


_SPECIAL: dict[int, Callable[[Judge, Arguments, Site], Values]] = {
    id(map): _map,
    id(type): _type,
    id(isinstance): _isinstance,
    id(issubclass): _isinstance,
    id(getattr): _getattr,
    id(hasattr): _hasattr,
    id(vars): _vars,
    id(super): _super,
}


def super_of(after: Values, receiver: Values) -> Values:
    """What ``super(after, receiver)`` gives."""
    found = []
    for cls in after:
        for value in receiver:
            if type(cls) is not Known or type(value) is not Root:
                raise RefusedError("uses super() in an unusual way")
            found.append(Super(cls, value))
    return frozenset(found)

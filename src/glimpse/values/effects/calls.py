"""What calls do, as far as it is known of what is called."""

from __future__ import annotations

import re
import string
import types
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from .. import classes
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
    Refused,
    Root,
    Site,
    Super,
    TypeOf,
    Use,
    Values,
)
from .tables import CHOOSING, COLLECTING, HASHING, OPS_OF_CALL, PLAIN_IDS, READING

if TYPE_CHECKING:
    from .judge import Judge

__all__ = ["bind", "bind_code", "call", "percent", "super_of"]

_VARARGS, _VARKEYWORDS = 0x04, 0x08
_INJECTED = "glimpse."
_C_METHODS = frozenset(map(id, (types.WrapperDescriptorType, types.MethodDescriptorType)))
_BASES = frozenset(map(id, (list, tuple, dict, set, frozenset, BaseException)))
_PERCENT = re.compile(r"%(?:\((\w*)\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+))?([a-zA-Z%])")
_FIELD = re.compile(r"\.([^.\[]+)|\[([^\]]*)\]")


def call(judge: Judge, callees: Values, arguments: Arguments, site: Site) -> Values:
    """What calling any of these may give.

    :raises Refused: it may do something that can be noticed.
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
            raise Refused("calls what is not known")
    return frozenset(found)


# -- methods --------------------------------------------------------------------------------------------------------------


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
        format_text(judge, receiver.value, arguments)
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
    if name.startswith("__") and name.endswith("__"):
        judge.do(name, frozenset({root}))
        return PLAIN
    if name not in READING:
        raise Refused(f"calls {name}")
    return frozenset({root.member(CONTENTS)}) | PLAIN


_PUTTING = frozenset({"append", "appendleft", "insert"})


def _of_site(judge: Judge, site: Site, name: str, arguments: Arguments) -> Values:
    """A method of a container that the looked through code has made."""
    given = arguments.all()
    contents = judge.contents
    if name == "sort":
        _order(judge, contents.read(site), arguments)
        return PLAIN
    if name == "join" or name == "format":
        judge.do(ANY, given)
    if name not in _PUTTING:
        judge.do("__hash__", given)
        judge.do("__eq__", given)
        judge.do("__iter__", given)
        given = _inside(judge, given)
    contents.add(site, given | PLAIN)
    return contents.read(site) | {site}


def _inside(judge: Judge, values: Values) -> Values:
    """The values themselves and, of containers, what is in them: a method may take either."""
    found = values
    for value in values:
        if type(value) in (Site, Use) or (type(value) is Known and type(value.value) is tuple):
            found |= judge.elements(frozenset({value}))
    return found


# -- functions and classes --------------------------------------------------------------------------------------------------


def _known(judge: Judge, function: Any, arguments: Arguments, site: Site) -> Values:
    key = id(function)
    special = _SPECIAL.get(key)
    if special is not None:
        return special(judge, arguments, site)
    ops = OPS_OF_CALL.get(key)
    if ops is not None:
        for op in ops:
            judge.do(op, arguments.all())
        return PLAIN
    if key in COLLECTING or key in CHOOSING:
        return _collect(judge, key, arguments, site)
    if type(function) is FunctionType:
        if str(function.__module__).startswith(_INJECTED):
            return arguments.all() | PLAIN
        return judge.run(function, arguments)
    if id(type(function)) in _C_METHODS:
        return _unbound(judge, function, arguments.positional, arguments, site)
    if classes.inherits(type(function), type) and classes.inherits(function, BaseException):
        return _exception(judge, function)
    if classes.inherits(type(function), type):
        raise Refused(f"makes a {classes.class_name(function)}")
    name = function.__name__ if type(function) is types.BuiltinFunctionType else classes.class_name(type(function))
    raise Refused(f"calls {name}")


def _exception(judge: Judge, cls: type) -> Values:
    made = [classes.lookup(cls, name) for name in ("__new__", "__init__")]
    if any(type(each) is FunctionType or type(each) is staticmethod for each in made) or type(cls) is not type:
        raise Refused(f"makes a {classes.class_name(cls)}")
    return PLAIN


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
    if owner is object and name in ("__str__", "__format__"):
        judge.do("__repr__" if name == "__str__" else "__str__", frozenset({root}))
        return PLAIN
    if id(owner) in PLAIN_IDS:
        return PLAIN
    if id(owner) not in _BASES:
        raise Refused(f"calls {name} of {classes.class_name(owner)}")
    if name in TEXTS:
        root.member(CONTENTS).ops.add("__repr__")
        return PLAIN
    if name in READING or name in ("__iter__", "__len__", "__contains__", "__getitem__"):
        return frozenset({root.member(CONTENTS)}) | PLAIN
    raise Refused(f"calls {name}")


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
    judge.do("__iter__", given)
    found = judge.elements(given)
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
        raise Refused("calls map in an unusual way")
    function, *given = arguments.positional
    for values in given:
        judge.do("__iter__", values)
    results = call(judge, function, Arguments([judge.elements(values) for values in given], {}), site)
    judge.contents.add(site, results)
    return frozenset({site})


def _filter(judge: Judge, arguments: Arguments, site: Site) -> Values:
    if len(arguments.positional) != 2:
        raise Refused("calls filter in an unusual way")
    function, given = arguments.positional
    judge.do("__iter__", given)
    found = judge.elements(given)
    judge.do("__bool__", _apply(judge, function, found))
    judge.contents.add(site, found)
    return frozenset({site})


def _type(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) != 1:
        raise Refused("makes a class")
    found: set[Any] = set()
    for value in arguments.positional[0]:
        if type(value) is Root:
            found.add(Known(value.cls))
        elif type(value) is Use:
            found.add(TypeOf(value))
        elif type(value) is Site or value in PLAIN or _is_text(value):
            found |= PLAIN
        else:
            raise Refused("asks for the class of what is not known")
    return frozenset(found)


def _is_text(value: Any) -> bool:
    return type(value) is Known and (type(value.value) is str or type(value.value) is tuple)


def _isinstance(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) != 2:
        raise Refused("calls isinstance in an unusual way")
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
                raise Refused("asks a class with a metaclass")
        elif type(each) is not Known or type(each.value) is not types.UnionType:
            raise Refused("asks for a class that is not known")
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
        raise Refused("calls getattr in an unusual way")
    value, names, *default = arguments.positional
    found: Values = EMPTY.union(*default)
    for name in names:
        if type(name) is not Known or type(name.value) is not str:
            raise Refused("reads attributes whose names are not known")
        found |= judge.attribute(value, name.value)
    return found


def _hasattr(judge: Judge, arguments: Arguments, site: Site) -> Values:
    _getattr(judge, arguments, site)
    return PLAIN


def _vars(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    return judge.attribute(arguments.all(), "__dict__")


def _super(judge: Judge, arguments: Arguments, _site: Site) -> Values:
    if len(arguments.positional) != 2:
        raise Refused("uses super() in an unusual way")
    return super_of(*arguments.positional)


_SPECIAL: dict[int, Callable[[Judge, Arguments, Site], Values]] = {
    id(map): _map,
    id(filter): _filter,
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
                raise Refused("uses super() in an unusual way")
            found.append(Super(cls, value))
    return frozenset(found)


# -- texts with gaps --------------------------------------------------------------------------------------------------------

_NUMBERS = ("__int__", "__index__", "__float__")


def percent(judge: Judge, text: str, given: Values) -> None:
    """``text % given``."""
    values = given | _inside(judge, given)
    named = "%(" in text
    if named:
        judge.do("__getitem__", given)
        values = _inside(judge, values)
    for gap in _PERCENT.finditer(text):
        kind = gap[4]
        wide = "*" in (gap[2], gap[3])
        for op in ("__str__",) if kind == "s" else ("__repr__",) if kind in "ra" else () if kind == "%" else _NUMBERS:
            judge.do(op, values)
        if wide:
            judge.do("__index__", values)


def format_text(judge: Judge, text: str, arguments: Arguments) -> None:
    """``text.format(...)``."""
    try:
        gaps = list(string.Formatter().parse(text))
    except ValueError:
        return
    every = arguments.all()
    for _, field, spec, conversion in gaps:
        if field is None:
            continue
        first = re.split(r"[.\[]", field, maxsplit=1)[0]
        values = arguments.named.get(first, every)
        if first.isdigit() and int(first) < len(arguments.positional):
            values = arguments.positional[int(first)]
        for name, _item in _FIELD.findall(field):
            if name:
                values = judge.attribute(values, name)
            else:
                judge.do("__getitem__", values)
                values |= _inside(judge, values)
        judge.do({"r": "__repr__", "a": "__repr__", "s": "__str__"}.get(conversion or "", "__format__"), values)
        if spec and "{" in spec:
            for op in TEXTS:
                judge.do(op, every)


# -- arguments ----------------------------------------------------------------------------------------------------------------


def bind(judge: Judge, function: FunctionType, arguments: Arguments) -> dict[str, Values] | None:
    """The variables of a function that is called; None if it cannot be called like this."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(names), reversed(function.__defaults__ or ()), strict=False))
    defaults.update(function.__kwdefaults__ or {})

    def default(name: str) -> Values:
        return judge.constant(defaults[name]) if name in defaults else EMPTY

    return bind_code(judge, code, arguments, default)


def bind_code(
    judge: Judge, code: CodeType, arguments: Arguments, default: Callable[[str], Values]
) -> dict[str, Values] | None:
    """The same for bare code."""
    count, keyword_only = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    bound: dict[str, Values] = {}
    for place, name in enumerate(names[: count + keyword_only]):
        if place < min(count, len(arguments.positional)):
            bound[name] = arguments.positional[place]
        elif name in arguments.named:
            bound[name] = arguments.named[name]
        else:
            bound[name] = default(name) | arguments.rest
    after = count + keyword_only
    beyond = arguments.rest.union(*arguments.positional[count:])
    unnamed = arguments.rest.union(*(each for name, each in arguments.named.items() if name not in bound))
    for flag, extra in ((_VARARGS, beyond), (_VARKEYWORDS, unnamed | PLAIN)):
        if code.co_flags & flag:
            site = judge.rest_of(code, flag)
            judge.contents.add(site, extra)
            bound[names[after]] = frozenset({site})
            after += 1
    return bound

"""What code objects do not say of themselves: qualified names before 3.11, static methods."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

from ..compat import HAS_QUALIFIED_CODE
from ..probe.codes import CodeTable, source_lines
from ..values.classes import mro, namespace

__all__ = ["is_method", "is_type_scope", "qualified_name"]

_LOCALS: Final = "<locals>"
_CLASS_FIRST: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_INNER: Final = ("__wrapped__", "__func__", "func", "fget", "fset", "fdel", "_func")


# -- qualified names ----------------------------------------------------------------------------------------------

_known_names: Final[CodeTable[str]] = CodeTable()


def qualified_name(code: CodeType, frame: FrameType) -> str:
    """The ``__qualname__`` with which the function was defined.

    Before 3.11 a code object does not know it. It is found by looking through the module's classes and functions, and
    for a function that is not there any more, through all functions that exist; the bare name if there is none.
    """
    if HAS_QUALIFIED_CODE:
        return code.co_qualname
    found = _known_names.get(code)
    if found is None:
        _learn_module(frame.f_globals)
        found = _known_names.get(code)
    if found is None:
        for function in _functions_of(code):
            _learn(code, function.__qualname__)
            return function.__qualname__
    return found or code.co_name


def _learn_module(scope: Mapping[str, Any]) -> None:
    name = scope.get("__name__")
    seen: set[int] = set()
    for each in list(scope.values()):
        _learn_object(each, name, seen)


def _learn_object(each: Any, module: object, seen: set[int]) -> None:
    if id(each) in seen:
        return
    seen.add(id(each))
    if type(each) is FunctionType:
        if each.__module__ == module:
            _learn(each.__code__, each.__qualname__)
    elif issubclass(type(each), type) and type.__getattribute__(each, "__module__") == module:
        for attribute in list(namespace(each).values()):
            _learn_object(attribute, module, seen)
    for inner in _inner(each):
        _learn_object(inner, module, seen)


def _learn(code: CodeType, qualname: str) -> None:
    """This function's name, and by it those of the functions and classes in it."""
    if _known_names.get(code) is not None or code.co_name not in (qualname.rpartition(".")[2], "<lambda>"):
        return
    _known_names.put(code, qualname)
    inside = f"{qualname}.{_LOCALS}" if code.co_flags & 1 else qualname  # 1: optimized, so not a class body
    for const in code.co_consts:
        if isinstance(const, CodeType):
            _learn(const, f"{inside}.{const.co_name}")


def _functions_of(code: CodeType) -> Iterator[FunctionType]:
    for holder in gc.get_referrers(code):
        if type(holder) is FunctionType and holder.__code__ is code:
            yield holder


# -- methods ------------------------------------------------------------------------------------------------------


def is_method(code: CodeType, qualname: str, frame: FrameType) -> bool:
    """Whether the first parameter is the receiver: the function stands in a class and is not a static method."""
    scope = qualname.rpartition(".")[0]
    if not scope or scope.endswith(_LOCALS) or not code.co_argcount:
        return False
    return code.co_name in _CLASS_FIRST or not _is_static(code, scope, frame)


def _is_static(code: CodeType, scope: str, frame: FrameType) -> bool:
    owner = _looked_up(frame.f_globals, scope)
    if owner is not None:
        attribute = _attribute(owner, code.co_name)
        if attribute is not None and _holds(attribute, code):
            return _any_static(attribute)
    first: Any = frame.f_locals.get(code.co_varnames[0])
    receivers: tuple[Any, ...] = (type(first), first)
    for receiver in receivers:
        for cls in mro(receiver) if issubclass(type(receiver), type) else ():
            attribute = _attribute(cls, code.co_name)
            if attribute is not None and _holds(attribute, code):
                return _any_static(attribute)
    return any(type(holder) is staticmethod for each in _functions_of(code) for holder in gc.get_referrers(each))


def _looked_up(scope: Mapping[str, Any], dotted: str) -> Any:
    found: Any = None
    for name in dotted.split("."):
        found = scope.get(name)
        if not issubclass(type(found), type):
            return None
        scope = namespace(found)
    return found


def _attribute(cls: type, name: str) -> Any:
    own = namespace(cls)
    return own.get(name) or own.get(f"_{cls.__name__.lstrip('_')}{name}")


def _holds(attribute: Any, code: CodeType) -> bool:
    return any(type(each) is FunctionType and each.__code__ is code for each in _layers(attribute))


def _any_static(attribute: Any) -> bool:
    return any(type(each) is staticmethod for each in _layers(attribute))


def _layers(attribute: Any) -> Iterator[Any]:
    """An attribute of a class, and what it wraps, as far as that can be told without running code."""
    waiting, seen = [attribute], set()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting.extend(_inner(each))


def _inner(each: Any) -> Iterator[Any]:
    if type(each) in (property, staticmethod, classmethod):
        yield from (getattr(each, name, None) for name in ("fget", "fset", "fdel", "__func__") if hasattr(each, name))
        return
    try:
        own = object.__getattribute__(each, "__dict__")
    except (AttributeError, TypeError):
        return
    if type(own) is dict:
        yield from [own[name] for name in _INNER if name in own]


# -- lines of the source --------------------------------------------------------------------------------------------


def is_type_scope(code: CodeType, frame: FrameType) -> bool:
    """Whether this is no function but the value of a ``type`` statement, or the bound of a type parameter."""
    if code.co_argcount or code.co_flags & 0x2A0:
        return False
    line = "".join(source_lines(code, frame.f_globals)[code.co_firstlineno - 1 : code.co_firstlineno])
    if re.match(rf"\s*type\s+{re.escape(code.co_name)}\b", line):
        return True
    generic = re.match(r"\s*(?:async\s+def|def|class|type)\s+(\w+)\s*\[", line)
    return generic is not None and generic[1] != code.co_name

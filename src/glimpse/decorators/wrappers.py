"""Wrappers with the parameters of what they wrap: generated code, so that arguments show as they were bound.

Everything a wrapper uses is a free variable of it, under a name that no parameter has: it runs with the globals of the
function that it wraps, where any other name may mean anything. All wrappers have the same free variables, so one can
take the place of another: see ``replace``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple

from ..compat import HAS_QUALIFIED_CODE
from ..entry import Param, Site
from ..probe.codes import ORIGINALS, WRAPPERS

__all__ = ["FILENAME", "NotRecorded", "Shape", "replace", "wrap"]

FILENAME: Final = "<glimpse>"
"""Where the code of wrappers says that it is from."""

_ITERABLE_COROUTINE: Final = 0x100  # set by ``types.coroutine``
_BUILTINS: Final = {each.__name__: each for each in (StopIteration, StopAsyncIteration, BaseException)}
_USED: Final = (
    *("function", "key", "enter", "end", "raised", "yielded", "resumed", "thrown", "waiting", "omitted"),
    *_BUILTINS,
)

_PLAIN: Final = """
            return {ended}
"""
_SUSPENDING: Final = """
            {steps} = {function}({passed})
            {step}, {value} = {steps}.{send}, None
            while True:
                try:
                    {item} = [{wait}{step}({value})]
                except {stop} as {error}:
                    {finish}
                {value} = None
                try:
                    {value} = yield {yielded}({key}, {item}.pop())
                except {BaseException} as {error}:
                    {thrown}({key})
                    {step}, {value} = {steps}.{throw}, {error}.with_traceback({error}.__traceback__.tb_next)
                else:
                    {resumed}({key}, None)
                    {step} = {steps}.{send}
"""


class Shape(NamedTuple):
    """What wrappers have in common that share their text.

    :param params: the parameters, in the order of the signature.
    :param positional_only: how many of them are.
    :param positional: how many can be given by position; what follows can only be given by name.
    :param shown: whether arguments are recorded.
    :param returns: whether results are.
    :param wakes: whether there may be nobody yet to report to.
    """

    kind: str
    params: tuple[Param, ...]
    positional_only: int
    positional: int
    shown: bool
    returns: bool
    wakes: bool


class NotRecorded:
    """Stands for a result that is not to be recorded."""

    def __repr__(self) -> str:
        return "<not recorded>"


def wrap(function: FunctionType, site: Site, shape: Shape, used: Mapping[str, Any]) -> FunctionType:
    """A function like this one that reports its calls.

    :param used: the probe's functions, by the names that ``_USED`` gives them.
    """
    found = {**_BUILTINS, "function": function, "key": site.key, **used}
    made = _maker(shape)(*[found.get(name) for name in _USED])
    wrapper = FunctionType(
        _code(made.__code__, function), function.__globals__, function.__name__, function.__defaults__, made.__closure__
    )
    wrapper.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(wrapper, function)
    WRAPPERS.put(wrapper.__code__, used["raised"])
    ORIGINALS.put(function.__code__, used["raised"])
    return wrapper


def replace(wrapper: FunctionType, other: FunctionType) -> None:
    """Let ``wrapper`` do from now on as ``other`` does, which wraps the same function."""
    for cell, new in zip(wrapper.__closure__ or (), other.__closure__ or (), strict=True):
        cell.cell_contents = new.cell_contents
    wrapper.__code__ = other.__code__


def _code(code: CodeType, function: FunctionType) -> CodeType:
    changes: dict[str, Any] = {"co_name": function.__code__.co_name, "co_firstlineno": 1}
    if HAS_QUALIFIED_CODE:
        changes["co_qualname"] = function.__code__.co_qualname
    return code.replace(co_flags=code.co_flags | function.__code__.co_flags & _ITERABLE_COROUTINE, **changes)


@functools.lru_cache(maxsize=256)
def _maker(shape: Shape) -> Callable[..., FunctionType]:
    text = _text(shape)
    scope: dict[str, Any] = {"__name__": __name__}
    exec(compile(text, FILENAME, "exec"), scope)
    maker: Callable[..., FunctionType] = scope["make"]
    return maker


# -- text -----------------------------------------------------------------------------------------------------------


def _text(shape: Shape) -> str:
    prefix = "_glimpse_"
    while any(param.name.startswith(prefix) for param in shape.params):
        prefix += "_"
    names = {name: f"{prefix}{name}" for name in (*_USED, "steps", "step", "value", "item", "error")}
    body = _body(shape, names)
    lines = [
        f"def make({', '.join(names[name] for name in _USED)}):",
        f"    {'async ' if shape.kind in 'ca' else ''}def wrapper({', '.join(_signature(shape))}):",
        *([f"        if {names['waiting']}: {names['waiting']}[0]()"] if shape.wakes else []),
        f"        {names['enter']}({', '.join([names['key'], *_values(shape)])})",
        "        try:",
        *body.strip("\n").splitlines(),
        f"        except {names['raised']}({names['key']}): raise",
        f"        if 0: {', '.join(names[name] for name in _USED)}",
        "    return wrapper",
    ]
    return "\n".join(lines)


def _body(shape: Shape, names: Mapping[str, str]) -> str:
    words = {**names, "passed": ", ".join(_passed(shape))}
    call = "{function}({passed})".format(**words)
    if shape.kind in "ca":
        words |= {"send": "asend", "throw": "athrow", "wait": "await ", "stop": names["StopAsyncIteration"]}
        words |= {"finish": f"{names['end']}({names['key']}); return", "ended": _ended(shape, names, f"await {call}")}
    else:
        words |= {"send": "send", "throw": "throw", "wait": "", "stop": names["StopIteration"]}
        words |= {
            "finish": f"return {_ended(shape, names, names['error'] + '.value')}",
            "ended": _ended(shape, names, call),
        }
    return (_SUSPENDING if shape.kind in "ga" else _PLAIN).format(**words)


def _ended(shape: Shape, names: Mapping[str, str], value: str) -> str:
    """An expression that reports the end and has this value."""
    if shape.returns:
        return f"{names['end']}({names['key']}, {value})"
    return f"[{value}, {names['end']}({names['key']}, {names['omitted']})][0]"


def _signature(shape: Shape) -> list[str]:
    words: list[str] = []
    starred = False
    for place, param in enumerate(shape.params):
        by_name_only = place >= shape.positional and not param.prefix
        if by_name_only and not starred:
            words.append("*")
        starred = starred or by_name_only or param.prefix == "*"
        words.append(param.prefix + param.name)
        if place + 1 == shape.positional_only:
            words.append("/")
    return words


def _passed(shape: Shape) -> list[str]:
    return [
        f"{param.name}={param.name}" if place >= shape.positional and not param.prefix else param.prefix + param.name
        for place, param in enumerate(shape.params)
    ]


def _values(shape: Shape) -> list[str]:
    return ["None" if param.hidden else param.name for param in shape.params] if shape.shown else []

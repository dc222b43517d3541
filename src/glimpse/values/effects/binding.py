"""How the arguments of a call become the variables of a function."""

from __future__ import annotations

from .places import EMPTY, PLAIN, Arguments, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    from .judge import Judge

__all__ = ["bind", "bind_code"]

_VARARGS, _VARKEYWORDS = 0x04, 0x08


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

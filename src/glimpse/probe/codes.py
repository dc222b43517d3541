"""What is read off a code object to trace it without its source, and what decorators have said of it."""

from __future__ import annotations

from _weakref import ref
from types import FunctionType

from ..entry import Param, Site
from . import hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Final, Generic, TypeVar

    Value = TypeVar("Value")
else:
    from glimpse.light import Generic

    Value = None

__all__ = [
    "ORIGINALS",
    "UNTRACED",
    "WRAPPERS",
    "CodeTable",
    "def_line",
    "end_function",
    "entry_function",
    "kind_of",
    "parameters",
    "reporter",
    "source_lines",
]


_GENERATOR: Final = 0x20
_COROUTINE: Final = 0x80
_ASYNC_GENERATOR: Final = 0x200
_VARARGS: Final = 0x04
_VARKEYWORDS: Final = 0x08
_LONGEST_DECORATORS: Final = 200  # lines from a function's first decorator to its `def`
_ARITIES: Final = 4  # entry functions specialised by number of values, see ``live``


class CodeTable(Generic[Value]):
    """Something known of each of some code objects, by identity: hashing one hashes all its instructions.

    Code objects are not kept alive. ``by_id`` may be read directly where speed counts.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, Value] = {}
        self._alive: dict[int, ref[CodeType]] = {}

    def get(self, code: CodeType) -> Value | None:
        """What is known of this code object."""
        return self.by_id.get(id(code))

    def put(self, code: CodeType, value: Value) -> None:
        """Know this of a code object, for as long as it lives."""
        number, by_id, alive = id(code), self.by_id, self._alive

        def forget(_: object) -> None:
            by_id.pop(number, None)
            alive.pop(number, None)

        alive[number] = ref(code, forget)
        by_id[number] = value

    def codes(self) -> list[CodeType]:
        """The code objects that are still there."""
        return [code for each in list(self._alive.values()) if (code := each()) is not None]

    def clear(self) -> None:
        """Know nothing any more."""
        self._alive.clear()
        self.by_id.clear()


WRAPPERS: Final[CodeTable[FunctionType]] = CodeTable()
"""The code of decorators' wrappers, with a function of the slot that they report to."""

ORIGINALS: Final[CodeTable[FunctionType]] = CodeTable()
"""The code of functions that such wrappers call, likewise."""

UNTRACED: Final[CodeTable[bool]] = CodeTable()
"""The code of functions that their authors left out with ``no_trace``."""


def reporter(code: CodeType) -> FunctionType | None:
    """A function of the slot by which calls of this code are reported without dynamic mode; None if they are not."""
    for const in code.co_consts:
        if type(const) is FunctionType and const.__module__ == hooks.__name__:
            return const
    return WRAPPERS.get(code) or ORIGINALS.get(code)


def kind_of(code: CodeType) -> str:
    """``f``, ``g``, ``c`` or ``a``, as in ``Site``."""
    flags = code.co_flags
    if flags & _GENERATOR:
        return "g"
    if flags & _ASYNC_GENERATOR:
        return "a"
    return "c" if flags & _COROUTINE else "f"


def parameters(code: CodeType, *, method: bool, hides: Callable[[str], bool]) -> tuple[Param, ...]:
    """The parameters in the order of their binding; the first of a method is its receiver."""
    names = code.co_varnames
    plain, keyword = code.co_argcount, code.co_kwonlyargcount
    named = [(name, "") for name in names[:plain]]
    after = plain + keyword
    if code.co_flags & _VARARGS:
        named.append((names[after], "*"))
        after += 1
    named += [(name, "") for name in names[plain : plain + keyword]]
    if code.co_flags & _VARKEYWORDS:
        named.append((names[after], "**"))
    receiver = method and plain > 0
    return tuple(Param(name, prefix, hides(name), receiver and not place) for place, (name, prefix) in enumerate(named))


def entry_function(site: Site) -> str:
    """The probe's function that takes the arguments of this site's calls."""
    if site.kind != "f":
        return f"enter_{site.kind}"
    values = len(site.params)
    if values and site.params[0].receiver:
        if site.params[0].name != "self":
            return "enter_self"
        return f"enter_self{values - 1 if values - 1 <= _ARITIES else ''}"
    return f"enter{values if values <= _ARITIES else ''}"


def end_function(site: Site) -> str:
    """The probe's function that takes the results of this site's calls; that of an async generator takes none."""
    if site.kind == "a":
        return "done_a"
    return "end_new" if site.name == "__new__" and site.kind == "f" else f"end_{site.kind}"


def def_line(code: CodeType, scope: dict[str, Any]) -> int:
    """The line of the ``def``: a code object's first line is that of the first decorator.

    :param scope: the function's globals, by which its source may be found where it is in no file.
    """
    first = code.co_firstlineno
    lines = source_lines(code, scope)
    if not "".join(lines[first - 1 : first]).lstrip().startswith("@"):
        return first
    import re

    start = re.compile(rf"\s*(async\s+)?def\s+{re.escape(code.co_name)}\b")
    for number, line in enumerate(lines[first : first + _LONGEST_DECORATORS], first + 1):
        if start.match(line):
            return number
    return first


def source_lines(code: CodeType, scope: dict[str, Any]) -> list[str]:
    """The lines of the source that the code is from; none if it is not to be had."""
    import linecache

    return linecache.getlines(code.co_filename, scope)

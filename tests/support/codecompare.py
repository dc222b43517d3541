"""Compares the code objects of a module as Python compiles it with those of the same module rewritten.

What a program, a traceback or a debugger can read off a code object has to be equal: names, flags, docstring, and
the place of every instruction that can raise. Only the injected calls may be there in addition.
"""

from __future__ import annotations

import dis
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from glimpse.entry import Site

__all__ = ["Comparison", "Difference", "compare", "is_hook", "walk"]

_SAME = (
    "co_name",
    "co_filename",
    "co_firstlineno",
    "co_flags",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_names",
    "co_varnames",
    "co_cellvars",
    "co_freevars",
) + (("co_qualname",) if hasattr(types.CodeType, "co_qualname") else ())

_SILENT = (
    # Instructions that cannot raise: where they stand is seen by nobody, and the compiler copies and drops them freely.
    *("CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "KW_NAMES", "PUSH_NULL", "POP_TOP", "COPY", "SWAP", "RESUME"),
    *("POP_EXCEPT", "PUSH_EXC_INFO", "POP_BLOCK", "GEN_START", "MAKE_CELL", "COPY_FREE_VARS", "RETURN_GENERATOR"),
    *("RETURN_VALUE", "RETURN_CONST", "LOAD_CONST", "STORE_FAST", "LOAD_FAST_AND_CLEAR", "LOAD_CLOSURE", "GET_LEN"),
    *("DUP_TOP", "DUP_TOP_TWO", "ROT_TWO", "ROT_THREE", "ROT_FOUR", "ROT_N", "IS_OP", "END_FOR", "END_SEND"),
    *("MATCH_MAPPING", "MATCH_SEQUENCE", "POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE", "CALL_INTRINSIC_1"),
    *("POP_JUMP_FORWARD_IF_NONE", "POP_JUMP_FORWARD_IF_NOT_NONE", "POP_JUMP_BACKWARD_IF_NONE", "LOAD_FAST_LOAD_FAST"),
    *("POP_JUMP_BACKWARD_IF_NOT_NONE", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST", "COPY_FREE_VARS"),
    *("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_IF_NOT_EXC_MATCH"),
    *("LOAD_ASSERTION_ERROR", "SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH", "LOAD_BUILD_CLASS", "CLEANUP_THROW"),
)
_INJECTED = ("CALL", "CALL_FUNCTION", "RAISE_VARARGS", "RERAISE", "LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_DEREF")

Place = tuple[Any, ...]
Event = tuple[str, Place]


@dataclass(frozen=True)
class Difference:
    """Something that can be told apart: in which code object, what kind of thing, and both sides of it."""

    where: str
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.detail}"


@dataclass
class Comparison:
    """What a comparison found and how much it looked at."""

    differences: list[Difference] = field(default_factory=list)
    functions: int = 0
    instrumented: int = 0
    instructions: int = 0
    copies: int = 0
    """Instructions whose number of copies changed: the compiler duplicates short exits and ``finally`` suites."""

    def differ(self, where: str, what: str, detail: object) -> None:
        """Take down one difference."""
        self.differences.append(Difference(where, what, str(detail)))


def is_hook(constant: object) -> bool:
    """True for a constant that stands for a function of the probe, bound or not."""
    if type(constant) is tuple:
        return len(constant) == 2 and constant[0] == "glimpse"
    return callable(constant)


def walk(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and every one nested in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from walk(constant)


def compare(plain: types.CodeType, traced: types.CodeType) -> Comparison:
    """Compare a module's code as compiled with its code as rewritten."""
    result = Comparison()
    _compare(plain, traced, "", result)
    return result


def _compare(plain: types.CodeType, traced: types.CodeType, parent: str, result: Comparison) -> None:
    where = f"{parent}.{plain.co_name}:{plain.co_firstlineno}" if parent else plain.co_name
    result.functions += 1
    result.instrumented += any(is_hook(constant) for constant in traced.co_consts)
    for name in _SAME:
        if getattr(plain, name) != getattr(traced, name):
            result.differ(where, name, f"{getattr(plain, name)!r} != {getattr(traced, name)!r}")
    if _docstring(plain) != _docstring(traced):
        result.differ(where, "docstring", f"{_docstring(plain)!r} != {_docstring(traced)!r}")
    if _lines(plain) != _lines(traced):
        result.differ(where, "lines", f"{_lines(plain) - _lines(traced)} gone, {_lines(traced) - _lines(plain)} new")
    _compare_constants(plain, traced, where, result)
    _compare_places(plain, traced, where, result)
    _compare_nested(plain, traced, where, result)


def _compare_nested(plain: types.CodeType, traced: types.CodeType, where: str, result: Comparison) -> None:
    nested = [[const for const in code.co_consts if isinstance(const, types.CodeType)] for code in (plain, traced)]
    before, after = ([(code.co_name, code.co_firstlineno) for code in codes] for codes in nested)
    if before != after:
        result.differ(where, "nested code", f"{before} != {after}")
        return
    for one, other in zip(*nested, strict=True):
        _compare(one, other, where, result)


def _compare_constants(plain: types.CodeType, traced: types.CodeType, where: str, result: Comparison) -> None:
    before, after = _constants(plain), _constants(traced)
    gone = before.keys() - after.keys()
    new = [after[key] for key in after.keys() - before.keys()]
    if gone:
        result.differ(where, "constants gone", [before[key] for key in gone])
    foreign = [const for const in new if not (is_hook(const) or const is None or const is True or _is_key(const))]
    if foreign:
        result.differ(where, "constants new", foreign)


def _constants(code: types.CodeType) -> dict[str, Any]:
    """Constants by their type and text: ``1``, ``1.0`` and ``True`` are equal but not the same."""
    return {f"{type(c).__name__} {c!r}": c for c in code.co_consts if not isinstance(c, types.CodeType)}


def _is_key(constant: object) -> bool:
    if not isinstance(constant, str):
        return False
    try:
        Site.parse(constant)
    except ValueError:
        return False
    return True


def _docstring(code: types.CodeType) -> str | None:
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, {}, None, None, cells).__doc__


def _lines(code: types.CodeType) -> set[int]:
    return {line for _, _, line in code.co_lines() if line is not None}


def _compare_places(plain: types.CodeType, traced: types.CodeType, where: str, result: Comparison) -> None:
    before, _ = _events(plain)
    after, hooks = _events(traced)
    result.instructions += sum(before.values())
    for (operation, place), count in (before - after).items():
        if (operation, place) in after:
            result.copies += count
        elif not (operation == "LOAD_FAST_CHECK" and ("LOAD_FAST", place) in after):
            result.differ(where, "place gone", f"{operation} at {place}")
    for (operation, place), count in (after - before).items():
        if (operation, place) in before and place not in hooks:
            result.copies += count
        elif operation == "LOAD_FAST_CHECK" and ("LOAD_FAST", place) in before:
            continue
        elif operation not in _INJECTED or not (place in hooks or operation == "RERAISE"):
            result.differ(where, "place new", f"{operation} at {place}")


def _events(code: types.CodeType) -> tuple[Counter[Event], set[Place]]:
    """Every instruction that can raise with its place, and the places of the injected calls."""
    events: Counter[Event] = Counter()
    hooks: set[Place] = set()
    extended = 0
    raw = code.co_code
    for index, place in enumerate(_places(code)):
        operation, argument = raw[2 * index], raw[2 * index + 1] | extended
        extended = argument << 8 if operation == dis.EXTENDED_ARG else 0
        name = _CANONICAL[operation]
        if name is not None:
            events[name, place] += 1
        elif operation == _LOAD_CONST and is_hook(code.co_consts[argument]):
            hooks.add(place)
    return events, hooks


def _places(code: types.CodeType) -> Iterator[Place]:
    positions = getattr(code, "co_positions", None)
    if positions is not None:
        yield from positions()
        return
    for start, end, line in code.co_lines():  # 3.10 knows lines only
        for _ in range(start, end, 2):
            yield (line,)


def _canonical(name: str) -> str | None:
    """One name for the variants that the compiler swaps freely, None for what cannot raise."""
    if name in _SILENT or name.startswith("<"):
        return None
    if "JUMP" in name:
        return "JUMP_IF"
    return "YIELD_VALUE" if name == "SEND" else name


_CANONICAL = [_canonical(name) for name in dis.opname]
_LOAD_CONST = dis.opmap["LOAD_CONST"]

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
from glimpse.hook.placeholder import hook_name

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
_LEFT_BEHIND = (bool, int, types.NoneType)  # constants of folded expressions: whether they are trimmed depends on others
_INJECTED = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF")
_INJECTED_CALLS = ("CALL", "CALL_FUNCTION")
_INJECTED_NOWHERE = ("RAISE_VARARGS", "RERAISE", "CHECK_EXC_MATCH", "JUMP_IF", *_INJECTED_CALLS)

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
    if type(constant) is frozenset:
        return hook_name(constant) is not None
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
    gone = before.keys() - after.keys() - {_spelled(None)}
    new = [after[key] for key in after.keys() - before.keys()]
    if gone:
        result.differ(where, "constants gone", [before[key] for key in gone])
    foreign = [const for const in new if not (is_hook(const) or type(const) in _LEFT_BEHIND or _is_key(const))]
    if foreign:
        result.differ(where, "constants new", foreign)


def _constants(code: types.CodeType) -> dict[str, Any]:
    """Constants by their type and text: ``1``, ``1.0`` and ``True`` are equal but not the same."""
    return {_spelled(const): const for const in code.co_consts if not isinstance(const, types.CodeType)}


def _spelled(constant: Any) -> str:
    text = sorted(map(_spelled, constant)) if isinstance(constant, frozenset) else repr(constant)
    return f"{type(constant).__name__} {text}"


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
        else:
            result.differ(where, "place gone", f"{operation} at {place}")
    for (operation, place), count in (after - before).items():
        if (operation, place) in before and place not in hooks:
            result.copies += count
        elif not _injected(operation, place, hooks):
            result.differ(where, "place new", f"{operation} at {place}")


def _injected(operation: str, place: Place, hooks: set[Place]) -> bool:
    """Whether an instruction belongs to an injected call, going by the places where the called functions are loaded."""
    if operation in _INJECTED_NOWHERE and place[0] is None:
        return True
    if operation in _INJECTED_CALLS:
        return place in hooks or any(_holds(place, hook) for hook in hooks)
    return operation in _INJECTED and place in hooks


def _holds(statement: Place, hook: Place) -> bool:
    """Whether a hook is loaded on the lines of a statement: a call that carries a result stands at its ``return``."""
    last = statement[1] if len(statement) > 1 else hook[0]  # 3.10 does not know where a statement ends
    return hook[0] is not None and statement[0] <= hook[0] <= last


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
        if name == "DELETE_FAST" and raw[2 * index - 2] == _STORE_FAST:  # end of `except ... as name`: cannot raise
            continue
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
    return {"SEND": "YIELD_VALUE", "LOAD_FAST_CHECK": "LOAD_FAST"}.get(name, name)


_CANONICAL = [_canonical(name) for name in dis.opname]
_LOAD_CONST, _STORE_FAST = dis.opmap["LOAD_CONST"], dis.opmap["STORE_FAST"]

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
    *("CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "POP_TOP", "SWAP", "POP_EXCEPT", "POP_BLOCK", "SETUP_FINALLY"),
    *("RETURN_VALUE", "RETURN_CONST", "LOAD_CONST", "STORE_FAST", "LOAD_FAST_LOAD_FAST"),
    *("STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST", "ROT_TWO", "ROT_FOUR", "PUSH_NULL"),
    *("COPY", "PUSH_EXC_INFO", "RERAISE", "DUP_TOP"),
    *("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD_NO_INTERRUPT"),
)
_INJECTED = (
    *("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_DEREF", "LOAD_CLASSDEREF"),
    # of very many arguments, or unpacked ones
    *("BUILD_LIST", "LIST_APPEND", "LIST_TO_TUPLE", "CALL_INTRINSIC_1", "CALL_FUNCTION_EX"),
)
_INJECTED_CALLS = ("CALL", "CALL_FUNCTION", "CALL_FUNCTION_EX", "BUILD_LIST")
_INJECTED_NOWHERE = ("RAISE_VARARGS", "CHECK_EXC_MATCH", "JUMP_IF", *_INJECTED_CALLS)

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

    def add(self, other: Comparison, name: str) -> None:
        """Count another comparison in, of the module of this name."""
        self.differences += [Difference(f"{name} {each.where}", each.what, each.detail) for each in other.differences]
        self.functions += other.functions
        self.instrumented += other.instrumented
        self.instructions += other.instructions
        self.copies += other.copies

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
    result.instrumented += any(is_hook(constant) for constant in traced.co_consts if constant is not None)
    for name in _SAME:
        if getattr(plain, name) != getattr(traced, name):
            result.differ(where, name, f"{getattr(plain, name)!r} != {getattr(traced, name)!r}")
    if _docstring(plain) != _docstring(traced):
        result.differ(where, "docstring", f"{_docstring(plain)!r} != {_docstring(traced)!r}")
    gone, new = _written_lines(plain) - _lines(traced), _lines(traced) - _lines(plain)
    if gone or new:
        result.differ(where, "lines", f"{gone} gone, {new} new")
    _compare_constants(plain, traced, where, result)
    _compare_places(plain, traced, where, result)
    _compare_nested(plain, traced, where, result)


def _compare_nested(plain: types.CodeType, traced: types.CodeType, where: str, result: Comparison) -> None:
    nested = [[const for const in _loaded(code) if isinstance(const, types.CodeType)] for code in (plain, traced)]
    before, after = ([(code.co_name, code.co_firstlineno) for code in codes] for codes in nested)
    if before != after:
        result.differ(where, "nested code", f"{before} != {after}")
        return
    for one, other in zip(*nested, strict=True):
        _compare(one, other, where, result)


def _compare_constants(plain: types.CodeType, traced: types.CodeType, where: str, result: Comparison) -> None:
    """Nothing that the plain code uses may be missing.

    What is new is ours, or the value of a ``return`` that a ``finally`` overrules: the compiler throws such a constant
    away, the rewritten code hands it on first.
    """
    gone = _constants(plain) - {_spelled(const) for const in traced.co_consts} - {_spelled(None)}
    if gone:
        result.differ(where, "constants gone", sorted(gone))


def _constants(code: types.CodeType) -> set[str]:
    """Constants by their type and text: ``1``, ``1.0`` and ``True`` are equal but not the same."""
    return {_spelled(const) for const in _loaded(code) if not isinstance(const, types.CodeType)}


def _loaded(code: types.CodeType) -> list[Any]:
    """The constants that some instruction uses: those of unreachable code are trimmed at the end of the list only."""
    units = list(_instructions(code))
    used = {
        argument
        for index, (operation, argument) in enumerate(units)
        if operation in _USES_CONSTANT and units[index + 1 : index + 2] != [(_POP_TOP, 0)]
    }
    return [code.co_consts[index] for index in sorted(used)]


def _spelled(constant: Any) -> str:
    text = sorted(map(_spelled, constant)) if isinstance(constant, frozenset) else repr(constant)
    return f"{type(constant).__name__} {text}"


def _docstring(code: types.CodeType) -> str | None:
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, {}, None, None, cells).__doc__


def _lines(code: types.CodeType) -> set[int]:
    return {line for _, _, line in code.co_lines() if line is not None}


def _written_lines(code: types.CodeType) -> set[int]:
    """The lines, but for those on which only the end of a handler is left.

    Python 3.11 and before put that, which stands nowhere, on the line of whatever was compiled before, reached or not.
    Rewritten code need not have such a line; but it has no line that the plain code has not.
    """
    raw = code.co_code
    return {
        line
        for start, end, line in code.co_lines()
        if line is not None and not _LEAVING_HANDLER.issuperset(raw[start:end:2])
    }


def _compare_places(plain: types.CodeType, traced: types.CodeType, where: str, result: Comparison) -> None:
    before, after = _places_of(plain), _places_of(traced)
    result.instructions += sum(before.events.values())
    for (operation, place), count in (before.events - after.events).items():
        if (operation, place) in after.events:
            result.copies += count
        else:
            result.differ(where, "place gone", f"{operation} at {place}")
    for (operation, place), count in (after.events - before.events).items():
        if (operation, place) in before.events and place not in after.hooks:
            result.copies += count
        elif not (_injected(operation, place, after) or before.calls_nothing(operation, place)):
            result.differ(where, "place new", f"{operation} at {place}")


def _injected(operation: str, place: Place, after: _Places) -> bool:
    """Whether an instruction belongs to an injected call, going by the places where the called functions are loaded."""
    if operation in _INJECTED_NOWHERE and place[0] is None:
        return True
    if operation in _INJECTED_CALLS:
        hooks = after.hooks
        return place in hooks or any(_holds(place, hook) for hook in hooks)
    return operation in _INJECTED and place in after.hooks


def _holds(statement: Place, hook: Place) -> bool:
    """Whether a hook is loaded on the lines of a statement: a call that carries a result stands at its ``return``."""
    last = statement[1] if len(statement) > 1 else hook[0]  # 3.10 does not know where a statement ends
    return hook[0] is not None and statement[0] <= hook[0] <= last


@dataclass
class _Places:
    """Every instruction that can raise with its place, and the places of calls, injected ones apart."""

    events: Counter[Event] = field(default_factory=Counter)
    hooks: set[Place] = field(default_factory=set)
    calls: set[Place] = field(default_factory=set)

    def calls_nothing(self, operation: str, place: Place) -> bool:
        """Whether it is a call where none of these begins, as at the keyword of a ``return``: it is not of the program.

        The function of such a call may be loaded at the place of what came before: see ``_first_of_format``.
        """
        return operation in _INJECTED_CALLS and len(place) > 1 and (place[0], place[2]) not in self.calls


def _places_of(code: types.CodeType) -> _Places:
    found = _Places()
    before: int | str | None = None
    grouped = any(operation == _CHECK_EG_MATCH for operation, _ in _instructions(code))
    for (operation, argument), place in zip(_instructions(code), _places(code), strict=True):
        name = _CANONICAL[operation]
        if name in _INJECTED_CALLS and len(place) > 1:
            found.calls.add((place[0], place[2]))
        if _cannot_raise(name, before, grouped):
            pass
        elif name is not None:
            found.events[name, place] += 1
        elif operation == _LOAD_CONST and is_hook(code.co_consts[argument]):
            found.hooks.add(place)
            before = _HOOK
            continue
        before = operation
    return found


def _cannot_raise(name: str | None, before: int | str | None, grouped: bool) -> bool:
    """Whether an instruction is one of the compiler's or of ours that never raises, going by the one before it.

    An ``except*`` appends to a list of its own, at the place of whatever came before.
    """
    if name == "DELETE_FAST":
        return before == _STORE_FAST  # the end of `except ... as name`
    return (name == "UNARY_NEGATIVE" and before == _HOOK) or (name == "LIST_APPEND" and grouped)


def _instructions(code: types.CodeType) -> Iterator[tuple[int, int]]:
    """(operation, argument) of every code unit, caches included."""
    extended = 0
    raw = code.co_code
    for index in range(0, len(raw), 2):
        operation, argument = raw[index], raw[index + 1] | extended
        extended = argument << 8 if operation == dis.EXTENDED_ARG else 0
        yield operation, argument


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
    if name == "LOAD_FAST" and _CHECKS_LOADS:
        return None
    return "YIELD_VALUE" if name == "SEND" else name


_CHECKS_LOADS = "LOAD_FAST_CHECK" in dis.opmap  # else every LOAD_FAST can raise
_CANONICAL = [_canonical(name) for name in dis.opname]
_USES_CONSTANT = frozenset(dis.hasconst)
_CHECK_EG_MATCH = dis.opmap.get("CHECK_EG_MATCH")
_HOOK = "hook"
_LEAVING_HANDLER = frozenset(dis.opmap.get(name) for name in ("COPY", "POP_EXCEPT", "RERAISE", "CACHE"))
_LOAD_CONST, _STORE_FAST, _POP_TOP = dis.opmap["LOAD_CONST"], dis.opmap["STORE_FAST"], dis.opmap["POP_TOP"]

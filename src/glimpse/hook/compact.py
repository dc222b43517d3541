"""Rewritten code as it is kept: in parts where it calls hooks, and with the places where they belong.

Every import of a kept module pays for this, function by function, and hardly for anything else. A code object cannot be
kept with functions among its constants, and to read one and replace its constants would make it twice. So functions are
kept as a table, a column for each argument of ``CodeType``, from which the interpreter makes all of them in one go: in
these, the hooks are the last constants, so that they can be added to the others.
"""

from __future__ import annotations

from itertools import repeat, starmap
from types import CodeType

from glimpse.compat import HAS_EXCEPTION_TABLE, HAS_QUALIFIED_CODE
from glimpse.hook.placeholder import hook_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final, TypeAlias

    _Place: TypeAlias = tuple[int, int]  # in which part, and where in it

__all__ = ["Compact", "compact", "expand"]

Compact: TypeAlias = "tuple[Any, tuple[str, ...]]"
"""The module's code, and the names of the hooks, none if nothing is to be put in.

A name ends in ``@number`` if its function belongs to another than the first of the policies that own the module.

Where there are some, the code is a tuple: the file's name; a table of functions; the sets of hooks that these call,
each of numbers of names; a table of what holds code that calls hooks, innermost first; and constants that this table
counts: plain code between other, and all of those of a row that has more than can be put into another order.

A table is the columns of what ``CodeType`` takes before the constants, the columns of names, and those of what it takes
after the file's name. Between them are the constants but for the hooks, and the number of the set that follows them.
The second table has one column more, of what follows these: numbers, counted through all hooks, the constants, the
functions, and what was made before.
"""

_BEFORE: Final = (
    "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags", "co_code",
)  # fmt: skip
_NAMES: Final = ("co_names", "co_varnames")
_AFTER: Final = (
    "co_name", *(["co_qualname"] if HAS_QUALIFIED_CODE else []), "co_firstlineno", "co_linetable",
    *(["co_exceptiontable"] if HAS_EXCEPTION_TABLE else []), "co_freevars", "co_cellvars",
)  # fmt: skip
_HOOK, _CONSTANT, _FUNCTION, _HOLDER = range(4)
"""The parts, in the order in which the constants of holders count through them."""
_BYTE: Final = 256  # as many constants can be loaded without an instruction that extends the argument


def compact(code: CodeType, owners: Mapping[str, int] | None = None) -> Compact:
    """Take a module's code apart.

    :param owners: the numbers of the owning policies by their sites' keys, where they are not all 0.
    """
    parts = _Parts(owners or {})
    return (code if parts.take_in(code) is None else parts.whole(code.co_filename)), tuple(parts.names)


def expand(kept: Compact, functions: Mapping[str, object]) -> CodeType:
    """The code with the functions that stand behind the hooks' names."""
    body, names = kept
    if not names:
        return body  # type: ignore[no-any-return]
    filename, (before, constants, sets, used, after), members, holders, others = body
    files = repeat(filename)
    pool: list[Any] = [functions[name] for name in names]
    of_set = [tuple([pool[hook] for hook in each]) for each in members]
    with_hooks = [each + of_set[number] for each, number in zip(constants, sets, strict=True)]
    pool += others
    # not by map: it would put the arguments of each call into a tuple of its own, where zip has one for all
    arguments = zip(*before, with_hooks, *used, files, *after, strict=False)
    pool += starmap(CodeType, arguments)
    before, constants, sets, numbers, used, after = holders
    with_held = (
        each + of_set[number] + tuple([pool[place] for place in held])
        for each, number, held in zip(constants, sets, numbers, strict=True)
    )
    arguments = zip(*before, with_held, *used, files, *after, strict=False)
    for code in starmap(CodeType, arguments):
        pool.append(code)
    return pool[-1]  # type: ignore[no-any-return]


class _Parts:
    """Code objects that are taken apart, each after those that it holds."""

    def __init__(self, owners: Mapping[str, int]) -> None:
        self.names: dict[str, int] = {}
        self._owners = owners
        self._sets: dict[tuple[int, ...], int] = {}
        self._functions: list[dict[str, Any]] = []
        self._holders: list[dict[str, Any]] = []
        self._constants: list[Any] = []  # of holders
        self._known: dict[Any, Any] = {}  # equal parts become one object, which is read once

    def take_in(self, code: CodeType) -> _Place | None:
        """Where the code is among those taken in; None if there is nothing to put into it."""
        constants = code.co_consts
        hooks = self._hooks(constants)
        nested = {place: self.take_in(each) for place, each in enumerate(constants) if isinstance(each, CodeType)}
        held: dict[int, _Place] = {}
        if any(nested.values()):  # what is plain stays in its order among the others
            held = {position: place or self._kept(constants[position]) for position, place in nested.items()}
        elif not hooks:
            return None
        values = {name: self._one(getattr(code, name)) for name in (*_BEFORE, *_NAMES, *_AFTER)}
        if len(constants) > _BYTE:
            held.update((position, (_HOOK, number)) for position, number in hooks.items())
            places = [held.get(position) or self._kept(each) for position, each in enumerate(constants)]
            own = {"constants": (), "set": self._set(()), "places": places}
        else:
            own = {**self._with_hooks_last(code, hooks, held), "places": list(held.values())}
        part, rows = (_HOLDER, self._holders) if own["places"] else (_FUNCTION, self._functions)
        rows.append({**values, **own})
        return part, len(rows) - 1

    def whole(self, filename: str) -> tuple[Any, ...]:
        """All that was taken in."""
        sizes = (len(self.names), len(self._constants), len(self._functions))
        for each in self._holders:
            each["numbers"] = _column([sum(sizes[:part]) + number for part, number in each["places"]])
        return (
            filename,
            _table(self._functions, "constants", "set"),
            tuple(self._sets),
            _table(self._holders, "constants", "set", "numbers"),
            tuple(self._constants),
        )

    def _hooks(self, constants: tuple[Any, ...]) -> dict[int, int]:
        """The numbers of the hooks' names by their positions."""
        owners = self._owners
        number = next((owners[each] for each in constants if type(each) is str and each in owners), 0) if owners else 0
        suffix = f"@{number}" if number else ""
        return {
            position: self.names.setdefault(name + suffix, len(self.names))
            for position, each in enumerate(constants)
            if type(each) is frozenset and (name := hook_name(each)) is not None
        }

    def _with_hooks_last(self, code: CodeType, hooks: Mapping[int, int], held: Mapping[int, _Place]) -> dict[str, Any]:
        """The constants in another order, first those that can be kept as they are, last the code that is held."""
        others = [position for position in range(len(code.co_consts)) if position not in hooks and position not in held]
        return {
            "co_code": _with_constants_at(code.co_code, [*others, *hooks, *held]),
            "constants": tuple(code.co_consts[position] for position in others),
            "set": self._set(tuple(hooks.values())),
        }

    def _set(self, numbers: tuple[int, ...]) -> int:
        return self._sets.setdefault(numbers, len(self._sets))

    def _kept(self, constant: Any) -> _Place:
        self._constants.append(constant)
        return _CONSTANT, len(self._constants) - 1

    def _one(self, value: Any) -> Any:
        return self._known.setdefault((type(value), value), value)


def _table(rows: list[dict[str, Any]], *own: str) -> tuple[Any, ...]:
    """The columns of the rows; ``own`` are those that other tables do not have."""
    before, owned, names, after = (
        tuple(_column([row[name] for row in rows]) for name in each) for each in (_BEFORE, own, _NAMES, _AFTER)
    )
    return before, *owned, names, after


def _column(values: list[Any]) -> Sequence[Any]:
    """The values, small numbers as bytes: these are read at once."""
    small = all(type(each) is int and 0 <= each < _BYTE for each in values)
    return bytes(values) if small else tuple(values)


def _with_constants_at(code: bytes, positions: list[int]) -> bytes:
    """Instructions for constants in another order.

    :param positions: where each one was before.
    """
    from opcode import hasconst

    operations, before = code[::2], code[1::2]
    after = bytearray(before)
    now = {before: after for after, before in enumerate(positions)}
    for operation in hasconst:
        unit = operations.find(operation) if operation < _BYTE else -1  # beyond, they are the compiler's own
        while unit >= 0:
            after[unit] = now[before[unit]]
            unit = operations.find(operation, unit + 1)
    changed = bytearray(code)
    changed[1::2] = after
    return bytes(changed)

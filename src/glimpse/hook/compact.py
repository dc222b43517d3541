"""Rewritten code as it is kept: in parts where it calls hooks, and with the places where they belong.

Every import of a kept module pays for this, function by function, and hardly for anything else. A code object cannot be
kept with functions among its constants, and to read one and replace its constants would make it twice.
"""

from __future__ import annotations

from types import CodeType

from glimpse.compat import HAS_EXCEPTION_TABLE, HAS_QUALIFIED_CODE
from glimpse.hook.placeholder import hook_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, TypeAlias

__all__ = ["Compact", "compact", "expand"]

Compact: TypeAlias = "tuple[Any, tuple[str, ...]]"
"""The module's code, and the names of the hooks, none if nothing is to be put in.

A name ends in ``@number`` if its function belongs to another than the first of the policies that own the module.

In the place of a code object that calls hooks, or holds one that does, stands a tuple: what ``CodeType`` takes before
the constants; the constants; what it takes after them; the pairs of (position among the constants, number of the hook);
and the positions of the constants that are such tuples.
"""

_BEFORE: Final = (
    "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags", "co_code",
)  # fmt: skip
_AFTER: Final = (
    "co_names", "co_varnames", "co_filename", "co_name", *(["co_qualname"] if HAS_QUALIFIED_CODE else []),
    "co_firstlineno", "co_linetable",
    *(["co_exceptiontable"] if HAS_EXCEPTION_TABLE else []), "co_freevars", "co_cellvars",
)  # fmt: skip


def compact(code: CodeType, owners: Mapping[str, int] | None = None) -> Compact:
    """Take a module's code apart.

    :param owners: the numbers of the owning policies by their sites' keys, where they are not all 0.
    """
    names: dict[str, int] = {}
    known: dict[Any, Any] = {}  # equal parts become one object, which is read once
    return _taken_apart(code, names, known, owners or {}), tuple(names)


def expand(kept: Compact, function: Callable[[str], object]) -> CodeType:
    """The code with the functions that ``function`` gives for the hooks' names."""
    body, names = kept
    return _put_together(body, [function(name) for name in names]) if names else body


def _taken_apart(code: CodeType, names: dict[str, int], known: dict[Any, Any], owners: Mapping[str, int]) -> Any:
    constants: list[Any] = list(code.co_consts)
    number = next((owners[each] for each in constants if type(each) is str and each in owners), 0) if owners else 0
    suffix = f"@{number}" if number else ""
    hooks, nested = [], []
    for position, constant in enumerate(constants):
        if isinstance(constant, CodeType):
            constants[position] = _taken_apart(constant, names, known, owners)
            if constants[position] is not constant:
                nested.append(position)
        elif type(constant) is frozenset and (name := hook_name(constant)) is not None:
            constants[position] = None
            hooks.append(_one((position, names.setdefault(name + suffix, len(names))), known))
    if not hooks and not nested:
        return code
    before, after = (tuple(getattr(code, name) for name in each) for each in (_BEFORE, _AFTER))
    return before, tuple(constants), after, _one(tuple(hooks), known), _one(tuple(nested), known)


def _one(value: Any, known: dict[Any, Any]) -> Any:
    return known.setdefault(value, value)


def _put_together(parts: Any, functions: list[object], make: Callable[..., CodeType] = CodeType) -> CodeType:
    before, kept, after, hooks, nested = parts
    constants = list(kept)
    for position, number in hooks:
        constants[position] = functions[number]
    for position in nested:
        constants[position] = _put_together(constants[position], functions)
    return make(*before, tuple(constants), *after)

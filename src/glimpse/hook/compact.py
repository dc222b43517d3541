"""Rewritten code in the form in which it is kept: without placeholders, and with a plan of where the hooks belong.

Every import of a kept module pays for this, function by function, and hardly for anything else: placeholders cost more
to read than to leave out, and to search the constants costs more than to know the places.
"""

from __future__ import annotations

from types import CodeType

from glimpse.hook.placeholder import hook_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

__all__ = ["Compact", "compact", "expand"]

Compact: TypeAlias = "tuple[CodeType, tuple[str, ...], Any]"
"""The code with None for each placeholder; the names of the hooks; and the plan, None if there is nothing to put in.

A name ends in ``@number`` if its function belongs to another than the first of the policies that own the module.

A plan is, for one code object, the pairs of (position among the constants, number of the hook), and the pairs of
(position, plan) of the code nested in it that has hooks.
"""


def compact(code: CodeType, owners: Mapping[str, int] | None = None) -> Compact:
    """Take the placeholders out of a module's code.

    :param owners: the numbers of the owning policies by their sites' keys, where they are not all 0.
    """
    names: dict[str, int] = {}
    known: dict[Any, Any] = {}  # equal parts of plans become one object, which is read once
    stripped, plan = _take_out(code, names, known, owners or {})
    return stripped, tuple(names), plan


def expand(kept: Compact, function: Callable[[str], object]) -> CodeType:
    """The code with the functions that ``function`` gives for the hooks' names."""
    code, names, plan = kept
    return code if plan is None else _put_in(code, plan, [function(name) for name in names])


def _take_out(
    code: CodeType, names: dict[str, int], known: dict[Any, Any], owners: Mapping[str, int]
) -> tuple[CodeType, Any]:
    constants = list(code.co_consts)
    number = next((owners[each] for each in constants if type(each) is str and each in owners), 0) if owners else 0
    suffix = f"@{number}" if number else ""
    hooks, nested = [], []
    for position, constant in enumerate(constants):
        if isinstance(constant, CodeType):
            constants[position], plan = _take_out(constant, names, known, owners)
            if plan is not None:
                nested.append((position, plan))
        elif type(constant) is frozenset and (name := hook_name(constant)) is not None:
            constants[position] = None
            hooks.append(_one((position, names.setdefault(name + suffix, len(names))), known))
    if not hooks and not nested:
        return code, None
    plan = (_one(tuple(hooks), known), _one(tuple(nested), known))
    return code.replace(co_consts=tuple(constants)), _one(plan, known)


def _one(value: Any, known: dict[Any, Any]) -> Any:
    return known.setdefault(value, value)


def _put_in(code: CodeType, plan: Any, functions: list[object]) -> CodeType:
    constants = list(code.co_consts)
    hooks, nested = plan
    for position, number in hooks:
        constants[position] = functions[number]
    for position, inner in nested:
        constants[position] = _put_in(constants[position], inner, functions)
    return code.replace(co_consts=tuple(constants))

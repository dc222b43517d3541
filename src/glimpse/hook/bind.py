"""Cached or freshly compiled code, made runnable: placeholders become the probe's functions."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

from ..probe import hooks
from .placeholder import hook_name

__all__ = ["bind"]


def bind(code: CodeType, slot: int = 0) -> CodeType:
    """The same code, nested code included, calling the probe's functions of this slot.

    A warm start does this for every function of every instrumented module: it must stay this short.
    """
    return _bound(code, hooks.slot(slot).constant)


def _bound(code: CodeType, constant: Callable[[str], object]) -> CodeType:
    consts = list(code.co_consts)
    changed = False
    for index, const in enumerate(consts):
        if type(const) is CodeType:
            bound = _bound(const, constant)
            if bound is not const:
                consts[index] = bound
                changed = True
        elif type(const) is frozenset:
            name = hook_name(const)
            if name is not None:
                consts[index] = constant(name)
                changed = True
    return code.replace(co_consts=tuple(consts)) if changed else code

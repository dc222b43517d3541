"""Kinds of what stands in classes, by the identity of their type: asking ``isinstance`` would run code of the class."""

from __future__ import annotations

from collections import namedtuple
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["C_METHODS", "FUNCTIONS", "ITEM_OF_TUPLE", "PLACES", "SHADOWED", "STAYING"]

C_METHODS: Final = frozenset(map(id, (WrapperDescriptorType, MethodDescriptorType)))
FUNCTIONS: Final = frozenset(map(id, (FunctionType, BuiltinFunctionType, MethodType))) | C_METHODS
ITEM_OF_TUPLE: Final = type(namedtuple("ITEM_OF_TUPLE", "first").__dict__["first"])
PLACES: Final = frozenset(map(id, (MemberDescriptorType, GetSetDescriptorType, ITEM_OF_TUPLE)))
SHADOWED: Final = frozenset(map(id, (tuple, staticmethod, classmethod))) | FUNCTIONS
STAYING: Final = frozenset(map(id, (str, CodeType, ModuleType))) | FUNCTIONS

"""What the instructions do that move values, read attributes and items, and make texts."""

from __future__ import annotations

import dis

from .frames import Frame, has, step
from .places import EMPTY, NULL, PLAIN, Known, RefusedError, Site, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MARKS_CALLS = has("PUSH_NULL")  # a function to be called is loaded with a NULL, or with what it is a method of
_HAS_LOAD_METHOD = has("LOAD_METHOD")

__all__: list[str] = []

# -- nothing, the stack, and variables --------------------------------------------------------------------------------


@step(
    "NOP", "RESUME", "CACHE", "PRECALL", "COPY_FREE_VARS", "MAKE_CELL", "EXTENDED_ARG", "GEN_START", "POP_BLOCK",
    "LIST_TO_TUPLE", "DELETE_FAST",
)  # fmt: skip
def _nothing(_frame: Frame, _each: Any) -> None:
    pass


@step("POP_TOP")
def _pop(frame: Frame, _each: Any) -> None:
    frame.pop()


@step("POP_EXCEPT")
def _pop_except(frame: Frame, _each: Any) -> None:
    frame.pops(-dis.stack_effect(dis.opmap["POP_EXCEPT"]))


@step("END_FOR")
def _end_for(frame: Frame, _each: Any) -> None:
    frame.pops(-dis.stack_effect(dis.opmap["END_FOR"]))


@step("PUSH_NULL")
def _null(frame: Frame, _each: Any) -> None:
    frame.push(NULL)


@step("RETURN_GENERATOR", "LOAD_CLOSURE")
def _plain(frame: Frame, _each: Any) -> None:
    frame.push(PLAIN)


@step("ROT_TWO", "ROT_THREE", "ROT_FOUR", "ROT_N")
def _rotate(frame: Frame, each: Any) -> None:
    count = {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}.get(each.opname, each.arg)
    *lower, top = frame.pops(count)
    frame.push(top, *lower)


@step("DUP_TOP", "DUP_TOP_TWO", "COPY")
def _duplicate(frame: Frame, each: Any) -> None:
    if each.opname == "COPY":
        taken = frame.pops(each.arg)
        frame.push(*taken, taken[0])
        return
    taken = frame.pops(2 if each.opname == "DUP_TOP_TWO" else 1)
    frame.push(*taken, *taken)


@step("SWAP")
def _swap(frame: Frame, each: Any) -> None:
    first, *middle, last = frame.pops(each.arg)
    frame.push(last, *middle, first)


@step("LOAD_CONST")
def _constant(frame: Frame, each: Any) -> None:
    frame.push(frame.meaning.constant(each.argval))


@step("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_AND_CLEAR", "LOAD_FAST_LOAD_FAST")
def _load(frame: Frame, each: Any) -> None:
    names = each.argval if type(each.argval) is tuple else (each.argval,)
    frame.push(*map(frame.variables.read, names))


@step("STORE_FAST", "STORE_FAST_STORE_FAST")
def _store(frame: Frame, each: Any) -> None:
    for name in each.argval if type(each.argval) is tuple else (each.argval,):
        frame.variables.add(name, frame.pop())


@step("STORE_FAST_LOAD_FAST")
def _store_load(frame: Frame, each: Any) -> None:
    stored, loaded = each.argval
    frame.variables.add(stored, frame.pop())
    frame.push(frame.variables.read(loaded))


@step("LOAD_DEREF")
def _load_free(frame: Frame, each: Any) -> None:
    frame.push(frame.free(each.argval))


@step("STORE_DEREF")
def _store_free(frame: Frame, each: Any) -> None:
    if each.argval not in frame.code.co_cellvars:
        raise RefusedError("sets a variable of an outer function")
    frame.variables.add(each.argval, frame.pop())


@step("LOAD_GLOBAL")
def _global(frame: Frame, each: Any) -> None:
    value = frame.scope.names(each.argval)
    frame.push(*((NULL, value) if _MARKS_CALLS and each.arg & 1 else (value,)))


@step("LOAD_ASSERTION_ERROR")
def _assertion(frame: Frame, _each: Any) -> None:
    frame.push(frozenset({Known(AssertionError)}))


# -- attributes, items, operators ------------------------------------------------------------------------------------


@step("LOAD_ATTR", "LOAD_METHOD")
def _attribute(frame: Frame, each: Any) -> None:
    found = frame.meaning.attribute(frame.pop(), each.argval)
    called = each.opname == "LOAD_METHOD" or (not _HAS_LOAD_METHOD and each.arg & 1)
    frame.push(*((NULL, found) if called else (found,)))


@step("LOAD_SUPER_ATTR")
def _super_attribute(frame: Frame, each: Any) -> None:
    _super, after, receiver = frame.pops(3)
    found = frame.meaning.super_attribute(after, receiver, each.argval)
    frame.push(*((NULL, found) if each.arg & 1 else (found,)))


@step("BINARY_SUBSCR", "BINARY_SLICE")
def _item(frame: Frame, each: Any) -> None:
    keys = frame.pops(1 if each.opname == "BINARY_SUBSCR" else 2)
    container = frame.pop()
    for key in keys:
        for op in ("__index__", "__hash__", "__eq__"):
            frame.meaning.do(op, key)
    frame.push(frame.meaning.item(container, keys))


@step("STORE_SUBSCR", "DELETE_SUBSCR")
def _set_item(frame: Frame, each: Any) -> None:
    container, key = frame.pops(2)
    value = frame.pop() if each.opname == "STORE_SUBSCR" else EMPTY
    for each_container in container:
        if type(each_container) is not Site:
            raise RefusedError("sets an item")
        frame.meaning.contents.add(each_container, key | value)
    frame.meaning.do("__hash__", key)
    frame.meaning.do("__eq__", key)


@step("UNARY_NOT", "TO_BOOL")
def _truth(frame: Frame, _each: Any) -> None:
    ask_truth(frame, frame.pop())
    frame.push(PLAIN)


def ask_truth(frame: Frame, values: Values) -> None:
    frame.meaning.do("__bool__", values)
    frame.meaning.do("__len__", values)


@step("UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_POSITIVE")
def _unary(frame: Frame, _each: Any) -> None:
    frame.push(frame.meaning.operate(frame.pop(), EMPTY, "-", frame.site()))


_SIGNS = {
    "ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "TRUE_DIVIDE": "/", "FLOOR_DIVIDE": "//", "MODULO": "%",
    "POWER": "**", "AND": "&", "OR": "|", "XOR": "^", "LSHIFT": "<<", "RSHIFT": ">>",
}  # fmt: skip


@step("BINARY_OP", *(f"{kind}_{name}" for kind in ("BINARY", "INPLACE") for name in _SIGNS))
def _operator(frame: Frame, each: Any) -> None:
    left, right = frame.pops(2)
    kind, _, name = each.opname.partition("_")
    sign = each.argrepr if name == "OP" else _SIGNS[name] + ("=" if kind == "INPLACE" else "")
    frame.push(frame.meaning.operate(left, right, sign, frame.site()))


_COMPARISONS = {
    "==": ("__eq__",), "!=": ("__ne__", "__eq__"), "<": ("__lt__", "__gt__"), ">": ("__lt__", "__gt__"),
    "<=": ("__le__", "__ge__"), ">=": ("__le__", "__ge__"),
}  # fmt: skip


@step("COMPARE_OP")
def _compare(frame: Frame, each: Any) -> None:
    both = EMPTY.union(*frame.pops(2))
    for op in _COMPARISONS[each.argval]:
        frame.meaning.do(op, both)
    frame.push(PLAIN)


@step("IS_OP")
def _is(frame: Frame, _each: Any) -> None:
    frame.pops(2)
    frame.push(PLAIN)


@step("CONTAINS_OP")
def _contains(frame: Frame, _each: Any) -> None:
    item, container = frame.pops(2)
    for op in ("__hash__", "__eq__"):
        frame.meaning.do(op, item)
    frame.meaning.do("__contains__", container)
    frame.meaning.do("__eq__", container)
    frame.push(PLAIN)


# -- texts -----------------------------------------------------------------------------------------------------------

_CONVERSIONS = {0: "__format__", 1: "__str__", 2: "__repr__", 3: "__repr__"}


@step("FORMAT_VALUE")
def _format(frame: Frame, each: Any) -> None:
    if each.arg & 4:
        frame.meaning.do("__str__", frame.pop())
    frame.meaning.do(_CONVERSIONS[each.arg & 3], frame.pop())
    frame.push(PLAIN)


@step("CONVERT_VALUE")
def _convert(frame: Frame, each: Any) -> None:
    frame.meaning.do(_CONVERSIONS[each.arg], frame.pop())
    frame.push(PLAIN)


@step("FORMAT_SIMPLE", "FORMAT_WITH_SPEC")
def _format_simple(frame: Frame, each: Any) -> None:
    if each.opname == "FORMAT_WITH_SPEC":
        frame.meaning.do("__str__", frame.pop())
    frame.meaning.do("__format__", frame.pop())
    frame.push(PLAIN)


@step("BUILD_STRING", "BUILD_SLICE")
def _built(frame: Frame, each: Any) -> None:
    for part in frame.pops(each.arg):
        frame.meaning.do("__index__", part)
    frame.push(PLAIN)

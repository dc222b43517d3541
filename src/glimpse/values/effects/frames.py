"""Runs a code object with possibilities in the place of values, instruction by instruction: nothing is executed.

Only the stack follows the flow of control. What variables may hold is collected over the whole function, and all is
looked through again for as long as that becomes more. An instruction that is not known here is refused.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from types import CodeType
from typing import Any, Protocol, TypeAlias

from .places import ANY, EMPTY, NULL, PLAIN, UNKNOWN, Arguments, Known, Made, Memory, Refused, Site, Values

__all__ = ["GENERATOR", "Frame", "Meaning", "Scope"]

GENERATOR = 0x20
_COROUTINE = 0x80 | 0x200
_MOST_INSTRUCTIONS = 5000



def _has(instruction: str) -> bool:
    """Whether this interpreter has the instruction: from 256 on, there are names that only the compiler uses."""
    return dis.opmap.get(instruction, 256) < 256


_MARKS_CALLS = _has("PUSH_NULL")  # a function to be called is loaded together with a NULL, or with what it is a method of
_HAS_LOAD_METHOD = _has("LOAD_METHOD")
_HAS_END_FOR = _has("END_FOR")

Step: TypeAlias = "Callable[[Frame, Any], None]"
_STEPS: dict[str, Step] = {}


class Meaning(Protocol):
    """What instructions mean for the values that they meet."""

    contents: Memory
    steps: int

    def do(self, op: str, values: Values) -> None: ...
    def attribute(self, values: Values, name: str) -> Values: ...
    def super_attribute(self, after: Values, receiver: Values, name: str) -> Values: ...
    def elements(self, values: Values) -> Values: ...
    def call(self, callees: Values, arguments: Arguments, site: Site) -> Values: ...
    def operate(self, left: Values, right: Values, sign: str, site: Site) -> Values: ...
    def constant(self, value: Any) -> Values: ...


class Scope:
    """Where the names are found that are not variables of the function itself."""

    def __init__(self, names: Callable[[str], Values], free: Callable[[str], Values]) -> None:
        self.names = names
        self.free = free


class Frame:
    """One function, called with some possible arguments."""

    def __init__(self, meaning: Meaning, code: CodeType, scope: Scope, variables: Memory) -> None:
        if code.co_flags & _COROUTINE:
            raise Refused("makes a coroutine")
        self.meaning = meaning
        self.code = code
        self.scope = scope
        self.variables = variables
        self.yielded = Site()
        self.stack: list[Values] | None = []
        self.results: Values = EMPTY
        self.grew = False
        self._keywords: tuple[str, ...] = ()
        self._stacks: dict[int, list[Values]] = {}
        self._made: dict[tuple[int, str], Any] = {}
        listing = dis.Bytecode(code)
        self._instructions = list(listing)
        self._handlers: tuple[Any, ...] = tuple(getattr(listing, "exception_entries", ()))
        self._offset = 0

    def run(self) -> None:
        """Look through all instructions once, in their order."""
        self.stack = []
        self.grew = False
        handlers = list(self._handlers)
        self.meaning.steps += len(self._instructions)
        if self.meaning.steps > _MOST_INSTRUCTIONS:
            raise Refused("is long")
        for each in self._instructions:
            self._offset = each.offset
            if each.is_jump_target or each.offset in self._stacks:
                self._meet(each.offset)
            if self.stack is None:
                continue
            if handlers:
                handlers = [handler for handler in handlers if not self._guards(handler)]
            step = _STEPS.get(each.opname)
            if step is None:
                raise Refused(f"uses {each.opname}")
            step(self, each)

    def free(self, name: str) -> Values:
        """What a variable of an outer function may hold, or one that inner functions use."""
        return self.variables.read(name) if name in self.code.co_cellvars else self.scope.free(name)

    def pop(self) -> Values:
        """Take the top of the stack."""
        if not self.stack:
            raise Refused("confuses the stack")
        return self.stack.pop()

    def pops(self, count: int) -> list[Values]:
        """Take that many, the deepest first."""
        return [self.pop() for _ in range(count)][::-1]

    def push(self, *values: Values) -> None:
        """Put on the stack."""
        if self.stack is not None:
            self.stack.extend(values)

    def jump(self, target: int, stack: list[Values] | None = None) -> None:
        """Remember that control may go there with this stack."""
        arriving = list(self.stack or ()) if stack is None else stack
        known = self._stacks.get(target)
        if known is None:
            self._stacks[target] = arriving
            self.grew |= target < self._offset
            return
        if len(known) != len(arriving):
            raise Refused("confuses the stack")
        merged = [old | new for old, new in zip(known, arriving, strict=True)]
        if merged != known:
            self._stacks[target] = merged
            self.grew |= target < self._offset

    def site(self, name: str = "") -> Site:
        """The container that this instruction makes: the same one each time."""
        return self._keep(name, Site)  # type: ignore[no-any-return]

    def make(self, code: CodeType, defaults: Values) -> Made:
        """The function that this instruction makes."""
        return self._keep("function", lambda: Made(code, self, defaults))  # type: ignore[no-any-return]

    def container(self, contents: Values) -> Values:
        """A new container of these."""
        site = self.site()
        self.meaning.contents.add(site, contents)
        return frozenset({site})

    def take_keywords(self) -> tuple[str, ...]:
        """The names of the next call's last arguments."""
        keywords, self._keywords = self._keywords, ()
        return keywords

    def keep_keywords(self, keywords: tuple[str, ...]) -> None:
        """Names for the next call."""
        self._keywords = keywords

    def _keep(self, name: str, make: Callable[[], Any]) -> Any:
        key = (self._offset, name)
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _meet(self, offset: int) -> None:
        if self.stack is not None:
            self.jump(offset)
        arriving = self._stacks.get(offset)
        self.stack = None if arriving is None else list(arriving)

    def _guards(self, handler: Any) -> bool:
        if self.stack is None or not handler.start <= self._offset < handler.end:
            return False
        caught = [UNKNOWN] * (2 if handler.lasti else 1)
        self.jump(handler.target, [*self.stack[: handler.depth], *caught])
        return True


def _step(*names: str) -> Callable[[Step], Step]:
    def keep(step: Step) -> Step:
        _STEPS.update(dict.fromkeys(names, step))
        return step

    return keep


# -- nothing, the stack, and variables --------------------------------------------------------------------------------


@_step(
    "NOP", "RESUME", "CACHE", "PRECALL", "COPY_FREE_VARS", "MAKE_CELL", "EXTENDED_ARG", "GEN_START", "POP_BLOCK",
    "LIST_TO_TUPLE", "DELETE_FAST",
)  # fmt: skip
def _nothing(_frame: Frame, _each: Any) -> None:
    pass


@_step("POP_TOP")
def _pop(frame: Frame, _each: Any) -> None:
    frame.pop()


@_step("POP_EXCEPT")
def _pop_except(frame: Frame, _each: Any) -> None:
    frame.pops(-dis.stack_effect(dis.opmap["POP_EXCEPT"]))


@_step("END_FOR")
def _end_for(frame: Frame, _each: Any) -> None:
    frame.pops(-dis.stack_effect(dis.opmap["END_FOR"]))


@_step("PUSH_NULL")
def _null(frame: Frame, _each: Any) -> None:
    frame.push(NULL)


@_step("RETURN_GENERATOR", "LOAD_CLOSURE")
def _plain(frame: Frame, _each: Any) -> None:
    frame.push(PLAIN)


@_step("ROT_TWO", "ROT_THREE", "ROT_FOUR", "ROT_N")
def _rotate(frame: Frame, each: Any) -> None:
    count = {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}.get(each.opname, each.arg)
    *lower, top = frame.pops(count)
    frame.push(top, *lower)


@_step("DUP_TOP", "DUP_TOP_TWO", "COPY")
def _duplicate(frame: Frame, each: Any) -> None:
    if each.opname == "COPY":
        taken = frame.pops(each.arg)
        frame.push(*taken, taken[0])
        return
    taken = frame.pops(2 if each.opname == "DUP_TOP_TWO" else 1)
    frame.push(*taken, *taken)


@_step("SWAP")
def _swap(frame: Frame, each: Any) -> None:
    first, *middle, last = frame.pops(each.arg)
    frame.push(last, *middle, first)


@_step("LOAD_CONST")
def _constant(frame: Frame, each: Any) -> None:
    frame.push(frame.meaning.constant(each.argval))


@_step("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_AND_CLEAR", "LOAD_FAST_LOAD_FAST")
def _load(frame: Frame, each: Any) -> None:
    names = each.argval if type(each.argval) is tuple else (each.argval,)
    frame.push(*map(frame.variables.read, names))


@_step("STORE_FAST", "STORE_FAST_STORE_FAST")
def _store(frame: Frame, each: Any) -> None:
    for name in each.argval if type(each.argval) is tuple else (each.argval,):
        frame.variables.add(name, frame.pop())


@_step("STORE_FAST_LOAD_FAST")
def _store_load(frame: Frame, each: Any) -> None:
    stored, loaded = each.argval
    frame.variables.add(stored, frame.pop())
    frame.push(frame.variables.read(loaded))


@_step("LOAD_DEREF")
def _load_free(frame: Frame, each: Any) -> None:
    frame.push(frame.free(each.argval))


@_step("STORE_DEREF")
def _store_free(frame: Frame, each: Any) -> None:
    if each.argval not in frame.code.co_cellvars:
        raise Refused("sets a variable of an outer function")
    frame.variables.add(each.argval, frame.pop())


@_step("LOAD_GLOBAL")
def _global(frame: Frame, each: Any) -> None:
    value = frame.scope.names(each.argval)
    frame.push(*((NULL, value) if _MARKS_CALLS and each.arg & 1 else (value,)))


@_step("LOAD_ASSERTION_ERROR")
def _assertion(frame: Frame, _each: Any) -> None:
    frame.push(frozenset({Known(AssertionError)}))


# -- attributes, items, operators ---------------------------------------------------------------------------------------


@_step("LOAD_ATTR", "LOAD_METHOD")
def _attribute(frame: Frame, each: Any) -> None:
    found = frame.meaning.attribute(frame.pop(), each.argval)
    called = each.opname == "LOAD_METHOD" or (not _HAS_LOAD_METHOD and each.arg & 1)
    frame.push(*((NULL, found) if called else (found,)))


@_step("LOAD_SUPER_ATTR")
def _super_attribute(frame: Frame, each: Any) -> None:
    _super, after, receiver = frame.pops(3)
    found = frame.meaning.super_attribute(after, receiver, each.argval)
    frame.push(*((NULL, found) if each.arg & 1 else (found,)))


@_step("BINARY_SUBSCR", "BINARY_SLICE")
def _item(frame: Frame, each: Any) -> None:
    *keys, = frame.pops(1 if each.opname == "BINARY_SUBSCR" else 2)
    container = frame.pop()
    for key in keys:
        for op in ("__index__", "__hash__", "__eq__"):
            frame.meaning.do(op, key)
    frame.meaning.do("__getitem__", container)
    frame.push(frame.meaning.elements(container) | container)


@_step("STORE_SUBSCR", "DELETE_SUBSCR")
def _set_item(frame: Frame, each: Any) -> None:
    container, key = frame.pops(2)
    value = frame.pop() if each.opname == "STORE_SUBSCR" else EMPTY
    for each_container in container:
        if type(each_container) is not Site:
            raise Refused("sets an item")
        frame.meaning.contents.add(each_container, key | value)
    frame.meaning.do("__hash__", key)
    frame.meaning.do("__eq__", key)


@_step("UNARY_NOT", "TO_BOOL")
def _truth(frame: Frame, _each: Any) -> None:
    _ask_truth(frame, frame.pop())
    frame.push(PLAIN)


def _ask_truth(frame: Frame, values: Values) -> None:
    frame.meaning.do("__bool__", values)
    frame.meaning.do("__len__", values)


@_step("UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_POSITIVE")
def _unary(frame: Frame, _each: Any) -> None:
    frame.push(frame.meaning.operate(frame.pop(), EMPTY, "-", frame.site()))


_SIGNS = {
    "ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "TRUE_DIVIDE": "/", "FLOOR_DIVIDE": "//", "MODULO": "%",
    "POWER": "**", "AND": "&", "OR": "|", "XOR": "^", "LSHIFT": "<<", "RSHIFT": ">>",
}  # fmt: skip


@_step("BINARY_OP", *(f"{kind}_{name}" for kind in ("BINARY", "INPLACE") for name in _SIGNS))
def _operator(frame: Frame, each: Any) -> None:
    left, right = frame.pops(2)
    kind, _, name = each.opname.partition("_")
    sign = each.argrepr if name == "OP" else _SIGNS[name] + ("=" if kind == "INPLACE" else "")
    frame.push(frame.meaning.operate(left, right, sign, frame.site()))


_COMPARISONS = {
    "==": ("__eq__",), "!=": ("__ne__", "__eq__"), "<": ("__lt__", "__gt__"), ">": ("__lt__", "__gt__"),
    "<=": ("__le__", "__ge__"), ">=": ("__le__", "__ge__"),
}  # fmt: skip


@_step("COMPARE_OP")
def _compare(frame: Frame, each: Any) -> None:
    both = frozenset[Any]().union(*frame.pops(2))
    for op in _COMPARISONS[each.argval]:
        frame.meaning.do(op, both)
    frame.push(PLAIN)


@_step("IS_OP")
def _is(frame: Frame, _each: Any) -> None:
    frame.pops(2)
    frame.push(PLAIN)


@_step("CONTAINS_OP")
def _contains(frame: Frame, _each: Any) -> None:
    item, container = frame.pops(2)
    for op in ("__hash__", "__eq__"):
        frame.meaning.do(op, item)
    frame.meaning.do("__contains__", container)
    frame.meaning.do("__eq__", container)
    frame.push(PLAIN)


# -- texts ------------------------------------------------------------------------------------------------------------

_CONVERSIONS = {0: "__format__", 1: "__str__", 2: "__repr__", 3: "__repr__"}


@_step("FORMAT_VALUE")
def _format(frame: Frame, each: Any) -> None:
    if each.arg & 4:
        frame.meaning.do("__str__", frame.pop())
    frame.meaning.do(_CONVERSIONS[each.arg & 3], frame.pop())
    frame.push(PLAIN)


@_step("CONVERT_VALUE")
def _convert(frame: Frame, each: Any) -> None:
    frame.meaning.do(_CONVERSIONS[each.arg], frame.pop())
    frame.push(PLAIN)


@_step("FORMAT_SIMPLE", "FORMAT_WITH_SPEC")
def _format_simple(frame: Frame, each: Any) -> None:
    if each.opname == "FORMAT_WITH_SPEC":
        frame.meaning.do("__str__", frame.pop())
    frame.meaning.do("__format__", frame.pop())
    frame.push(PLAIN)


@_step("BUILD_STRING", "BUILD_SLICE")
def _built(frame: Frame, each: Any) -> None:
    for part in frame.pops(each.arg):
        frame.meaning.do("__index__", part)
    frame.push(PLAIN)


# -- containers ---------------------------------------------------------------------------------------------------------


@_step("BUILD_TUPLE", "BUILD_LIST", "BUILD_SET", "BUILD_MAP", "BUILD_CONST_KEY_MAP")
def _build(frame: Frame, each: Any) -> None:
    count = {"BUILD_MAP": 2 * each.arg, "BUILD_CONST_KEY_MAP": each.arg + 1}.get(each.opname, each.arg)
    contents = EMPTY.union(*frame.pops(count))
    if each.opname in ("BUILD_SET", "BUILD_MAP"):
        frame.meaning.do("__hash__", contents)
        frame.meaning.do("__eq__", contents)
    frame.push(frame.container(contents))


@_step("LIST_APPEND", "SET_ADD", "MAP_ADD", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE")
def _fill(frame: Frame, each: Any) -> None:
    added = EMPTY.union(*frame.pops(2 if each.opname == "MAP_ADD" else 1))
    if each.opname in ("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"):
        frame.meaning.do("__iter__", added)
        added = frame.meaning.elements(added)
    if each.opname not in ("LIST_APPEND", "LIST_EXTEND"):
        frame.meaning.do("__hash__", added)
        frame.meaning.do("__eq__", added)
    for container in (frame.stack or [])[-each.arg]:
        frame.meaning.contents.add(container, added)


@_step("UNPACK_SEQUENCE", "UNPACK_EX")
def _unpack(frame: Frame, each: Any) -> None:
    values = frame.pop()
    frame.meaning.do("__iter__", values)
    found = frame.meaning.elements(values)
    if each.opname == "UNPACK_SEQUENCE":
        frame.push(*[found] * each.arg)
    else:
        rest = frame.container(found)
        frame.push(*[found] * (each.arg >> 8), rest, *[found] * (each.arg & 0xFF))


@_step("GET_ITER")
def _iterate(frame: Frame, _each: Any) -> None:
    values = frame.pop()
    frame.meaning.do("__iter__", values)
    frame.push(frame.container(frame.meaning.elements(values)))


@_step("FOR_ITER")
def _for(frame: Frame, each: Any) -> None:
    iterator = frame.pop()
    after = list(frame.stack or ())
    # Where there is an END_FOR, it takes what the loop leaves on the stack.
    frame.jump(each.argval, [*after, iterator, PLAIN] if _HAS_END_FOR else after)
    frame.push(iterator, frame.meaning.elements(iterator))


@_step("YIELD_VALUE")
def _yield(frame: Frame, _each: Any) -> None:
    frame.meaning.contents.add(frame.yielded, frame.pop())
    frame.push(PLAIN)


@_step("GET_YIELD_FROM_ITER")
def _yield_from(frame: Frame, each: Any) -> None:
    _iterate(frame, each)
    frame.meaning.contents.add(frame.yielded, frame.meaning.elements(frame.stack[-1] if frame.stack else EMPTY))


@_step("YIELD_FROM")  # what is sent, and the iterator: gives what that returns
def _delegated(frame: Frame, _each: Any) -> None:
    frame.pops(2)
    frame.push(UNKNOWN)


@_step("SEND")
def _send(frame: Frame, each: Any) -> None:
    frame.pop()
    iterator = (frame.stack or [EMPTY])[-1]
    below = (frame.stack or [EMPTY])[:-1]
    frame.jump(each.argval, [*below, iterator, UNKNOWN] if _has("END_SEND") else [*below, UNKNOWN])
    frame.push(PLAIN)


@_step("END_SEND")
def _end_send(frame: Frame, _each: Any) -> None:
    _, value = frame.pops(2)
    frame.push(value)


@_step("CALL_INTRINSIC_1")
def _intrinsic(frame: Frame, each: Any) -> None:
    if each.arg not in (3, 6):  # turns a StopIteration into an error; a list into a tuple
        raise Refused(f"uses {each.opname}")


# -- calls and functions --------------------------------------------------------------------------------------------------


@_step("KW_NAMES")
def _keywords(frame: Frame, each: Any) -> None:
    frame.keep_keywords(each.argval)


@_step("CALL_FUNCTION", "CALL_FUNCTION_KW", "CALL_METHOD", "CALL", "CALL_KW")
def _call(frame: Frame, each: Any) -> None:
    names = _constant_of(frame.pop()) if each.opname in ("CALL_FUNCTION_KW", "CALL_KW") else frame.take_keywords()
    given = frame.pops(each.arg)
    callee = frame.pop()
    if not each.opname.startswith("CALL_FUNCTION"):
        below = frame.pop()
        if below != NULL and callee != NULL:  # a function, and above it what it is called on
            given.insert(0, callee)
        callee = callee if below == NULL else below
    if not given and callee == _SUPER:
        given = [frame.free("__class__"), frame.variables.read(frame.code.co_varnames[0])]
    split = len(given) - len(names)
    arguments = Arguments(given[:split], dict(zip(names, given[split:], strict=True)))
    frame.push(frame.meaning.call(callee, arguments, frame.site()))


@_step("CALL_FUNCTION_EX")
def _call_spread(frame: Frame, each: Any) -> None:
    spread = frame.pops(2 if each.arg & 1 else 1)
    callee = frame.pop()
    if _MARKS_CALLS:
        callee |= frame.pop()
    rest = EMPTY
    for values in spread:
        frame.meaning.do("__iter__", values)
        rest |= frame.meaning.elements(values)
    frame.push(frame.meaning.call(callee - NULL, Arguments([], {}, rest), frame.site()))


_SUPER = frozenset({Known(super)})


def _constant_of(values: Values) -> Any:
    (known,) = values
    return known.value


@_step("MAKE_FUNCTION")
def _function(frame: Frame, each: Any) -> None:
    if not _MARKS_CALLS:
        frame.pop()  # its name
    (code,) = frame.pop()
    defaults = EMPTY
    for flag in (8, 4, 2, 1):
        if (each.arg or 0) & flag:
            held = frame.pop()
            if flag < 4:
                defaults |= frame.meaning.elements(held)
    frame.push(frozenset({frame.make(code.value, defaults)}))


@_step("SET_FUNCTION_ATTRIBUTE")
def _complete_function(frame: Frame, each: Any) -> None:
    held, functions = frame.pops(2)
    if each.arg in (1, 2):
        (made,) = functions
        made.defaults |= frame.meaning.elements(held)
    frame.push(functions)


# -- where control goes ---------------------------------------------------------------------------------------------------


@_step("RETURN_VALUE", "RETURN_CONST")
def _return(frame: Frame, each: Any) -> None:
    frame.results |= frame.meaning.constant(each.argval) if each.opname == "RETURN_CONST" else frame.pop()
    frame.stack = None


@_step("RAISE_VARARGS")
def _raise(frame: Frame, each: Any) -> None:
    raised = frame.pops(each.arg)[0] if each.arg else EMPTY
    made = frozenset(each for each in raised if type(each) is Known)
    frame.meaning.call(made, Arguments([], {}), frame.site())
    # To raise an exception that is there already changes its traceback.
    frame.meaning.do(ANY, raised - made - UNKNOWN)
    frame.stack = None


@_step("RERAISE", "CLEANUP_THROW")
def _raise_again(frame: Frame, _each: Any) -> None:
    frame.stack = None


@_step("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
def _jump(frame: Frame, each: Any) -> None:
    frame.jump(each.argval)
    frame.stack = None


@_step(
    *(
        f"POP_JUMP_{direction}IF_{condition}"
        for direction in ("", "FORWARD_", "BACKWARD_")
        for condition in ("TRUE", "FALSE", "NONE", "NOT_NONE")
    )
)
def _branch(frame: Frame, each: Any) -> None:
    condition = frame.pop()
    if not each.opname.endswith("NONE"):
        _ask_truth(frame, condition)
    frame.jump(each.argval)


@_step("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP")
def _branch_or_pop(frame: Frame, each: Any) -> None:
    frame.jump(each.argval)
    _ask_truth(frame, frame.pop())


@_step("SETUP_FINALLY")
def _guard(frame: Frame, each: Any) -> None:
    frame.jump(each.argval, [*(frame.stack or ()), *[UNKNOWN] * 6])


@_step("JUMP_IF_NOT_EXC_MATCH")
def _match(frame: Frame, each: Any) -> None:
    frame.pops(2)
    frame.jump(each.argval)


@_step("PUSH_EXC_INFO")
def _caught(frame: Frame, _each: Any) -> None:
    exception = frame.pop()
    frame.push(PLAIN, exception)


@_step("CHECK_EXC_MATCH")
def _check_match(frame: Frame, _each: Any) -> None:
    frame.pop()
    frame.push(PLAIN)

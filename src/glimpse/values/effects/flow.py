"""What the instructions do that make and fill containers, call and make functions, and lead elsewhere."""

from __future__ import annotations

from .frames import STEPS, Frame, has, step
from .instructions import ask_truth
from .places import ANY, EMPTY, NULL, PLAIN, UNKNOWN, Arguments, Known, RefusedError, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MARKS_CALLS = has("PUSH_NULL")
_HAS_END_FOR = has("END_FOR")

__all__ = ["STEPS"]

# -- containers -------------------------------------------------------------------------------------------------------


@step("BUILD_TUPLE", "BUILD_LIST", "BUILD_SET", "BUILD_MAP", "BUILD_CONST_KEY_MAP")
def _build(frame: Frame, each: Any) -> None:
    count = {"BUILD_MAP": 2 * each.arg, "BUILD_CONST_KEY_MAP": each.arg + 1}.get(each.opname, each.arg)
    contents = EMPTY.union(*frame.pops(count))
    if each.opname in ("BUILD_SET", "BUILD_MAP"):
        frame.meaning.do("__hash__", contents)
        frame.meaning.do("__eq__", contents)
    frame.push(frame.container(contents))


@step("LIST_APPEND", "SET_ADD", "MAP_ADD", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE")
def _fill(frame: Frame, each: Any) -> None:
    added = EMPTY.union(*frame.pops(2 if each.opname == "MAP_ADD" else 1))
    if each.opname in ("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"):
        added = frame.meaning.go_through(added, mapping=each.opname.startswith("DICT"))
    if each.opname not in ("LIST_APPEND", "LIST_EXTEND"):
        frame.meaning.do("__hash__", added)
        frame.meaning.do("__eq__", added)
    for container in (frame.stack or [])[-each.arg]:
        frame.meaning.contents.add(container, added)


@step("UNPACK_SEQUENCE", "UNPACK_EX")
def _unpack(frame: Frame, each: Any) -> None:
    found = frame.meaning.go_through(frame.pop())
    if each.opname == "UNPACK_SEQUENCE":
        frame.push(*[found] * each.arg)
    else:
        rest = frame.container(found)
        frame.push(*[found] * (each.arg >> 8), rest, *[found] * (each.arg & 0xFF))


@step("GET_ITER")
def _iterate(frame: Frame, _each: Any) -> None:
    frame.push(frame.container(frame.meaning.go_through(frame.pop())))


@step("FOR_ITER")
def _for(frame: Frame, each: Any) -> None:
    iterator = frame.pop()
    after = list(frame.stack or ())
    # Where there is an END_FOR, it takes what the loop leaves on the stack.
    frame.jump(each.argval, [*after, iterator, PLAIN] if _HAS_END_FOR else after)
    frame.push(iterator, frame.meaning.elements(iterator))


@step("YIELD_VALUE")
def _yield(frame: Frame, _each: Any) -> None:
    frame.meaning.contents.add(frame.yielded, frame.pop())
    frame.push(PLAIN)


@step("GET_YIELD_FROM_ITER")
def _yield_from(frame: Frame, each: Any) -> None:
    _iterate(frame, each)
    frame.meaning.contents.add(frame.yielded, frame.meaning.elements(frame.stack[-1] if frame.stack else EMPTY))


@step("YIELD_FROM")  # what is sent, and the iterator: gives what that returns
def _delegated(frame: Frame, _each: Any) -> None:
    frame.pops(2)
    frame.push(UNKNOWN)


@step("SEND")
def _send(frame: Frame, each: Any) -> None:
    frame.pop()
    iterator = (frame.stack or [EMPTY])[-1]
    below = (frame.stack or [EMPTY])[:-1]
    frame.jump(each.argval, [*below, iterator, UNKNOWN] if has("END_SEND") else [*below, UNKNOWN])
    frame.push(PLAIN)


@step("END_SEND")
def _end_send(frame: Frame, _each: Any) -> None:
    _, value = frame.pops(2)
    frame.push(value)


@step("CALL_INTRINSIC_1")
def _intrinsic(frame: Frame, each: Any) -> None:
    if each.arg not in (3, 6):  # turns a StopIteration into an error; a list into a tuple
        raise RefusedError(f"uses {each.opname}")


# -- calls and functions ---------------------------------------------------------------------------------------------


@step("KW_NAMES")
def _keywords(frame: Frame, each: Any) -> None:
    frame.keep_keywords(frame.code.co_consts[each.arg])


@step("CALL_FUNCTION", "CALL_FUNCTION_KW", "CALL_METHOD", "CALL", "CALL_KW")
def _call(frame: Frame, each: Any) -> None:
    names = _constant_of(frame.pop()) if each.opname in ("CALL_FUNCTION_KW", "CALL_KW") else frame.take_keywords()
    given = frame.pops(each.arg)
    callee = frame.pop()
    if not each.opname.startswith("CALL_FUNCTION"):
        below = frame.pop()
        if NULL not in (below, callee):  # a function, and above it what it is called on
            given.insert(0, callee)
        callee = callee if below == NULL else below
    if not given and callee == _SUPER:
        given = [frame.free("__class__"), frame.variables.read(frame.code.co_varnames[0])]
    split = len(given) - len(names)
    arguments = Arguments(given[:split], dict(zip(names, given[split:], strict=True)))
    frame.push(frame.meaning.call(callee, arguments, frame.site()))


@step("CALL_FUNCTION_EX")
def _call_spread(frame: Frame, each: Any) -> None:
    spread = frame.pops(2 if each.arg & 1 else 1)
    callee = frame.pop()
    if _MARKS_CALLS:
        callee |= frame.pop()
    rest = EMPTY
    for values in spread:
        rest |= frame.meaning.go_through(values, mapping=values is not spread[0])
    frame.push(frame.meaning.call(callee - NULL, Arguments([], {}, rest), frame.site()))


_SUPER = frozenset({Known(super)})


def _constant_of(values: Values) -> Any:
    (known,) = values
    return known.value


@step("MAKE_FUNCTION")
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


@step("SET_FUNCTION_ATTRIBUTE")
def _complete_function(frame: Frame, each: Any) -> None:
    held, functions = frame.pops(2)
    if each.arg in (1, 2):
        (made,) = functions
        made.defaults |= frame.meaning.elements(held)
    frame.push(functions)


# -- where control goes ----------------------------------------------------------------------------------------------


@step("RETURN_VALUE", "RETURN_CONST")
def _return(frame: Frame, each: Any) -> None:
    frame.results |= frame.meaning.constant(each.argval) if each.opname == "RETURN_CONST" else frame.pop()
    frame.stack = None


@step("RAISE_VARARGS")
def _raise(frame: Frame, each: Any) -> None:
    raised = frame.pops(each.arg)[0] if each.arg else EMPTY
    made = frozenset(each for each in raised if type(each) is Known)
    frame.meaning.call(made, Arguments([], {}), frame.site())
    # To raise an exception that is there already changes its traceback.
    frame.meaning.do(ANY, raised - made - UNKNOWN)
    frame.stack = None


@step("RERAISE", "CLEANUP_THROW")
def _raise_again(frame: Frame, _each: Any) -> None:
    frame.stack = None


@step("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT")
def _jump(frame: Frame, each: Any) -> None:
    frame.jump(each.argval)
    frame.stack = None


@step(
    *(
        f"POP_JUMP_{direction}IF_{condition}"
        for direction in ("", "FORWARD_", "BACKWARD_")
        for condition in ("TRUE", "FALSE", "NONE", "NOT_NONE")
    )
)
def _branch(frame: Frame, each: Any) -> None:
    condition = frame.pop()
    if not each.opname.endswith("NONE"):
        ask_truth(frame, condition)
    frame.jump(each.argval)


@step("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP")
def _branch_or_pop(frame: Frame, each: Any) -> None:
    frame.jump(each.argval)
    ask_truth(frame, frame.pop())


@step("SETUP_FINALLY")
def _guard(frame: Frame, each: Any) -> None:
    frame.jump(each.argval, [*(frame.stack or ()), *[UNKNOWN] * 6])


@step("JUMP_IF_NOT_EXC_MATCH")
def _match(frame: Frame, each: Any) -> None:
    frame.pops(2)
    frame.jump(each.argval)


@step("PUSH_EXC_INFO")
def _caught(frame: Frame, _each: Any) -> None:
    exception = frame.pop()
    frame.push(PLAIN, exception)


@step("CHECK_EXC_MATCH")
def _check_match(frame: Frame, _each: Any) -> None:
    frame.pop()
    frame.push(PLAIN)

"""The functions that rewritten code calls, as they are while recording. This is the hot path.

Their code is run with the globals of a slot (see ``hooks``), which hold what the first lines of this module declare;
nothing here may import or define anything else. Each does its work in a frame of its own and never raises. What was
measured, per call of ``add(a, b)``, CPython 3.12, ratios to the whole of enter and end:

- reading the clock twice: 20 %; the thread's number twice: 20 %; being called twice: 10 %;
- ``type(x) is int`` and ``x is None`` before ``freeze`` is called, which would say the same;
- one function a number of arguments, not ``*values``: -15 %; a call with ``*`` is not inlined by the interpreter;
- one list for all threads, with the thread's number in the event: the order between threads comes for free. The number
  is an attribute of a thread-local, which takes two thirds of the time of ``threads[get_ident()]``;
- a bounded list that is drained by whoever fills it: -35 % against an unbounded one, whose memory is always cold.

At the recursion limit, there may be room for the call of one of these functions and not for what it calls: then a text
says that there was none, or the event is left out. An end needs no more room than its start, so both are.

Values are captured here and not later, so that nothing the program does afterwards shows in them. Integers, ``None``
and truth values need no look; ``freeze`` handles all others. Types are compared by ``is``: to look for one in a set
would run a ``__hash__`` of its metaclass.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

append: Callable[[tuple[Any, ...]], None]
events: list[tuple[Any, ...]]
now: Callable[[], int]
mine: Any
new_thread: Callable[[], int]
context: Callable[[], Any]
freeze: Callable[[Any], Any]
receiver: Callable[[Any], str]
class_name: Callable[[Any], str]
drain_if_room: Callable[[], None]
NO_ROOM: tuple[str]
describe: Callable[[str, Any], Any]
frame_at: Callable[[int], Any]
start_coroutine: Callable[..., Any]
end_coroutine: Callable[..., Any]
yield_agen: Callable[..., Any]
resume_agen: Callable[..., Any]
reports_yields: Callable[[Any], bool]
pending: dict[int, Any]
traced_depth: Callable[[Any], int]
bound_now: Callable[[str, Any], tuple[Any, ...]]
CHUNK: int

# -- plain functions: enter -------------------------------------------------------------------------------------


def enter0(key: str) -> None:
    try:
        append((1, key, now(), mine.number, context()))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context()))
    except RecursionError:
        pass


def enter1(key: str, a: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
    except RecursionError:
        a = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), a))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), a))
    except RecursionError:
        pass


def enter2(key: str, a: Any, b: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
        if type(b) is not int and b is not None and b is not True and b is not False:
            b = freeze(b)
    except RecursionError:
        a = b = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), a, b))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), a, b))
    except RecursionError:
        pass


def enter3(key: str, a: Any, b: Any, c: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
        if type(b) is not int and b is not None and b is not True and b is not False:
            b = freeze(b)
        if type(c) is not int and c is not None and c is not True and c is not False:
            c = freeze(c)
    except RecursionError:
        a = b = c = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), a, b, c))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), a, b, c))
    except RecursionError:
        pass


def enter4(key: str, a: Any, b: Any, c: Any, d: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
        if type(b) is not int and b is not None and b is not True and b is not False:
            b = freeze(b)
        if type(c) is not int and c is not None and c is not True and c is not False:
            c = freeze(c)
        if type(d) is not int and d is not None and d is not True and d is not False:
            d = freeze(d)
    except RecursionError:
        a = b = c = d = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), a, b, c, d))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), a, b, c, d))
    except RecursionError:
        pass


def enter(key: str, *values: Any) -> None:
    try:
        shown = [value if type(value) is int or value is None else freeze(value) for value in values]
    except RecursionError:
        shown = [NO_ROOM] * len(values)
    try:
        append((1, key, now(), mine.number, context(), *shown))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), *shown))
    except RecursionError:
        pass


def enter_self0(key: str, self: Any) -> None:
    try:
        append((1, key, now(), mine.number, context(), class_name(type(self))))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), class_name(type(self))))
    except RecursionError:
        pass


def enter_self1(key: str, self: Any, a: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
    except RecursionError:
        a = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), class_name(type(self)), a))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), class_name(type(self)), a))
    except RecursionError:
        pass


def enter_self2(key: str, self: Any, a: Any, b: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
        if type(b) is not int and b is not None and b is not True and b is not False:
            b = freeze(b)
    except RecursionError:
        a = b = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), class_name(type(self)), a, b))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), class_name(type(self)), a, b))
    except RecursionError:
        pass


def enter_self3(key: str, self: Any, a: Any, b: Any, c: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
        if type(b) is not int and b is not None and b is not True and b is not False:
            b = freeze(b)
        if type(c) is not int and c is not None and c is not True and c is not False:
            c = freeze(c)
    except RecursionError:
        a = b = c = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), class_name(type(self)), a, b, c))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), class_name(type(self)), a, b, c))
    except RecursionError:
        pass


def enter_self4(key: str, self: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    try:
        if type(a) is not int and a is not None and a is not True and a is not False:
            a = freeze(a)
        if type(b) is not int and b is not None and b is not True and b is not False:
            b = freeze(b)
        if type(c) is not int and c is not None and c is not True and c is not False:
            c = freeze(c)
        if type(d) is not int and d is not None and d is not True and d is not False:
            d = freeze(d)
    except RecursionError:
        a = b = c = d = NO_ROOM
    try:
        append((1, key, now(), mine.number, context(), class_name(type(self)), a, b, c, d))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), class_name(type(self)), a, b, c, d))
    except RecursionError:
        pass


def enter_self(key: str, self: Any, *values: Any) -> None:
    try:
        shown = [value if type(value) is int or value is None else freeze(value) for value in values]
    except RecursionError:
        shown = [NO_ROOM] * len(values)
    try:
        append((1, key, now(), mine.number, context(), receiver(self), *shown))
        if len(events) > CHUNK:
            drain_if_room()
    except AttributeError:
        append((1, key, now(), new_thread(), context(), receiver(self), *shown))
    except RecursionError:
        pass


# -- plain functions: ends ----------------------------------------------------------------------------------------


def end_f(key: str, value: Any) -> Any:
    try:
        t = now()
        try:
            shown = value if type(value) is int or value is None else freeze(value)
        except RecursionError:
            shown = NO_ROOM
        append((2, key, t, mine.number, shown))
    except AttributeError:
        append((2, key, t, new_thread(), shown))
    except RecursionError:
        pass
    return value


def end_new(key: str, value: Any) -> Any:
    """The end of ``__new__``: what it returns is not initialised yet, so only its class is looked at."""
    try:
        t = now()
        shown = (f"<{class_name(type(value))}>",)
        append((2, key, t, mine.number, shown))
    except AttributeError:
        append((2, key, t, new_thread(), shown))
    except RecursionError:
        pass
    return value


def done_f(key: str) -> None:
    try:
        append((2, key, now(), mine.number, None))
    except AttributeError:
        append((2, key, now(), new_thread(), None))
    except RecursionError:
        pass


def done_f_here(_: Any) -> None:
    """The same where the call must be short: the innermost call of the thread ends."""
    try:
        append((2, None, now(), mine.number, None))
    except AttributeError:
        append((2, None, now(), new_thread(), None))
    except RecursionError:
        pass


def raised(key: str) -> tuple[()]:
    try:
        t = now()
        frame = frame_at(1)
        try:
            shown = describe(key, frame)
        except RecursionError as short:
            shown = (type(short.__context__).__name__, "", None, None)
        if pending:
            pending.pop(id(frame), None)
        append((3, key, t, mine.number, shown))
    except AttributeError:
        append((3, key, t, new_thread(), shown))
    except RecursionError:
        pass
    return ()


# -- results that wait until `finally` and `with` blocks have run ---------------------------------------------------


def keep(key: str, value: Any) -> Any:
    try:
        pending[id(frame_at(1))] = (value,)
    except RecursionError:
        pass
    return value


def fall(key: str) -> None:
    try:
        pending[id(frame_at(1))] = (None,)
    except RecursionError:
        pass


def leave_f(key: str) -> None:
    try:
        t = now()
        kept = pending.pop(id(frame_at(1)), None)
        if kept is None:
            return
        try:
            shown = kept[0] if type(kept[0]) is int or kept[0] is None else freeze(kept[0])
        except RecursionError:
            shown = NO_ROOM
        append((2, key, t, mine.number, shown))
    except AttributeError:
        append((2, key, t, new_thread(), shown))
    except RecursionError:
        pass

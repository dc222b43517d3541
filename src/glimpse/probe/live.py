"""The functions that rewritten code calls, as they are while recording. This is the hot path.

Their code is run with the globals of a slot (see ``hooks``), which hold what the first lines of this module declare;
nothing here may import or define anything else. Each does its work in a frame of its own and never raises. What was
measured, per call of ``add(a, b)``, CPython 3.12, ratios to the whole of enter and end:

- one function a number of arguments, not ``*values``: -15 %; a call with ``*`` is not inlined by the interpreter;
- one list for all threads, with the thread's number in the event, not a list a thread: a thread-local look-up costs
  four times ``threads[get_ident()]``, and the order between threads comes for free;
- a bounded list that is drained by whoever fills it: -35 % against an unbounded one, whose memory is always cold.

Values are captured here and not later, so that nothing the program does afterwards shows in them. ``ATOMS`` are the
exact types that need no look; ``freeze`` handles all others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

append: Callable[[tuple[Any, ...]], None]
events: list[tuple[Any, ...]]
now: Callable[[], int]
get_ident: Callable[[], int]
threads: dict[int, int]
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
ATOMS: frozenset[type]
CHUNK: int

# -- plain functions: enter -------------------------------------------------------------------------------------


def enter0(key: str) -> None:
    try:
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    append((1, key, now(), th, context()))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter1(key: str, a: Any) -> None:
    try:
        if type(a) not in ATOMS:
            a = freeze(a)
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        th = threads.get(get_ident(), -1)
        a = NO_ROOM
    append((1, key, now(), th, context(), a))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter2(key: str, a: Any, b: Any) -> None:
    try:
        if type(a) not in ATOMS:
            a = freeze(a)
        if type(b) not in ATOMS:
            b = freeze(b)
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        th = threads.get(get_ident(), -1)
        a = b = NO_ROOM
    append((1, key, now(), th, context(), a, b))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter3(key: str, a: Any, b: Any, c: Any) -> None:
    try:
        if type(a) not in ATOMS:
            a = freeze(a)
        if type(b) not in ATOMS:
            b = freeze(b)
        if type(c) not in ATOMS:
            c = freeze(c)
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        th = threads.get(get_ident(), -1)
        a = b = c = NO_ROOM
    append((1, key, now(), th, context(), a, b, c))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter(key: str, *values: Any) -> None:
    atoms = ATOMS
    try:
        shown = [value if type(value) in atoms else freeze(value) for value in values]
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        shown = [NO_ROOM] * len(values)
        th = threads.get(get_ident(), -1)
    append((1, key, now(), th, context(), *shown))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter_self0(key: str, self: Any) -> None:
    try:
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    append((1, key, now(), th, context(), class_name(type(self))))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter_self1(key: str, self: Any, a: Any) -> None:
    try:
        if type(a) not in ATOMS:
            a = freeze(a)
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        th = threads.get(get_ident(), -1)
        a = NO_ROOM
    append((1, key, now(), th, context(), class_name(type(self)), a))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter_self2(key: str, self: Any, a: Any, b: Any) -> None:
    try:
        if type(a) not in ATOMS:
            a = freeze(a)
        if type(b) not in ATOMS:
            b = freeze(b)
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        th = threads.get(get_ident(), -1)
        a = b = NO_ROOM
    append((1, key, now(), th, context(), class_name(type(self)), a, b))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter_self3(key: str, self: Any, a: Any, b: Any, c: Any) -> None:
    try:
        if type(a) not in ATOMS:
            a = freeze(a)
        if type(b) not in ATOMS:
            b = freeze(b)
        if type(c) not in ATOMS:
            c = freeze(c)
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        th = threads.get(get_ident(), -1)
        a = b = c = NO_ROOM
    append((1, key, now(), th, context(), class_name(type(self)), a, b, c))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def enter_self(key: str, self: Any, *values: Any) -> None:
    atoms = ATOMS
    try:
        shown = [value if type(value) in atoms else freeze(value) for value in values]
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        shown = [NO_ROOM] * len(values)
        th = threads.get(get_ident(), -1)
    append((1, key, now(), th, context(), receiver(self), *shown))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


# -- plain functions: ends ----------------------------------------------------------------------------------------


def end_f(key: str, value: Any) -> Any:
    t = now()
    try:
        shown = value if type(value) in ATOMS else freeze(value)
        append((2, key, t, threads[get_ident()], shown))
    except KeyError:
        append((2, key, t, new_thread(), shown))
    except RecursionError:
        append((2, key, t, threads.get(get_ident(), -1), NO_ROOM))
    return value


def end_new(key: str, value: Any) -> Any:
    """The end of ``__new__``: what it returns is not initialised yet, so only its class is looked at."""
    t = now()
    shown = (f"<{class_name(type(value))}>",)
    try:
        append((2, key, t, threads[get_ident()], shown))
    except KeyError:
        append((2, key, t, new_thread(), shown))
    return value


def done_f(key: str) -> None:
    try:
        append((2, key, now(), threads[get_ident()], None))
    except KeyError:
        append((2, key, now(), new_thread(), None))


def done_f_here() -> None:
    """The same where the call must be short: the innermost call of the thread ends."""
    try:
        append((2, None, now(), threads[get_ident()], None))
    except KeyError:
        append((2, None, now(), new_thread(), None))


def raised(key: str) -> tuple[()]:
    t = now()
    frame = frame_at(1)
    try:
        shown = describe(key, frame)
    except RecursionError as short:
        shown = (type(short.__context__).__name__, "", None, None)
    if pending:
        pending.pop(id(frame), None)
    try:
        append((3, key, t, threads[get_ident()], shown))
    except KeyError:
        append((3, key, t, new_thread(), shown))
    return ()


# -- results that wait until `finally` and `with` blocks have run ---------------------------------------------------


def keep(key: str, value: Any) -> Any:
    pending[id(frame_at(1))] = (value,)
    return value


def fall(key: str) -> None:
    pending[id(frame_at(1))] = (None,)


def leave_f(key: str) -> None:
    t = now()
    kept = pending.pop(id(frame_at(1)), None)
    if kept:
        shown = kept[0] if type(kept[0]) in ATOMS else freeze(kept[0])
        try:
            append((2, key, t, threads[get_ident()], shown))
        except KeyError:
            append((2, key, t, new_thread(), shown))

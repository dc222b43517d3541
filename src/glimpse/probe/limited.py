"""The functions of a slot whose policy limits depth or samples: they decide first, and then do as ``live`` does.

A call that is not recorded must cost next to nothing, so for plain functions the decision is in line and needs one
look-up. ``levels`` has, by thread, how many traced calls are on its stack and whether the tree is left out. The
question is asked again at the end, and has the same answer, since by then the stack is as it was.

The depth counted here may be less than the one that entries show (``yield from`` counts once), never more: what is
recorded in vain is dropped when its depth is known, see ``assembly.filtering``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

get_ident: Callable[[], int]
context: Callable[[], Any]
levels: dict[int, Any]
new_level: Callable[[], Any]
within: Callable[[Any, Any], bool]
start_tree: Callable[[Any], None]
opens: Callable[[], bool]
closes: Callable[[], bool]
opens_gen: Callable[[int], bool]
pauses_gen: Callable[[int], bool]
goes_on_gen: Callable[[int], bool]
closes_gen: Callable[[int], bool]
opens_coro: Callable[[int], bool]
closes_coro: Callable[[int], bool]
frame_at: Callable[[int], Any]
pending: dict[int, Any]
LIMIT: int
live_enter0: Any
live_enter1: Any
live_enter2: Any
live_enter3: Any
live_enter: Any
live_enter_self0: Any
live_enter_self1: Any
live_enter_self2: Any
live_enter_self3: Any
live_enter_self: Any
live_end_f: Any
live_done_f: Any
live_raised: Any
live_done_f_here: Any
live_done_g_here: Any
live_done_c_here: Any
live_leave_f: Any
live_keep: Any
live_fall: Any
live_enter_g: Any
live_yielded_g: Any
live_resumed_g: Any
live_thrown_g: Any
live_delegate_g: Any
live_delegated_g: Any
live_end_g: Any
live_done_g: Any
live_leave_g: Any
live_raised_gen: Any
live_enter_c: Any
live_end_c: Any
live_done_c: Any
live_leave_c: Any
live_raised_coro: Any


def enter0(key: str) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter0(key)


def enter1(key: str, a: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter1(key, a)


def enter2(key: str, a: Any, b: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter2(key, a, b)


def enter3(key: str, a: Any, b: Any, c: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter3(key, a, b, c)


def enter_self0(key: str, self: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter_self0(key, self)


def enter_self1(key: str, self: Any, a: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter_self1(key, self, a)


def enter_self2(key: str, self: Any, a: Any, b: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter_self2(key, self, a, b)


def enter_self3(key: str, self: Any, a: Any, b: Any, c: Any) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth == 1:
        start_tree(level)
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_enter_self3(key, self, a, b, c)


def enter(key: str, *values: Any) -> None:
    if opens():
        live_enter(key, *values)


def enter_self(key: str, *values: Any) -> None:
    if opens():
        live_enter_self(key, *values)


def end_f(key: str, value: Any) -> Any:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    depth = level.depth
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_end_f(key, value)
    level.depth = depth - 1
    return value


def done_f(key: str) -> None:
    try:
        level = levels[get_ident()]
    except KeyError:
        level = new_level()
    depth = level.depth
    if depth <= LIMIT and not level.left_out and (context() is None or within(level, context())):
        live_done_f(key)
    level.depth = depth - 1


def done_f_here() -> None:
    if closes():
        live_done_f_here()


def raised(key: str) -> tuple[()]:
    if closes():
        live_raised(key)
    else:
        pending.pop(id(frame_at(1)), None)
    return ()


def keep(key: str, value: Any) -> Any:
    return live_keep(key, value)


def fall(key: str) -> None:
    live_fall(key)


def leave_f(key: str) -> None:
    if id(frame_at(1)) not in pending:
        return  # it raised, and was counted then
    if closes():
        live_leave_f(key)
    else:
        del pending[id(frame_at(1))]


# -- generators -----------------------------------------------------------------------------------------------------


def enter_g(key: str, *values: Any) -> None:
    if opens_gen(id(frame_at(1))):
        live_enter_g(key, *values)


def yielded_g(key: str, value: Any) -> Any:
    if pauses_gen(id(frame_at(1))):
        live_yielded_g(key, value)
    return value


def resumed_g(key: str, value: Any) -> Any:
    if goes_on_gen(id(frame_at(1))):
        live_resumed_g(key, value)
    return value


def thrown_g(key: str) -> tuple[()]:
    if goes_on_gen(id(frame_at(1))):
        live_thrown_g(key)
    return ()


def delegate_g(key: str, target: Any) -> Any:
    if pauses_gen(id(frame_at(1))):
        live_delegate_g(key, target)
    return target


def delegated_g(key: str, value: Any) -> Any:
    if goes_on_gen(id(frame_at(1))):
        live_delegated_g(key, value)
    return value


def end_g(key: str, value: Any) -> Any:
    if closes_gen(id(frame_at(1))):
        live_end_g(key, value)
    return value


def done_g(key: str) -> None:
    if closes_gen(id(frame_at(1))):
        live_done_g(key)


def done_g_here() -> None:
    if closes_gen(id(frame_at(1))):
        live_done_g_here()


def raised_gen(key: str) -> tuple[()]:
    if closes_gen(id(frame_at(1))):
        live_raised_gen(key)
    else:
        pending.pop(id(frame_at(1)), None)
    return ()


def leave_g(key: str) -> None:
    if id(frame_at(1)) not in pending:
        return
    if closes_gen(id(frame_at(1))):
        live_leave_g(key)
    else:
        del pending[id(frame_at(1))]


# -- coroutines and async generators --------------------------------------------------------------------------------


def enter_c(key: str, *values: Any) -> None:
    if opens_coro(id(frame_at(1))):
        live_enter_c(key, *values)


def end_c(key: str, value: Any) -> Any:
    if closes_coro(id(frame_at(1))):
        live_end_c(key, value)
    return value


def done_c(key: str) -> None:
    if closes_coro(id(frame_at(1))):
        live_done_c(key)


def done_c_here() -> None:
    if closes_coro(id(frame_at(1))):
        live_done_c_here()


def raised_coro(key: str) -> tuple[()]:
    if closes_coro(id(frame_at(1))):
        live_raised_coro(key)
    else:
        pending.pop(id(frame_at(1)), None)
    return ()


def leave_c(key: str) -> None:
    if id(frame_at(1)) not in pending:
        return
    if closes_coro(id(frame_at(1))):
        live_leave_c(key)
    else:
        del pending[id(frame_at(1))]

"""The functions of a slot whose policy limits depth or samples: they decide first, and then do as ``live`` does.

A call that is not recorded must cost next to nothing, so for plain functions the decision is in line and needs one
look-up. ``mine.level`` has how many traced calls are on the thread's stack; within a tree that is left out that number
is larger than any limit, see ``gate``. Outside of coroutines and scopes, nothing more has to be asked within a tree
that is recorded. The question is asked again at the end, and has the same answer, since by then the stack is as it was.

The depth counted here may be less than the one that entries show (``yield from`` counts once), never more: what is
recorded in vain is dropped when its depth is known, see ``assembly.filtering``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

mine: Any
new_level: Callable[[], Any]
context: Callable[[], Any]
admits: Callable[[Any, int], bool]
recorded: Callable[[Any], bool]
opens: Callable[[], bool]
closes: Callable[[], bool]
frame_at: Callable[[int], Any]
pending: dict[int, Any]
LIMIT: int
LEFT_OUT: int
AFRESH: int
live_enter0: Any
live_enter1: Any
live_enter2: Any
live_enter3: Any
live_enter4: Any
live_enter: Any
live_enter_self0: Any
live_enter_self1: Any
live_enter_self2: Any
live_enter_self3: Any
live_enter_self4: Any
live_enter_self: Any
live_end_f: Any
live_end_new: Any
live_done_f: Any
live_raised: Any
live_done_f_here: Any
live_leave_f: Any
live_keep: Any
live_fall: Any


def enter0(key: str) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter0(key)
    except RecursionError:
        pass


def enter1(key: str, a: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter1(key, a)
    except RecursionError:
        pass


def enter2(key: str, a: Any, b: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter2(key, a, b)
    except RecursionError:
        pass


def enter3(key: str, a: Any, b: Any, c: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter3(key, a, b, c)
    except RecursionError:
        pass


def enter4(key: str, a: Any, b: Any, c: Any, d: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter4(key, a, b, c, d)
    except RecursionError:
        pass


def enter_self0(key: str, self: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter_self0(key, self)
    except RecursionError:
        pass


def enter_self1(key: str, self: Any, a: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter_self1(key, self, a)
    except RecursionError:
        pass


def enter_self2(key: str, self: Any, a: Any, b: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter_self2(key, self, a, b)
    except RecursionError:
        pass


def enter_self3(key: str, self: Any, a: Any, b: Any, c: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter_self3(key, self, a, b, c)
    except RecursionError:
        pass


def enter_self4(key: str, self: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    level.depth = depth = level.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return
    try:
        if (1 < depth <= LIMIT and context() is None) or admits(level, depth):
            live_enter_self4(key, self, a, b, c, d)
    except RecursionError:
        pass


def enter(key: str, *values: Any) -> None:
    if opens():
        live_enter(key, *values)


def enter_self(key: str, *values: Any) -> None:
    if opens():
        live_enter_self(key, *values)


def end_f(key: str, value: Any) -> Any:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    depth = level.depth
    if depth > LIMIT:
        if depth != LEFT_OUT:
            level.depth = depth - 1
        return value
    try:
        if context() is None or recorded(level):
            live_end_f(key, value)
    except RecursionError:
        pass
    if depth > 0:
        level.depth = depth - 1
    return value


def end_new(key: str, value: Any) -> Any:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    depth = level.depth
    if depth > LIMIT:
        if depth != LEFT_OUT:
            level.depth = depth - 1
        return value
    try:
        if context() is None or recorded(level):
            live_end_new(key, value)
    except RecursionError:
        pass
    if depth > 0:
        level.depth = depth - 1
    return value


def done_f(key: str) -> None:
    try:
        level = mine.level
    except AttributeError:
        level = new_level()
    depth = level.depth
    if depth > LIMIT:
        if depth != LEFT_OUT:
            level.depth = depth - 1
        return
    try:
        if context() is None or recorded(level):
            live_done_f(key)
    except RecursionError:
        pass
    if depth > 0:
        level.depth = depth - 1


def done_f_here(_: Any) -> None:
    if closes():
        live_done_f_here(_)


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

"""What ``limited`` is for plain functions, for generators, coroutines and async generators."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

opens_gen: Callable[[int], bool]
pauses_gen: Callable[[int], bool]
goes_on_gen: Callable[[int], bool]
closes_gen: Callable[[int], bool]
opens_coro: Callable[[int], bool]
closes_coro: Callable[[int], bool]
frame_at: Callable[[int], Any]
pending: dict[int, Any]
live_done_g_here: Any
live_done_c_here: Any
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


def done_g_here(_: Any) -> None:
    if closes_gen(id(frame_at(1))):
        live_done_g_here(_)


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


def done_c_here(_: Any) -> None:
    if closes_coro(id(frame_at(1))):
        live_done_c_here(_)


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

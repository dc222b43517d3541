"""The functions that rewritten generators, coroutines and async generators call while recording; see ``live``.

A generator is known by the identity of its frame, which is a name no code can see and which lives as long as it runs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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
watches: Callable[[Any], int | None]
opened: dict[int, Any]
pending: dict[int, Any]
traced_depth: Callable[[Any], int]
bound_now: Callable[[str, Any], tuple[Any, ...]]
CHUNK: int

# -- generators -----------------------------------------------------------------------------------------------------


def enter_g(key: str, *values: Any) -> None:
    try:
        shown = [value if type(value) is int or value is None else freeze(value) for value in values[":@" in key :]]
        if ":@" in key:  # the first parameter is a receiver
            shown.insert(0, receiver(values[0]))
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        shown = [NO_ROOM] * len(values)
        th = threads.get(get_ident(), -1)
    append((4, key, now(), th, context(), id(frame_at(1)), *shown))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def yielded_g(key: str, value: Any) -> Any:
    try:
        append((5, key, now(), threads[get_ident()], context(), id(frame_at(1))))
    except KeyError:
        append((5, key, now(), new_thread(), context(), id(frame_at(1))))
    return value


def resumed_g(key: str, value: Any) -> Any:
    try:
        append((6, key, now(), threads[get_ident()], context(), id(frame_at(1))))
    except KeyError:
        append((6, key, now(), new_thread(), context(), id(frame_at(1))))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass
    return value


def thrown_g(key: str) -> tuple[()]:
    try:
        append((7, key, now(), threads[get_ident()], context(), id(frame_at(1))))
    except KeyError:
        append((7, key, now(), new_thread(), context(), id(frame_at(1))))
    return ()


def delegate_g(key: str, target: Any) -> Any:
    frame = frame_at(1)
    try:
        watched = watches(frame)
    except RecursionError:
        return target
    if watched is None:
        try:
            reports = reports_yields(target)
        except RecursionError:
            reports = False
        try:
            append((8, key, now(), threads[get_ident()], context(), id(frame), reports))
        except KeyError:
            append((8, key, now(), new_thread(), context(), id(frame), reports))
    return target


def delegated_g(key: str, value: Any) -> Any:
    frame = frame_at(1)
    if watches(frame) is None:
        try:
            append((9, key, now(), threads[get_ident()], context(), id(frame)))
        except KeyError:
            append((9, key, now(), new_thread(), context(), id(frame)))
    return value


def end_g(key: str, value: Any) -> Any:
    t = now()
    shown = value if type(value) is int or value is None else freeze(value)
    try:
        append((10, key, t, threads[get_ident()], shown, id(frame_at(1))))
    except KeyError:
        append((10, key, t, new_thread(), shown, id(frame_at(1))))
    return value


def done_g(key: str) -> None:
    try:
        append((10, key, now(), threads[get_ident()], None, id(frame_at(1))))
    except KeyError:
        append((10, key, now(), new_thread(), None, id(frame_at(1))))


def done_g_here(_: Any) -> None:
    try:
        append((10, None, now(), threads[get_ident()], None, id(frame_at(1))))
    except KeyError:
        append((10, None, now(), new_thread(), None, id(frame_at(1))))


def raised_gen(key: str) -> tuple[()]:
    t = now()
    frame = frame_at(1)
    try:
        shown = describe(key, frame)
    except RecursionError as short:
        shown = (type(short.__context__).__name__, "", None, None)
    if pending:
        pending.pop(id(frame), None)
    try:
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    append((10 if shown is None else 11, key, t, th, shown or (), id(frame)))
    return ()


def leave_g(key: str) -> None:
    t = now()
    frame = id(frame_at(1))
    kept = pending.pop(frame, None)
    if kept:
        shown = kept[0] if type(kept[0]) is int or kept[0] is None else freeze(kept[0])
        try:
            append((10, key, t, threads[get_ident()], shown, frame))
        except KeyError:
            append((10, key, t, new_thread(), shown, frame))


# -- coroutines and async generators --------------------------------------------------------------------------------


def enter_c(key: str, *values: Any) -> None:
    try:
        shown = [value if type(value) is int or value is None else freeze(value) for value in values[":@" in key :]]
        if ":@" in key:  # the first parameter is a receiver
            shown.insert(0, receiver(values[0]))
        th = threads[get_ident()]
    except KeyError:
        th = new_thread()
    except RecursionError:
        shown = [NO_ROOM] * len(values)
        th = threads.get(get_ident(), -1)
    frame = frame_at(1)
    try:
        ctx, number, task = start_coroutine(id(frame), watches(frame))
    except RecursionError:  # the program has no room for what it does either: this call is not recorded
        opened.pop(id(frame), None)
        return
    append((12, key, now(), th, ctx, number, task, *shown))
    if len(events) > CHUNK:
        try:
            drain_if_room()
        except RecursionError:
            pass


def end_c(key: str, value: Any) -> Any:
    t = now()
    number, waited = end_coroutine(id(frame_at(1)))
    if number is not None:
        shown = value if type(value) is int or value is None else freeze(value)
        try:
            append((13, key, t, threads[get_ident()], shown, number, waited))
        except KeyError:
            append((13, key, t, new_thread(), shown, number, waited))
    return value


def done_c(key: str) -> None:
    t = now()
    number, waited = end_coroutine(id(frame_at(1)))
    if number is not None:
        try:
            append((13, key, t, threads[get_ident()], None, number, waited))
        except KeyError:
            append((13, key, t, new_thread(), None, number, waited))


def done_c_here(_: Any) -> None:
    t = now()
    number, waited = end_coroutine(id(frame_at(1)))
    if number is not None:
        try:
            append((13, None, t, threads[get_ident()], None, number, waited))
        except KeyError:
            append((13, None, t, new_thread(), None, number, waited))


def raised_coro(key: str) -> tuple[()]:
    t = now()
    frame = frame_at(1)
    try:
        shown = describe(key, frame)
    except RecursionError as short:
        shown = (type(short.__context__).__name__, "", None, None)
    if pending:
        pending.pop(id(frame), None)
    try:
        number, waited = end_coroutine(id(frame))
    except RecursionError:
        call = opened.pop(id(frame), None)
        number, waited = None if call is None else int(call.number), None
    if number is not None:
        try:
            th = threads[get_ident()]
        except KeyError:
            th = new_thread()
        append((13 if shown is None else 14, key, t, th, shown or (), number, waited))
    return ()


def leave_c(key: str) -> None:
    t = now()
    frame = id(frame_at(1))
    kept = pending.pop(frame, None)
    if kept:
        number, waited = end_coroutine(frame)
        if number is not None:
            shown = kept[0] if type(kept[0]) is int or kept[0] is None else freeze(kept[0])
            try:
                append((13, key, t, threads[get_ident()], shown, number, waited))
            except KeyError:
                append((13, key, t, new_thread(), shown, number, waited))


def yielded_a(key: str, value: Any) -> Any:
    t = now()
    ctx, number = yield_agen(id(frame_at(1)))
    if number is not None:
        try:
            append((16, key, t, threads[get_ident()], ctx, number))
        except KeyError:
            append((16, key, t, new_thread(), ctx, number))
    return value


def resumed_a(key: str, value: Any) -> Any:
    t = now()
    ctx, number = resume_agen(id(frame_at(1)))
    if number is not None:
        try:
            append((17, key, t, threads[get_ident()], ctx, number))
        except KeyError:
            append((17, key, t, new_thread(), ctx, number))
    return value


def thrown_a(key: str) -> tuple[()]:
    t = now()
    ctx, number = resume_agen(id(frame_at(1)))
    if number is not None:
        try:
            append((17, key, t, threads[get_ident()], ctx, number))
        except KeyError:
            append((17, key, t, new_thread(), ctx, number))
    return ()


# -- level ERROR: the only call in a rewritten body -------------------------------------------------------------------


def raised_only(key: str) -> tuple[()]:
    t = now()
    frame = frame_at(1)
    try:
        shown = describe(key, frame)
    except RecursionError as short:
        shown = (type(short.__context__).__name__, "", None, None)
    if shown is not None:
        try:
            th = threads[get_ident()]
        except KeyError:
            th = new_thread()
        append((19, key, t, th, context(), traced_depth(frame), shown, *bound_now(key, frame)))
        if len(events) > CHUNK:
            try:
                drain_if_room()
            except RecursionError:
                pass
    return ()

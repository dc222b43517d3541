"""The events that the probe records: tuples of JSON-safe values, the first of which says what it is.

``key`` is a site's key, ``t`` nanoseconds of the monotonic clock, ``th`` the number of a thread, ``ctx`` the number of
the innermost coroutine call of the context or None. A value is an atom, shown by its ``repr``, or ``(text,)``.

A call's frame is *on its thread's stack* from START to END; a generator's from START or RESUME to YIELD or END. What
runs on a thread runs inside what is on its stack, so parents need not be recorded. Coroutines are not on any stack,
since not every interpreter tells when they wait: the context says which is innermost. A scope (a correlation id, or
the trace of a request that came in) is told by the same number, so that calls outside of one cost nothing for it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

__all__ = [
    "AGEN_RESUME",
    "AGEN_YIELD",
    "CLOSED",
    "CONTEXT",
    "CORO_DROPPED",
    "CORO_END",
    "CORO_EXCEPTION",
    "CORO_GOES_ON",
    "CORO_START",
    "CORO_WAITED",
    "CORO_WAITS",
    "DELEGATE",
    "DELEGATED",
    "END",
    "ERROR_ONLY",
    "EXCEPTION",
    "FILE",
    "FINISHED",
    "GEN_END",
    "GEN_EXCEPTION",
    "GEN_START",
    "MUTED",
    "RESUME",
    "START",
    "THREAD",
    "THROWN",
    "YIELD",
    "Event",
]

Event: TypeAlias = "tuple[Any, ...]"

START: Final = 1  # (1, key, t, th, ctx, *values)
END: Final = 2  # (2, key, t, th, value); without a key, of the innermost call
EXCEPTION: Final = 3  # (3, key, t, th, (type, message, line, traceback))
GEN_START: Final = 4  # (4, key, t, th, ctx, frame, *values)
YIELD: Final = 5  # (5, key, t, th, ctx, frame)
RESUME: Final = 6  # (6, key, t, th, ctx, frame)
THROWN: Final = 7  # (7, key, t, th, ctx, frame): a RESUME, if the generator was suspended
DELEGATE: Final = 8  # (8, key, t, th, ctx, frame, traced): `yield from`; whether what it runs reports its own yields
DELEGATED: Final = 9  # (9, key, t, th, ctx, frame)
GEN_END: Final = 10  # (10, key, t, th, value, frame)
GEN_EXCEPTION: Final = 11  # (11, key, t, th, exception, frame)
CORO_START: Final = 12  # (12, key, t, th, ctx, number, task, *values): async generators too
CORO_END: Final = 13  # (13, key, t, th, value, number, waited): nanoseconds; None, or absent, if not known
CORO_EXCEPTION: Final = 14  # (14, key, t, th, exception, number, waited)
CORO_DROPPED: Final = 15  # (15, number): no context refers to this call any more
AGEN_YIELD: Final = 16  # (16, key, t, th, ctx, number)
AGEN_RESUME: Final = 17  # (17, key, t, th, ctx, number)
THREAD: Final = 18  # (18, th, name): before the first other event of a thread
ERROR_ONLY: Final = 19  # (19, key, t, th, ctx, depth, exception, *values)
FINISHED: Final = 20  # (20, t): in a journal, where a recording ends: calls that are open then were closed
CONTEXT: Final = (
    21  # (21, number, ctx, correlation id, trace id, span id): until CORO_DROPPED, the latter three or None
)
CORO_WAITS: Final = 22  # (22, None, t, th, number): for what it awaits, at level DEBUG
CORO_GOES_ON: Final = 23  # (23, None, t, th, number)
CORO_WAITED: Final = 24  # (24, number, waited): of a call that is open when recording ends
FILE: Final = 25  # (25, module, file): in a journal at level DEBUG, before the first other event of a module

CLOSED: Final = ()
"""The value of an end that was forced: a generator closed or collected half-way, a call open when recording ended."""

MUTED: Final = -1
"""The thread number of events that must leave no entry: what runs because of Glimpse itself."""

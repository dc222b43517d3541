"""Ids of traces and spans, as the W3C's Trace Context has them: 16 and 8 bytes in lower-case hexadecimal, never zero.

They follow from the process and the call's number, so a journal gives the same ids whenever it is read, and making one
asks nothing of the system.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from .calls import Frame
from .events import Event

__all__ = ["Ids", "span_ids"]

Ids = tuple[str, str, "str | None"]
_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15  # odd, so that consecutive numbers give different ids, far apart


def span_ids(pid: int, base: int) -> Callable[[Any, Event], Ids]:
    """A function that gives a call's trace id, span id and parent's span id, from its parent and its START.

    :param pid: of the recording process.
    :param base: nanoseconds that tell it from other processes of the same number, see ``clock.wall_base``.
    """
    seed = int.from_bytes(blake2b(f"{pid} {base}".encode(), digest_size=8).digest(), "big")
    count = 0

    def ids(parent: Frame | None, event: Event) -> Ids:
        nonlocal count
        count += 1
        span = f"{(seed + count * _STEP) & _MASK or 1:016x}"
        if parent is None or parent[7] is None:
            return f"{seed or 1:016x}{span}", span, None
        return parent[7][0], span, parent[7][1]

    return ids

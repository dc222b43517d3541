"""Functions that read a call's arguments off its frame and hand them to the probe, made to measure.

A loop over the names would cost as much as all the rest; so does reading locals that are not arguments, but of the two
ways that the interpreter offers, the other, ``ctypes``, is slower.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

__all__ = ["Reader", "reader_for"]

Reader = Callable[[FrameType], Any]


def reader_for(
    enter: Callable[..., Any],
    key: str,
    names: Sequence[str | None],
    *,
    empties: bool = False,
    follow: Callable[..., Any] | None = None,
) -> Reader:
    """A function that takes a frame that is about to run and calls ``enter`` with the key and the values of ``names``.

    :param names: the parameters; None for one that is not shown.
    :param empties: empty the dict of the frame's locals, so that it keeps nothing alive.
    :param follow: the trace function of the frame from then on, which it gives back; lines are not traced.
    """
    wanted = tuple(name is not None for name in names)
    maker = _maker(wanted, empties, follow is not None)
    reader: Reader = maker(enter, key, follow, *[name for name in names if name is not None])
    return reader


@functools.lru_cache(maxsize=256)
def _maker(wanted: tuple[bool, ...], empties: bool, follows: bool) -> Callable[..., Reader]:
    fields = [f"name{place}" for place, shown in enumerate(wanted) if shown]
    values = [f"bound[name{place}]" if shown else "None" for place, shown in enumerate(wanted)]
    lines = [
        f"def make({', '.join(['enter', 'key', 'follow', *fields])}):",
        "    def read(frame):",
        *(["        frame.f_trace_lines = False"] if follows else []),
        *(["        bound = frame.f_locals"] if fields else []),
        f"        enter({', '.join(['key', *values])})",
        *(["        bound.clear()"] if fields and empties else []),
        *(["        return follow"] if follows else []),
        "    return read",
    ]
    scope: dict[str, Any] = {"__name__": __name__}
    exec(compile("\n".join(lines), "<reader>", "exec"), scope)
    maker: Callable[..., Reader] = scope["make"]
    return maker

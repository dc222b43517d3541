"""The functions of a slot whose policy limits depth or samples: they decide first, and then do as ``live`` does.

A call that is not recorded must cost next to nothing, so the decision is in line for plain functions of few arguments
and needs one look-up. ``levels`` has, by thread, how many traced calls are on its stack and whether the tree is left
out; it is asked again at the end, and answers as it did at the start, since by then the stack is as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

get_ident: Callable[[], int]
context: Callable[[], Any]
levels: dict[int, Any]
new_level: Callable[[], Any]
within: Callable[[Any, Any, int], bool]
chance: Callable[[], float]
frame_at: Callable[[int], Any]
LIMIT: int
RATE: float
record: Any  # the slot's functions of the same names, as in ``live``

# -- the slow way, for what is rarer -------------------------------------------------------------------------------


class Level:
    """How deep a thread is. ``left_out`` says that the tree being run is not recorded."""

    __slots__ = ("depth", "left_out")

    def __init__(self) -> None:
        self.depth = 0
        self.left_out = False

"""Which calls are recorded where a policy limits depth or samples: the decisions behind ``limited``."""

from __future__ import annotations

import functools
import os

from .coroutines import Coroutines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["Gate", "Levels"]


LEFT_OUT: Final = 1 << 28
"""Added to the depth of calls in a tree that is not recorded: more than any limit, so that one comparison tells."""

_NO_LIMIT: Final = LEFT_OUT >> 1


@functools.cache
def _draws() -> Callable[[], float]:
    """Numbers from 0 to 1. Those of ``random`` itself are the program's, which may count on their order."""
    from random import Random

    numbers = Random()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=numbers.seed)
    return numbers.random


class _Level:
    """How deep a thread is, counted from ``LEFT_OUT`` if the tree that it runs, or ran last, is not recorded."""

    __slots__ = ("depth",)

    def __init__(self) -> None:
        self.depth = 0

    @property
    def left_out(self) -> bool:
        """Whether that tree is not recorded."""
        return self.depth >= LEFT_OUT

    @property
    def calls(self) -> int:
        """How many traced calls are on the stack."""
        return self.depth % LEFT_OUT


class Levels:
    """The level of each thread, which the slots of one probe share: a tree may pass through several policies."""

    def __init__(self, mine: Any) -> None:
        self._mine = mine

    def here(self) -> _Level:
        """This thread's."""
        try:
            found: _Level = self._mine.level
        except AttributeError:
            found = self._mine.level = _Level()
        return found


class Gate:
    """Decides for one slot.

    :param limit: how many traced calls deep is recorded.
    :param rate: the share of trees that are recorded, from 0 to 1; drawn at the root, so trees are whole or absent.
    """

    def __init__(self, levels: Levels, coroutines: Coroutines, limit: int | None, rate: float) -> None:
        self._levels, self._coroutines = levels, coroutines
        self._limit = min(limit, _NO_LIMIT) if limit is not None else _NO_LIMIT
        self._rate = rate
        self._draw = _draws() if rate < 1 else float
        self._generators: dict[int, bool] = {}  # frames that were begun: whether they are recorded
        self._paused: set[int] = set()
        self._calls: dict[int, bool] = {}  # frames of coroutines: whether they are recorded

    def namespace(self) -> dict[str, Any]:
        """What ``limited`` needs of it."""
        return {
            "new_level": self._levels.here,
            "admits": self._admits,
            "recorded": self._is_recorded,
            "opens": self._opens,
            "closes": self._closes,
            "opens_gen": self._opens_gen,
            "pauses_gen": self._pauses_gen,
            "goes_on_gen": self._goes_on_gen,
            "closes_gen": self._closes_gen,
            "opens_coro": self._opens_coro,
            "closes_coro": self._closes_coro,
            "LIMIT": self._limit,
            "LEFT_OUT": LEFT_OUT,
            "AFRESH": LEFT_OUT + 1,
        }

    def _start_tree(self, level: _Level) -> None:
        ctx = self._coroutines.current()
        if ctx is not None and int(ctx) in self._coroutines.levels:
            recorded = True  # as the coroutine call that it belongs to, see _within
        else:
            drawn = self._coroutines.sampled.get(int(ctx)) if ctx is not None else None
            recorded = self._rate >= 1 or (self._draw() < self._rate if drawn is None else drawn)
        level.depth = level.calls if recorded else LEFT_OUT + level.calls

    def _admits(self, level: _Level, depth: int) -> bool:
        """Whether a call that made its thread this deep is recorded."""
        if depth in (1, LEFT_OUT + 1):
            self._start_tree(level)
        return self._is_recorded(level)

    def _within(self, level: _Level, ctx: int) -> bool:
        """The same question within a coroutine call, which knows its own depth."""
        known = self._coroutines.levels.get(int(ctx))
        if known is None:
            return True
        depth, below, left_out = known
        return not left_out and depth + level.calls - below <= self._limit

    def _is_recorded(self, level: _Level) -> bool:
        if level.depth > self._limit:
            return False
        ctx = self._coroutines.current()
        return ctx is None or self._within(level, ctx)

    def _opens(self) -> bool:
        level = self._levels.here()
        level.depth += 1
        return self._admits(level, level.depth)

    def _closes(self) -> bool:
        level = self._levels.here()
        recorded = self._is_recorded(level)
        _leave(level)
        return recorded

    def _opens_gen(self, frame: int) -> bool:
        recorded = self._generators[frame] = self._opens()
        return recorded

    def _pauses_gen(self, frame: int) -> bool:
        _leave(self._levels.here())
        self._paused.add(frame)
        return self._generators.get(frame, False)

    def _goes_on_gen(self, frame: int) -> bool:
        if frame in self._paused:
            self._paused.discard(frame)
            self._levels.here().depth += 1
        return self._generators.get(frame, False)

    def _closes_gen(self, frame: int) -> bool:
        if frame in self._paused:
            self._paused.discard(frame)
        else:
            _leave(self._levels.here())
        return self._generators.pop(frame, False)

    def _opens_coro(self, frame: int) -> bool:
        level = self._levels.here()
        ctx = self._coroutines.current()
        known = self._coroutines.levels.get(int(ctx)) if ctx is not None else None
        if known is not None:
            depth, left_out = known[0] + level.calls - known[1] + 1, known[2]
        else:
            if level.calls == 0:
                self._start_tree(level)
            depth, left_out = level.calls + 1, level.left_out
        recorded = self._calls[frame] = depth <= self._limit and not left_out
        self._coroutines.expect(depth, level.calls, left_out)
        if not recorded:
            self._coroutines.start(frame)
        return recorded

    def _closes_coro(self, frame: int) -> bool:
        recorded = self._calls.pop(frame, False)
        if not recorded:
            self._coroutines.end(frame)
        return recorded


def _leave(level: _Level) -> None:
    if level.calls:  # else recording began within the call
        level.depth -= 1

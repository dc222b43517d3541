"""Which calls are recorded where a policy limits depth or samples: the decisions behind ``limited``."""

from __future__ import annotations

import _thread
import random
from typing import Any

from .coroutines import Coroutines

__all__ = ["Gate", "Levels"]


class _Level:
    """How deep a thread is. ``left_out`` says that the tree that it runs is not recorded."""

    __slots__ = ("depth", "left_out")

    def __init__(self) -> None:
        self.depth = 0
        self.left_out = False


class Levels(dict[int, _Level]):
    """The levels of all threads, which the slots of one probe share: a tree may pass through several policies."""

    def new(self) -> _Level:
        """The level of a thread that has none yet."""
        return self.setdefault(_thread.get_ident(), _Level())

    def here(self) -> _Level:
        """This thread's."""
        return self.get(_thread.get_ident()) or self.new()


class Gate:
    """Decides for one slot.

    :param limit: how many traced calls deep is recorded.
    :param rate: the share of trees that are recorded, from 0 to 1; drawn at the root, so trees are whole or absent.
    """

    def __init__(self, levels: Levels, coroutines: Coroutines, limit: int | None, rate: float) -> None:
        self._levels, self._coroutines = levels, coroutines
        self._limit = limit if limit is not None else 1 << 60
        self._rate = rate
        self._generators: dict[int, bool] = {}  # frames that were begun: whether they are recorded
        self._paused: set[int] = set()
        self._calls: dict[int, bool] = {}  # frames of coroutines: whether they are recorded

    def namespace(self) -> dict[str, Any]:
        """What ``limited`` needs of it."""
        return {
            "levels": self._levels,
            "new_level": self._levels.new,
            "within": self._within,
            "start_tree": self._start_tree,
            "opens": self._opens,
            "closes": self._closes,
            "opens_gen": self._opens_gen,
            "pauses_gen": self._pauses_gen,
            "goes_on_gen": self._goes_on_gen,
            "closes_gen": self._closes_gen,
            "opens_coro": self._opens_coro,
            "closes_coro": self._closes_coro,
            "LIMIT": self._limit,
        }

    def _start_tree(self, level: _Level) -> None:
        ctx = self._coroutines.current()
        if ctx is not None and int(ctx) in self._coroutines.levels:
            level.left_out = False  # as the coroutine call that it belongs to, see _within
        else:
            drawn = self._coroutines.sampled.get(int(ctx)) if ctx is not None else None
            recorded = self._rate >= 1 or (random.random() < self._rate if drawn is None else drawn)
            level.left_out = not recorded

    def _within(self, level: _Level, ctx: int) -> bool:
        """The same question within a coroutine call, which knows its own depth."""
        known = self._coroutines.levels.get(int(ctx))
        if known is None:
            return True
        depth, below, left_out = known
        return not left_out and depth + level.depth - below <= self._limit

    def _is_recorded(self, level: _Level) -> bool:
        if level.depth > self._limit or level.left_out:
            return False
        ctx = self._coroutines.current()
        return ctx is None or self._within(level, ctx)

    def _opens(self) -> bool:
        level = self._levels.here()
        level.depth += 1
        if level.depth == 1:
            self._start_tree(level)
        return self._is_recorded(level)

    def _closes(self) -> bool:
        level = self._levels.here()
        recorded = self._is_recorded(level)
        level.depth -= 1
        return recorded

    def _opens_gen(self, frame: int) -> bool:
        recorded = self._generators[frame] = self._opens()
        return recorded

    def _pauses_gen(self, frame: int) -> bool:
        self._levels.here().depth -= 1
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
            self._levels.here().depth -= 1
        return self._generators.pop(frame, False)

    def _opens_coro(self, frame: int) -> bool:
        level = self._levels.here()
        ctx = self._coroutines.current()
        known = self._coroutines.levels.get(int(ctx)) if ctx is not None else None
        if known is not None:
            depth, left_out = known[0] + level.depth - known[1] + 1, known[2]
        else:
            if level.depth == 0:
                self._start_tree(level)
            depth, left_out = level.depth + 1, level.left_out
        recorded = self._calls[frame] = depth <= self._limit and not left_out
        self._coroutines.expect(depth, level.depth, left_out)
        if not recorded:
            self._coroutines.start(frame)
        return recorded

    def _closes_coro(self, frame: int) -> bool:
        recorded = self._calls.pop(frame, False)
        if not recorded:
            self._coroutines.end(frame)
        return recorded

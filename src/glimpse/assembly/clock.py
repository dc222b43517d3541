"""Wall-clock text of monotonic nanoseconds."""

from __future__ import annotations

from ..natives import System

__all__ = ["Clock", "wall_base"]


def wall_base() -> int:
    """What to add to ``perf_counter_ns`` to get nanoseconds since the epoch, as the system clock has it now."""
    return System.now_ns() - System.perf_counter_ns()


class Clock:
    """Timestamps of one process, from its monotonic clock: they never go backwards.

    :param base: nanoseconds, as ``wall_base`` gives them.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self._second = -1
        self._text = ""

    def stamp(self, t: int) -> str:
        """``YYYY-MM-DD HH:MM:SS.ffffff`` in UTC."""
        second, rest = divmod(t + self.base, 1_000_000_000)
        if second != self._second:
            self._text = _seconds(second)
            self._second = second
        return f"{self._text}{rest // 1000:06d}"


def _seconds(second: int) -> str:
    return System.strftime("%Y-%m-%d %H:%M:%S.", System.gmtime(second))

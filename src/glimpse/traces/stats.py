"""Per function: calls, errors and how the time was spent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from glimpse.traces.calls import Call
from glimpse.traces.durations import Durations

__all__ = ["COLUMNS", "QUANTILES", "FunctionStats", "TopTable"]

COLUMNS: Final = ("function", "calls", "errors", "total_ms", "self_ms", "mean_ms", "p50_ms", "p95_ms", "max_ms")
"""What is known of a function, in the order of output. Times are milliseconds."""

QUANTILES: Final = (0.5, 0.95)
_DECIMALS: Final = 6


class FunctionStats:
    """What is known of one function's calls."""

    __slots__ = ("durations", "errors", "function", "self_ms")

    def __init__(self, function: str) -> None:
        self.function = function
        self.durations = Durations()
        self.errors = 0
        self.self_ms = 0.0

    def row(self) -> dict[str, Any]:
        """The values of ``COLUMNS``."""
        median, high = self.durations.quantiles(*QUANTILES)
        times = (self.durations.total_ms, self.self_ms, self.durations.mean_ms, median, high, self.durations.max_ms)
        values = (self.function, self.durations.count, self.errors, *(round(time, _DECIMALS) for time in times))
        return dict(zip(COLUMNS, values, strict=True))


class TopTable:
    """Statistics of every function, in one pass and memory for the functions alone."""

    def __init__(self) -> None:
        self.functions: dict[str, FunctionStats] = {}
        self.started = 0
        self.ended = 0

    @property
    def unfinished(self) -> int:
        """Calls without an end, which no row counts."""
        return max(self.started - self.ended, 0)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each function, the one with the most time of its own first."""
        return sorted((stats.row() for stats in self.functions.values()), key=_by_self_time)

    def add_calls(self, calls: Iterable[Call]) -> None:
        """Count calls that have ended."""
        for call in calls:
            self.started += 1
            if not call.finished:
                continue
            self.ended += 1
            stats = self.stats(call.function)
            stats.durations.add(call.duration_ms or 0.0)
            stats.self_ms += call.self_ms
            stats.errors += call.failed

    def stats(self, function: str) -> FunctionStats:
        """The statistics of a function, made if it is new."""
        found = self.functions.get(function)
        if found is None:
            found = self.functions[function] = FunctionStats(function)
        return found


def _by_self_time(row: dict[str, Any]) -> tuple[float, float, str]:
    return (-row["self_ms"], -row["total_ms"], row["function"])

"""The one line that ``glimpse run`` ends with: how much was recorded, what stood out, and where it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from glimpse.config import Config
from glimpse.errors import GlimpseError
from glimpse.views.text.style import count_of, duration

__all__ = ["Before", "summary"]

_READ_AT_MOST: Final = 200_000_000  # bytes; about ten seconds


@dataclass(frozen=True)
class Before:
    """What was there when the program started: the destination's file, and the time as entries have it."""

    file: str | None
    size: int
    time: str

    @classmethod
    def now(cls, config: Config) -> Before:
        """The present state."""
        from datetime import datetime, timezone

        file = _file(config)
        return cls(file, _size(file) if file else 0, datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f"))


def summary(stats_folder: str, config: Config, before: Before) -> str:
    """The line.

    :param stats_folder: where the processes have left their statistics.
    """
    stats = list(_stats(stats_folder))
    written = sum(each.get("written", 0) for each in stats)
    if not stats:
        if before.file is not None and _size(before.file) > before.size:
            return f"no process lived to count its entries; they are in {before.file}"
        return "nothing was recorded: no Python process started Glimpse, or none lived to say so"
    if not written and not any(each.get("dropped") for each in stats):
        return f"nothing was recorded{_why(stats)}: no included function was called (see glimpse explain NAME)"
    events = config.dest == "journal"  # of which some, as those of generators, are no entries
    parts = [count_of(written, "event") if events else count_of(written, "entry", "entries")]
    if len(stats) > 1:
        parts[0] += f" of {len(stats)} processes"
    parts += _highlights(before)
    dropped = sum(each.get("dropped", 0) for each in stats)
    if dropped:
        parts.append(f"{dropped:,} lost{_why(stats)}")
    return f"{', '.join(parts)}; in {before.file or config.dest}"


def _stats(folder: str) -> Iterator[dict[str, Any]]:
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield json.load(file)


def _why(stats: list[dict[str, Any]]) -> str:
    errors = [str(each["last_error"]) for each in stats if each.get("last_error")]
    return f" ({errors[0]})" if errors else ""


def _highlights(before: Before) -> list[str]:
    """Functions, errors and the slowest call, read back from the file, unless that would take long."""
    if before.file is None or not 0 < _size(before.file) < _READ_AT_MOST:
        return []
    from glimpse.traces.filters import Selection
    from glimpse.views.sources import open_sources
    from glimpse.views.statistics import top_table

    selection = Selection(since=before.time) if before.size else Selection()
    try:
        rows = top_table(open_sources([before.file]), selection).rows()
    except GlimpseError:
        return []
    if not rows:
        return []
    slowest = max(rows, key=lambda row: row["max_ms"])
    return [
        count_of(len(rows), "function"),
        count_of(sum(row["errors"] for row in rows), "error"),
        f"slowest {slowest['function']} {duration(slowest['max_ms'])}",
    ]


def _size(file: str) -> int:
    return os.path.getsize(file) if os.path.exists(file) else 0


def _file(config: Config) -> str | None:
    for dest in config.dests:
        params = config.params_for(dest)
        file = params.get("log_path") or params.get("db_path")
        if file:
            return str(file)
    return None

"""What the page shows before it has opened a single row: totals, functions, failures, and what was put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from glimpse._version import __version__
from glimpse.traces.calls import Call
from glimpse.traces.failures import Failure
from glimpse.traces.records import epoch_us
from glimpse.traces.stats import COLUMNS
from glimpse.views.html.gather import NS_PER_US, Gathered
from glimpse.views.html.rows import BUNDLE, ROWS_A_BLOCK
from glimpse.views.html.texts import traceback_lines
from glimpse.views.text.naming import split_function
from glimpse.views.text.style import clean

__all__ = ["summary"]

MOST_FAILURES: Final = 1_000
MOST_MESSAGES: Final = 10
MOST_STEPS: Final = 80


def summary(gathered: Gathered, title: str, lanes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Everything but rows and texts, as JSON can hold it. All text of the trace in it is safe to show."""
    rows, uses = gathered.rows, gathered.uses
    bundles = [row for row, flags in enumerate(rows.flags) if flags & BUNDLE]
    first_ns = min(rows.start, default=0)
    last_ns = max((use.last_ns for use in uses), default=0)
    groups = gathered.failures.rows()
    tasks = {(use.lane.process, use.thread, use.task) for use in uses if use.task is not None}
    return {
        "version": __version__,
        "title": clean(title),
        "first": clean(gathered.totals.first),
        "began_us": _began_us(gathered, first_ns),
        "span_ns": max(last_ns - first_ns, 0),
        "calls": gathered.totals.calls,
        "failed": gathered.totals.failed,
        "unfinished": gathered.totals.unfinished,
        "exceptions": gathered.failures.count,
        "processes": len({(use.lane.process, use.lane.service) for use in uses}),
        "threads": len({(use.lane.process, use.lane.service, use.thread) for use in uses}),
        "tasks": len(tasks),
        "services": sorted({clean(use.lane.service) for use in uses if use.lane.service}),
        "lanes": lanes,
        "functions": _functions(gathered),
        "failures": [_failure(group, gathered) for group in groups[:MOST_FAILURES]],
        "failures_left_out": max(len(groups) - MOST_FAILURES, 0) + gathered.failures.dropped,
        "rows": len(rows),
        "block": ROWS_A_BLOCK,
        "long_ids": {rows.place(serial): str(call_id) for serial, call_id in rows.long_ids.items()},
        "texts": {"shown": sum(map(bool, rows.text)), "kept": gathered.texts.kept, "starts": gathered.texts.starts},
        "bundles": {
            "count": len(bundles),
            "calls": sum(rows.count[row] for row in bundles),
            "short_ns": gathered.short_ns,
        },
    }


def _began_us(gathered: Gathered, first_ns: int) -> float:
    """Microseconds since 1970 of the first call."""
    if gathered.uses:
        return gathered.uses[0].lane.origin_us + first_ns / NS_PER_US
    return float(epoch_us(gathered.totals.first) or 0)


def _functions(gathered: Gathered) -> list[list[Any]]:
    """Each function's module, name, and statistics but the first column, by the number that rows have for it."""
    stats = {row["function"]: [row[name] for name in COLUMNS[1:]] for row in gathered.table.rows()}
    nothing = [0] * (len(COLUMNS) - 1)
    rows = []
    for function in gathered.functions:
        module, name = split_function(function)
        rows.append([clean(module), clean(name), *stats.get(function, nothing)])
    return rows


def _failure(group: Failure, gathered: Gathered) -> dict[str, Any]:
    messages = group.messages.most_common(MOST_MESSAGES)
    caught = group.caught_in
    return {
        "type": clean(group.type),
        "function": gathered.functions.get(group.function, -1),
        "line": group.line,
        "count": group.count,
        "first": clean(group.first),
        "last": clean(group.last),
        "messages": [[clean(message), count] for message, count in messages],
        "more_messages": max(len(group.messages) - MOST_MESSAGES, 0),
        "threads": sorted(map(clean, group.threads))[:MOST_MESSAGES],
        "path": _path(group.example.path(), gathered),
        "caught": None if caught is None else clean(caught.function),
        "traceback": "\n".join(traceback_lines(group.example)),
    }


def _path(calls: Sequence[Call], gathered: Gathered) -> list[Any]:
    """The calls on the way to a failure; of very many, a number stands for those in the middle."""
    left = len(calls) - MOST_STEPS
    if left <= 0:
        return [_step(call, gathered) for call in calls]
    first = MOST_STEPS // 4
    outer, inner = calls[:first], calls[left + first :]
    return [*(_step(call, gathered) for call in outer), left, *(_step(call, gathered) for call in inner)]


def _step(call: Call, gathered: Gathered) -> list[Any]:
    """A call on the way to a failure: its row, name, arguments, and whether the exception left it."""
    return [gathered.rows.place(call.node), clean(call.function), clean(call.args), call.failed]

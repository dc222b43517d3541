"""The difference of two traces as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from glimpse.traces.diff import Change, Profile
from glimpse.views.text.naming import fit_name
from glimpse.views.text.style import Style, cells, clean, code, count_of, duration, fit, table_row

__all__ = ["change_row", "diff_lines", "diff_markdown", "summary_row"]

_TITLES: Final = {
    "new-errors": ("New errors", "red"),
    "slower": ("Slower (median of a call)", "red"),
    "results": ("Other results for the same arguments", "yellow"),
    "new-functions": ("New functions", "bold"),
    "gone-functions": ("Functions that are gone", "bold"),
    "calls": ("Called more or less often", "bold"),
    "faster": ("Faster (median of a call)", "green"),
    "gone-errors": ("Errors that are gone", "green"),
}
_TIMES: Final = frozenset(("slower", "faster"))
_FUNCTION_SHARE: Final = 0.55


def diff_lines(found: Sequence[Change], limit: int | None, style: Style) -> Iterator[str]:
    """The changes, in sections."""
    if not found:
        yield "No difference beyond noise."
    for kind, section in groupby(found, key=lambda change: change.kind):
        changes = list(section)
        title, colour = _TITLES[kind]
        yield style.paint(f"{title}: {len(changes):,}", "bold", colour)
        for change in changes[:limit]:
            yield from _lines(change, style)
        if limit is not None and len(changes) > limit:
            yield style.paint(f"  … {len(changes) - limit:,} more (-n 0 shows all)", "dim")
        yield ""


def summary_lines(before: Profile, after: Profile, names: tuple[str, str], style: Style) -> Iterator[str]:
    """What was compared."""
    old, new = summary_row(before), summary_row(after)
    width = style.width or 10**6
    yield style.paint(fit(f"{clean(names[0])} → {clean(names[1])}", width), "bold")
    yield (
        f"{old['calls']:,} → {count_of(new['calls'], 'call')} · {duration(old['self_ms'])} → {duration(new['self_ms'])}"
        f" · {old['errors']:,} → {count_of(new['errors'], 'error')}"
    )
    yield ""


def summary_row(profile: Profile) -> dict[str, Any]:
    """A trace's totals as JSON has them. Times are milliseconds."""
    rows = profile.table.rows()
    return {
        "calls": sum(row["calls"] for row in rows),
        "functions": len(rows),
        "errors": profile.failures.count,
        "self_ms": round(sum(row["self_ms"] for row in rows), 6),
    }


def _lines(change: Change, style: Style) -> Iterator[str]:
    width = style.width - 2 if style.width else 10**6
    values = _values(change)
    function = clean(change.function)
    if change.kind in {"new-errors", "gone-errors"}:
        yield "  " + fit(f"{clean(change.detail)} ({count_of(int(change.after or change.before or 0), 'time')})", width)
        yield style.paint("    " + fit(f"raised in {function}", width - 2), "dim")
        return
    if change.kind == "results":
        yield "  " + fit(f"{function}: {clean(change.detail)} calls", width)
        yield style.paint("    " + fit(values, width - 2), "dim")
        return
    name = fit_name(function, max(width - cells(values) - 2, int(width * 0.3)))
    gap = max(width - cells(name) - cells(values), 2) if style.width else 2
    yield f"  {name}{' ' * gap}{values}"


def _values(change: Change) -> str:
    if change.kind in _TIMES:
        text = f"{_time(change.before)} → {_time(change.after)}"
    elif change.kind == "results":
        return f"{clean(str(change.before))} → {clean(str(change.after))}"
    else:
        text = f"{_count(change.before)} → {_count(change.after)} calls"
    if change.relative is not None and math.isfinite(change.relative):
        text += f"  {change.relative:+.0%}"
    return text


def _time(value: float | str | None) -> str:
    return "?" if value is None or isinstance(value, str) else duration(value)


def _count(value: float | str | None) -> str:
    return "?" if value is None or isinstance(value, str) else f"{value:,.0f}"


def change_row(change: Change) -> dict[str, Any]:
    """A change as JSON has it; durations in milliseconds."""
    return {
        "kind": change.kind,
        "function": change.function,
        "before": change.before,
        "after": change.after,
        "relative": change.relative if change.relative is None or math.isfinite(change.relative) else None,
        "detail": change.detail,
    }


def diff_markdown(found: Iterable[Change]) -> Iterator[str]:
    """The changes as a table in Markdown."""
    yield table_row(("change", "function", "values", "detail"))
    yield table_row(("---",) * 4)
    for change in found:
        yield table_row(
            (change.kind, code(change.function), code(_values(change)), code(change.detail) if change.detail else "")
        )

"""Where the time went, function by function, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from glimpse.traces.stats import COLUMNS
from glimpse.views.text.naming import fit_name
from glimpse.views.text.style import Style, clean, code, count_of, duration, table_row

__all__ = ["SORTS", "ordered", "top_lines", "top_markdown"]

SORTS: Final = ("self", "total", "calls", "errors", "mean", "p50", "p95", "max", "function")
"""What rows can be ordered by."""

_HEADS: Final = {"self_ms": "self", "total_ms": "total", "calls": "calls", "errors": "errors", "mean_ms": "mean",
                 "p50_ms": "p50", "p95_ms": "p95", "max_ms": "max"}  # fmt: skip
_COUNTS: Final = ("calls", "errors")
_GAP: Final = 1


def ordered(rows: Sequence[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """The rows in the order asked for, the largest first, names from A to Z."""
    if sort == "function":
        return sorted(rows, key=lambda row: row["function"])
    key = sort if sort in _COUNTS else f"{sort}_ms"
    return sorted(rows, key=lambda row: (-row[key], -row["total_ms"], row["function"]))


def top_lines(rows: Sequence[dict[str, Any]], limit: int | None, style: Style) -> Iterator[str]:
    """The table, of at most ``limit`` functions, and a line about all."""
    shown = rows if limit is None else rows[:limit]
    table = [[_cell(row, name) for name in _HEADS] for row in shown]
    widths = [max([len(head), *(len(line[place]) for line in table)]) for place, head in enumerate(_HEADS.values())]
    room = max(style.width - sum(widths) - len(widths) * _GAP - 1, 20) if style.width else 10**6
    heads = (head.rjust(width) for head, width in zip(_HEADS.values(), widths, strict=True))
    yield style.paint(" ".join(heads) + "  function", "bold")
    for row, line in zip(shown, table, strict=True):
        parts = []
        for name, text, width in zip(_HEADS, line, widths, strict=True):
            failed = name == "errors" and row["errors"]
            parts.append(style.paint(text.rjust(width), "red") if failed else text.rjust(width))
        yield f"{' '.join(parts)}  {style.paint(fit_name(clean(row['function']), room), 'cyan')}"
    yield from _rest(rows, len(shown), style)


def _rest(rows: Sequence[dict[str, Any]], shown: int, style: Style) -> Iterator[str]:
    calls = sum(row["calls"] for row in rows)
    spent = sum(row["self_ms"] for row in rows)
    errors = sum(row["errors"] for row in rows)
    if len(rows) > shown:
        left = sum(row["self_ms"] for row in rows[shown:])
        yield style.paint(f"… {count_of(len(rows) - shown, 'more function')}, {_compact(left)} (-n 0 shows all)", "dim")
    text = f"{count_of(calls, 'call')} of {count_of(len(rows), 'function')}, {duration(spent)} in all"
    yield ""
    yield text + (f" · {errors:,} ended in an exception" if errors else "")


def top_markdown(rows: Sequence[dict[str, Any]], limit: int | None) -> Iterator[str]:
    """The table in Markdown."""
    shown = rows if limit is None else rows[:limit]
    yield table_row([_HEADS.get(name, name) for name in COLUMNS])
    yield table_row(["---", *(["---:"] * (len(COLUMNS) - 1))])
    for row in shown:
        yield table_row([code(row["function"]), *(_cell(row, name) for name in COLUMNS[1:])])


def _cell(row: dict[str, Any], name: str) -> str:
    if name not in _COUNTS:
        return _compact(row[name])
    return f"{row[name]:,}" if row[name] or name == "calls" else "-"


def _compact(milliseconds: float) -> str:
    return duration(milliseconds).replace(" ", "")

"""Makes rows and reports for the tests around."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from glimpse.traces.calls import call_events
from glimpse.views.html import Choice, Limits, write_report
from glimpse.views.html.rows import NOBODY, Rows
from tests.support.reportpage import ReportPage

COLUMNS = ("serial", "caller", "start", "duration", "below", "call_id", "function", "lane", "count", "text", "flags")


def rows_of(*rows: dict[str, int]) -> Rows:
    """Rows with these values, the others 0; a call is in none unless it says so."""
    made = Rows()
    for row in rows:
        for name in COLUMNS:
            getattr(made, name).append(row.get(name, NOBODY if name == "caller" else 0))
    return made


def report_of(
    entries: Iterable[dict[str, Any]], *, title: str = "t", choice: Choice | None = None, **limits: int
) -> ReportPage:
    """The report of these entries."""
    stream = io.StringIO()
    write_report(call_events(dict(entry) for entry in entries), stream, title, choice=choice, limits=Limits(**limits))
    return ReportPage(stream.getvalue())

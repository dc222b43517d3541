"""Statistics and failures of sources, each by the fastest way that its format has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from glimpse.traces.calls import Call, finished_calls
from glimpse.traces.counting import LineCounter
from glimpse.traces.failures import Failures, find_callers
from glimpse.traces.filters import Selection
from glimpse.traces.stats import TopTable
from glimpse.views.sources import Source, records_for, records_of

__all__ = ["failures_of", "selected_calls", "top_table"]


def selected_calls(sources: Sequence[Source], selection: Selection) -> Iterator[Call]:
    """The calls that are chosen, as they end."""
    part = records_for(sources, selection)
    calls = finished_calls(records_of(sources) if part is None else part)
    return calls if selection.everything else filter(selection.selects, calls)


def top_table(sources: Sequence[Source], selection: Selection, tell: Callable[[str], None] | None = None) -> TopTable:
    """Statistics of every function.

    :param tell: is told before it takes longer than it usually does.
    :raises ReadError: a source cannot be read.
    """
    if len(sources) == 1 and sources[0].format == "sqlite":
        from glimpse.views.selecting import selected_table

        if selection.everything:
            from glimpse.views.database import database_table

            return database_table(sources[0].name, tell)
        found = selected_table(sources[0].name, selection)
        if found is not None:
            return found
    table = TopTable()
    if len(sources) == 1 and sources[0].format == "jsonl" and selection.everything:
        with sources[0].opened() as stream:
            LineCounter(table, sources[0].damage).count(stream)
    else:
        table.add_calls(selected_calls(sources, selection))
    return table


def failures_of(sources: Sequence[Source], selection: Selection, limit: int | None = None) -> Failures:
    """Every exception; the calls that led there are complete for the ``limit`` most frequent kinds.

    :raises ReadError: a source cannot be read.
    """
    if len(sources) == 1 and sources[0].format == "sqlite":
        from glimpse.views.database import database_failures

        found = database_failures(sources[0].name, selection)
        if found is not None:
            return found
    failures = Failures()
    if len(sources) == 1 and sources[0].format == "jsonl" and sources[0].plain and selection.everything:
        with sources[0].opened() as stream:
            failures.add_lines(stream, sources[0].damage)
            find_callers(stream, failures.rows()[:limit])
    else:
        failures.add_calls(selected_calls(sources, selection))
    return failures

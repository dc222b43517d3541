"""``glimpse top``: where the time went, function by function."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from glimpse.cli.reading import (
    Output,
    add_filters,
    add_output,
    add_traces,
    limit_of,
    note,
    report_damage,
    selection_of,
)
from glimpse.errors import GlimpseError, bad_value
from glimpse.views.sources import open_sources
from glimpse.views.statistics import top_table
from glimpse.views.text.style import count_of
from glimpse.views.text.top import SORTS, ordered, top_lines, top_markdown

EXAMPLES: Final = """\
examples:
  glimpse top                       the functions with the most own time
  glimpse top --sort total -n 5     the five with the most time in all
  glimpse top -k shop.db --error    calls that failed in one module
  glimpse top --json | jq '.[0]'    for programs

self is the time in a function itself, total includes what it calls; mean, p50,
p95 and max are of one call's total. A recursive function's total counts the
calls inside its calls again. Percentiles are exact for up to 8,192 different
durations of a function, and within half a percent beyond; of a whole database
they are always exact.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_traces(parser)
    add_filters(parser)
    add_output(parser)
    parser.add_argument("-n", "--limit", metavar="N", help="functions to show, 0 for all (default 20, all with --json)")
    parser.add_argument("--sort", metavar="BY", default="self", help=f"one of {', '.join(SORTS)} (default self)")


def execute(options: Namespace) -> int:
    """Show the table."""
    output = Output(options)
    if options.sort not in SORTS:
        raise GlimpseError(bad_value("--sort", options.sort, SORTS))
    default = "0" if output.format == "json" else "20"
    limit = limit_of(options.limit or default)
    selection = selection_of(options)
    sources = open_sources(options.traces)
    table = top_table(sources, selection, note)
    rows = ordered(table.rows(), options.sort)
    if output.format == "json":
        output.json(rows if limit is None else rows[:limit])
    elif output.format == "md":
        output.lines(top_markdown(rows, limit))
    elif rows:
        output.lines(top_lines(rows, limit, output.style))
        if table.unfinished:
            output.line(f"{count_of(table.unfinished, 'call')} not finished, and not counted")
    else:
        output.line(
            "The trace has no finished calls yet." if selection.everything else "No finished call is like that."
        )
    report_damage(sources)
    return 0

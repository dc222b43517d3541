"""``glimpse errors``: exceptions by type and place."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from glimpse.cli.reading import (
    Output,
    add_filters,
    add_output,
    add_traces,
    limit_of,
    report_damage,
    selection_of,
)
from glimpse.views.sources import open_sources
from glimpse.views.statistics import failures_of
from glimpse.views.text.failures import failure_lines, failure_markdown, failure_row
from glimpse.views.text.style import count_of

EXAMPLES: Final = """\
examples:
  glimpse errors                     the most frequent first
  glimpse errors --since 10min       the latest ones
  glimpse errors --traceback         with the traceback of one of each kind
  glimpse errors --json | jq '.[] | [.type, .count]'

An exception counts once, however many calls it passed. The calls shown are
those that led to the first one of its kind; a cross marks those that it left.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_traces(parser)
    add_filters(parser)
    add_output(parser)
    parser.add_argument("-n", "--limit", metavar="N", help="kinds to show, 0 for all (default 20, all with --json)")
    parser.add_argument("--traceback", action="store_true", help="show a traceback of each kind")


def execute(options: Namespace) -> int:
    """Show the exceptions."""
    output = Output(options)
    limit = limit_of(options.limit or ("0" if output.format == "json" else "20"))
    selection = selection_of(options)
    sources = open_sources(options.traces)
    failures = failures_of(sources, selection, limit)
    groups = failures.rows()
    shown = groups[:limit]
    if output.format == "json":
        output.json([failure_row(group) for group in shown])
    elif output.format == "md":
        for group in shown:
            output.lines(failure_markdown(group, traceback=options.traceback))
    elif not groups:
        output.line("No exceptions." if selection.everything else "No exception is like that.")
    else:
        for group in shown:
            output.lines(failure_lines(group, output.style, traceback=options.traceback))
            output.line()
        if len(groups) > len(shown):
            output.line(f"… {count_of(len(groups) - len(shown), 'more kind')} (-n 0 shows all)")
        output.line(f"{count_of(failures.count, 'exception')} of {count_of(len(groups), 'kind')}")
    report_damage(sources)
    return 0

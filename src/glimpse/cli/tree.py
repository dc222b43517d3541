"""``glimpse tree``: the calls as a tree."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any, Final

from glimpse.cli.reading import Output, add_filters, add_output, add_traces, report_damage, selection_of, whole
from glimpse.traces.calls import call_events
from glimpse.traces.tree import Fold, Folding, Node, Track, TreeBuilder
from glimpse.views.sources import open_sources, records_for, records_of, several_machines
from glimpse.views.text.show import call_row
from glimpse.views.text.tree import totals_line, trees_text

EXAMPLES: Final = """\
examples:
  glimpse tree                              the configured destination
  glimpse tree a.jsonl b.jsonl.gz           two traces merged by time
  glimpse tree -k parse_item --args id=7    these calls, and what is below them
  glimpse tree --min-duration 10ms          what took long
  glimpse tree --error                      what failed, and the calls around it
  glimpse tree --all | less                 nothing folded

Calls of one function below one caller are folded after the first ones, and so
are deep recursions; failed calls stay. The number at the end of a line is for
'glimpse show'.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_traces(parser)
    add_filters(parser)
    group = parser.add_argument_group("folding")
    group.add_argument("--all", action="store_true", help="show every call")
    group.add_argument(
        "--keep", metavar="N", default="2", help="calls of one function to show below one caller (default 2)"
    )
    add_output(parser)


def execute(options: Namespace) -> int:
    """Show the tree."""
    output = Output(options)
    folding = None if options.all else Folding(siblings=whole("--keep", options.keep, 1))
    selection = selection_of(options)
    sources = open_sources(options.traces)
    at_once = not several_machines(sources)  # else what a tree has started elsewhere may come much later
    builder = TreeBuilder(selection, folding, at_once=at_once)
    part = records_for(sources, selection)
    trees = builder.roots(call_events(records_of(sources) if part is None else part))
    if output.format == "json":
        output.json_list(row for _, tree in trees for row in rows(tree))
    elif output.format == "md":
        from glimpse.views.text.markdown import tree_markdown

        output.lines(tree_markdown(trees))
    else:
        _show(trees, builder, output, whole_trace=part is None)
    report_damage(sources)
    return 0


def _show(
    trees: Iterator[tuple[Track, Node | Fold]], builder: TreeBuilder, output: Output, *, whole_trace: bool
) -> None:
    shown = False
    why_missing = "is not in the trace" if whole_trace else "was not read"
    for text in trees_text(trees, output.style, why_missing=why_missing):
        output.line(text)
        shown = True
    if shown:
        output.line()
    elif builder.totals.calls or not whole_trace:
        output.line("No call is like that.")
    if builder.totals.calls:
        rest = "" if whole_trace else " · the rest of the trace was not read"
        output.line(output.style.paint(totals_line(builder.totals) + rest, "dim"))
    elif whole_trace:
        output.line("The trace has no calls yet.")


def rows(tree: Node | Fold) -> Iterator[dict[str, Any]]:
    """The calls of a tree as JSON has them, each before those below it."""
    waiting = [(tree, 1)]
    while waiting:
        item, level = waiting.pop()
        yield call_row(item, level)
        if isinstance(item, Node):
            waiting.extend((child, level + 1) for child in reversed(list(item)))

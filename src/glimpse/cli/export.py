"""``glimpse export``: a trace for another tool."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final

from glimpse.cli.files import replacing
from glimpse.cli.reading import add_filters, add_traces, report_damage, selection_of
from glimpse.errors import GlimpseError, bad_value
from glimpse.traces.calls import Call, CallEvent, call_events
from glimpse.traces.filters import Selection
from glimpse.views.exports import EXPORTS, exporter
from glimpse.views.sources import open_sources, records_of

_ALL: Final = (*EXPORTS, "sqlite")

EXAMPLES: Final = """\
formats:
{formats}
  sqlite      the database that dest=sqlite writes

examples:
  glimpse export --to chrome -o trace.json       then open it in Perfetto
  glimpse export --to speedscope -o p.speedscope.json
  glimpse export --to folded | flamegraph.pl > flame.svg
  glimpse export --to csv -k shop.db > calls.csv
""".format(formats="\n".join(f"  {name:<10}  {meaning}" for name, meaning in EXPORTS.items()))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_traces(parser)
    parser.add_argument("--to", metavar="FORMAT", required=True, help=f"one of {', '.join(_ALL)}")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write (default: standard output)")
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")
    add_filters(parser)


def execute(options: Namespace) -> int:
    """Write the trace."""
    if options.to not in _ALL:
        raise GlimpseError(bad_value("--to", options.to, _ALL))
    selection = selection_of(options)
    sources = open_sources(options.traces)
    if options.to == "sqlite":
        from glimpse.cli.convert import rewrite

        if options.output is None:
            raise GlimpseError("option --to: sqlite needs a file to write to: add -o FILE")
        if not selection.everything:
            raise GlimpseError("option --to: sqlite takes whole traces only; leave the filters out")
        rewrite(sources, options.output, "sqlite", force=options.force)
        return 0
    write = exporter(options.to)
    events = chosen(call_events(records_of(sources)), selection)
    if options.output is None:
        write(events, sys.stdout)
    else:
        with (
            replacing(options.output, force=options.force) as path,
            open(path, "w", encoding="utf-8", newline="") as stream,
        ):
            write(events, stream)
    report_damage(sources)
    return 0


def chosen(events: Iterator[CallEvent], selection: Selection) -> Iterator[CallEvent]:
    """What happens to the calls that are chosen, and to all below one that is chosen by function or arguments."""
    if selection.everything:
        yield from events
        return
    inside: dict[Call, bool] = {}
    for event, call in events:
        if event == "started":
            below = call.parent is not None and selection.focused and inside.get(call.parent, False)
            inside[call] = selection.in_scope(call) and (below or selection.in_focus(call))
        elif event == "ended":
            take = inside.pop(call, False) and selection.keeps(call)
            if take and (selection.depth is None or call.depth <= selection.depth):
                yield "started", call
                yield "ended", call

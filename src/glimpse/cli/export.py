"""``glimpse export``: a trace for another tool."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from typing import Final, TextIO

from glimpse.cli.files import replacing
from glimpse.cli.reading import add_filters, add_traces, report_damage, selection_of
from glimpse.errors import GlimpseError, bad_value
from glimpse.traces.calls import CallEvent, call_events
from glimpse.traces.choosing import chosen, reads_twice
from glimpse.traces.filters import Selection
from glimpse.views.exports import EXPORTS, exporter
from glimpse.views.pipes import standard_input
from glimpse.views.sources import STDIN, Source, in_file, open_sources, records_for, records_of

STDOUT: Final = "-"
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
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write (default, and -: standard output)")
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

        if options.output in (None, STDOUT):
            raise GlimpseError("option --to: sqlite needs a file to write to: add -o FILE")
        if not selection.everything:
            raise GlimpseError("option --to: sqlite takes whole traces only; leave the filters out")
        rewrite(sources, options.output, "sqlite", force=options.force)
        return 0
    if reads_twice(selection):
        sources = [in_file(standard_input(), "stdin") if source.name == STDIN else source for source in sources]
    _write(exporter(options.to), chosen(lambda: _events(sources, selection), selection), options)
    report_damage(sources)
    return 0


def _events(sources: list[Source], selection: Selection) -> Iterable[CallEvent]:
    part = None if selection.focused else records_for(sources, selection)  # those around are a stack's lower frames
    return call_events(records_of(sources) if part is None else part)


def _write(
    write: Callable[[Iterable[CallEvent], TextIO], None], events: Iterable[CallEvent], options: Namespace
) -> None:
    if options.output in (None, STDOUT):
        if isinstance(sys.stdout, TextIOWrapper):
            encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
            sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
        write(events, sys.stdout)
        return
    with (
        replacing(options.output, force=options.force) as path,
        open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        write(events, stream)

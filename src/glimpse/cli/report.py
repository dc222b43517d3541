"""``glimpse report``: a trace as one page for a browser."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from typing import Final, TextIO

from glimpse.cli.files import replacing
from glimpse.cli.reading import add_filters, add_traces, report_damage, selection_of, whole
from glimpse.traces.calls import call_events
from glimpse.traces.choosing import chosen_at_the_end
from glimpse.traces.filters import Selection
from glimpse.views.html import MARK, Limits, Written, write_report
from glimpse.views.sources import STDIN, Source, open_sources, records_for, records_of
from glimpse.views.text.style import clean, count_of

EXAMPLES: Final = """\
examples:
  glimpse report                   report.html, of the configured destination
  glimpse report web.jsonl db.jsonl -o r.html --open
  glimpse report shop.db -k 'shop.orders*' --title 'Orders'

The page is one file that needs no network: timeline, call tree, functions,
errors and search. Of more than --calls calls, the shortest are shown together,
and counted.
"""

STDOUT: Final = "-"
MEGABYTE: Final = 1 << 20


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    limits = Limits()
    add = parser.add_argument
    add_traces(parser)
    add("-o", "--output", metavar="FILE", default="report.html", help="where to write, - for standard output")
    add("--force", action="store_true", help="overwrite a file that is not a report")
    add("--open", action="store_true", help="show the page in the browser")
    add("--title", metavar="TEXT", help="what the page is called (default: the traces' names)")
    add("--calls", metavar="N", default=str(limits.calls), help="calls shown one by one (default %(default)s)")
    add(
        "--texts",
        metavar="MB",
        default=str(limits.text_bytes // MEGABYTE),
        help="packed size of arguments and results to keep (default %(default)s)",
    )
    add("--json", action="store_true", help="print what was written as JSON")
    add_filters(parser)


def execute(options: Namespace) -> int:
    """Write the page."""
    selection = selection_of(options)
    limits = Limits(whole("--calls", options.calls, 1), whole("--texts", options.texts) * MEGABYTE)
    sources = open_sources(options.traces)
    title = options.title or _title(sources)
    if options.output == STDOUT:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        _write(sources, sys.stdout, title, selection, limits)
        report_damage(sources)
        return 0
    force = options.force or _is_report(options.output)
    with replacing(options.output, force=force) as path, open(path, "w", encoding="utf-8", newline="") as stream:
        written = _write(sources, stream, title, selection, limits)
    report_damage(sources)
    print(_json(written, options.output) if options.json else _line(written, options.output))
    if options.open:
        import webbrowser
        from pathlib import Path

        webbrowser.open(Path(options.output).resolve().as_uri())
    return 0


def _write(sources: list[Source], stream: TextIO, title: str, selection: Selection, limits: Limits) -> Written:
    choice = None if selection.everything else lambda events: chosen_at_the_end(events, selection)
    part = None if selection.focused else records_for(sources, selection)
    events = call_events(records_of(sources) if part is None else part)
    return write_report(events, stream, title, choice=choice, limits=limits)


def _title(sources: list[Source]) -> str:
    """What the traces are called, without folders, and without the password that a URI may hold."""
    names = [os.path.basename(source.name).rpartition("@")[2] for source in sources]
    return ", ".join("standard input" if name == STDIN else name for name in names)


def _is_report(path: str) -> bool:
    """Whether a file is a report, which nobody minds to have replaced by a newer one."""
    try:
        with open(path, "rb") as file:
            return file.read(len(MARK)) == MARK.encode("ascii")
    except OSError:
        return False


def _json(written: Written, path: str) -> str:
    facts = {name: getattr(written, name) for name in written.__slots__}
    return json.dumps({"path": path, "bytes": os.path.getsize(path), **facts}, indent=2)


def _line(written: Written, path: str) -> str:
    size = os.path.getsize(path)
    figure = f"{size / 1e6:.1f} MB" if size >= 999_500 else f"{size / 1e3:.0f} kB"
    parts = [count_of(written.calls, "call"), count_of(written.exceptions, "exception"), figure]
    if written.bundles:
        together = written.calls - written.one_by_one
        parts.insert(1, f"{together:,} short ones in {count_of(written.bundles, 'bundle')}")
    return f"{clean(path)}: {', '.join(parts)}"

"""``glimpse tail``: the last entries, and those that come."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from glimpse.cli.reading import Output, add_filters, add_output, add_traces, limit_of, report_damage, selection_of
from glimpse.errors import GlimpseError
from glimpse.traces.calls import finish, new_call
from glimpse.traces.filters import Selection
from glimpse.traces.follow import end_of_lines, follow, last_records
from glimpse.traces.records import Record
from glimpse.views.sources import Source, open_sources, records_of
from glimpse.views.text.entries import EntryLines
from glimpse.views.text.style import clean

EXAMPLES: Final = """\
examples:
  glimpse tail                       the last ten entries
  glimpse tail -f                    and whatever comes, until Ctrl-C
  glimpse tail -f --error            failures as they happen
  glimpse tail -n 100 app.jsonl -f -k shop.db --min-duration 50ms
"""


READ_AGAIN_S: Final = 0.5
"""Between two readings of a database or another file that cannot be read on from where it ended."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_traces(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with the entries that come")
    parser.add_argument("-n", "--limit", metavar="N", default="10", help="entries to begin with (default 10)")
    add_filters(parser)
    add_output(parser, "text", "json")


def execute(options: Namespace) -> int:
    """Show the entries."""
    output = Output(options, "text", "json")
    limit = limit_of(options.limit)
    keeps = _keeps(selection_of(options))
    sources = open_sources(options.traces, missing_ok=options.follow)
    entries = EntryLines(output.style)
    for record in _records(sources, limit, keeps, follow_on=options.follow):
        if output.format == "json":
            output.json_line(record)
        else:
            output.lines(entries.lines(record))
        if options.follow:
            output.flush()
    report_damage(sources)
    return 0


def _records(
    sources: list[Source], limit: int | None, keeps: Callable[[Record], bool], *, follow_on: bool
) -> Iterator[Record]:
    first = sources[0]
    if follow_on and (len(sources) > 1 or (not first.plain and not first.missing)):
        raise GlimpseError(f"{first.name}: only one trace that is not packed can be followed")
    if len(sources) > 1 or first.format != "jsonl" or not first.plain:
        yield from (
            _read_again(first, limit, keeps)
            if follow_on
            else deque(filter(keeps, records_of(sources, align=False)), limit)
        )
        return
    end = 0
    if first.missing:
        print(f"glimpse: waiting for {clean(first.name)}", file=sys.stderr)
    else:
        with first.opened() as stream:
            end = end_of_lines(stream) if follow_on else stream.seek(0, 2)
            last = last_records(stream, sys.maxsize if limit is None else limit, keeps, end)
        if not last:
            next(first.records(), None)  # which says so if this is no trace
        yield from last
    if follow_on:
        yield from filter(keeps, follow(first.name, end))


def _read_again(source: Source, limit: int | None, keeps: Callable[[Record], bool]) -> Iterator[Record]:
    """The last entries, then those that each new reading has more of, without end."""
    last: dict[int, int] = {}
    while True:
        more: deque[Record] = deque(maxlen=limit if not last else None)
        for record in source.records():
            number = record.get("entry_id", 0)
            if number > last.get(record["pid"], 0):
                last[record["pid"]] = number
                if keeps(record):
                    more.append(record)
        yield from more
        last = last or {0: 0}
        time.sleep(READ_AGAIN_S)


def _keeps(selection: Selection) -> Callable[[Record], bool]:
    """Whether an entry belongs to a chosen call, as far as the entry alone tells."""
    if selection.everything:
        return lambda record: True

    def keeps(record: Record) -> bool:
        call = new_call(record)
        ended = record["stage"] in {"END", "EXCEPTION"}
        if ended:
            finish(call, record)
        return selection.selects(call) and (ended or not (selection.min_ms or selection.errors))

    return keeps

"""``glimpse tail``: the last entries, and those that come."""

from __future__ import annotations

import heapq
import os
import select
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from glimpse.cli.reading import Output, add_filters, add_output, add_traces, limit_of, report_damage, selection_of
from glimpse.traces.records import Record
from glimpse.views.sources import open_sources
from glimpse.views.tails import Tail, tail_of
from glimpse.views.text.entries import EntryLines
from glimpse.views.text.style import clean

EXAMPLES: Final = """\
examples:
  glimpse tail                       the last ten entries
  glimpse tail -f                    and whatever comes, until Ctrl-C
  glimpse tail -f --error            failures as they happen
  glimpse tail -f web.db jobs.jsonl  of two programs, in the order of their time
  glimpse tail -n 100 app.jsonl -k shop.db --min-duration 50ms
"""

POLL_S: Final = 0.2
"""Between two looks at what has come."""


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
    selection = selection_of(options)
    sources = open_sources(options.traces, missing_ok=options.follow)
    entries = EntryLines(output.style)
    for source in sources:
        if source.missing:
            print(f"glimpse: waiting for {clean(source.name)}", file=sys.stderr)
    with ExitStack() as opened:
        tails = [tail_of(source, selection, follow=options.follow) for source in sources]
        for tail in tails:
            opened.callback(tail.close)
        for records in _rounds(tails, limit, follow=options.follow):
            for record in records:
                if output.format == "json":
                    output.json_line(record)
                else:
                    output.lines(entries.lines(record))
            output.flush()
    report_damage(sources)
    return 0


def _rounds(tails: Sequence[Tail], limit: int | None, *, follow: bool) -> Iterator[Iterator[Record]]:
    """The last entries, then those that have come each time, without end; of several traces in the order of time."""
    last = _merged([tail.last(limit) for tail in tails])
    yield last if limit is None or len(tails) == 1 else iter(deque(last, limit))
    while follow:
        yield _merged([tail.more() for tail in tails])
        if _nobody_reads():
            raise BrokenPipeError
        time.sleep(POLL_S)


def _merged(parts: Sequence[Iterator[Record]]) -> Iterator[Record]:
    return parts[0] if len(parts) == 1 else heapq.merge(*parts, key=lambda record: record["timestamp"])


def _nobody_reads() -> bool:
    """Whether whoever read the output through a pipe has gone: without entries, writing would not tell."""
    try:
        fd = sys.stdout.fileno()
        poll = select.poll()
    except (AttributeError, OSError, ValueError):  # no such call on Windows; no file, but a program that captures it
        return False
    poll.register(fd, 0)
    return not os.isatty(fd) and any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))

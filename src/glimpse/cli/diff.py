"""``glimpse diff``: what changed between two traces."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from glimpse.cli.reading import Output, add_filters, add_output, limit_of, report_damage, selection_of
from glimpse.traces.diff import KINDS, Limit, Profile, changes, parse_limits, parse_share
from glimpse.views.sources import recognise
from glimpse.views.statistics import selected_calls
from glimpse.views.text.diff import change_row, diff_lines, diff_markdown, summary_lines, summary_row

EXAMPLES: Final = f"""\
examples:
  glimpse diff before.jsonl after.jsonl
  glimpse diff main.db branch.db --fail-on slower=20%,new-errors
  glimpse diff a.jsonl b.jsonl -k shop.db --threshold 50%

With --fail-on, the exit code is 1 if there is such a change.

kinds: {", ".join(KINDS[:5])},
{", ".join(KINDS[5:])}. slower, faster and calls take a share.

A function is slower if the median of its calls grew by more than the threshold
and by a millisecond in all, and if that is more than chance explains. A machine
is busy or not for all calls of a moment alike, so what counts is the medians of
hundredths of a second: their ranks must be apart by 4 standard deviations
(Mann-Whitney). With fewer than twelve moments on a side they must not overlap
at all, and the growth must be large: by 60% with eight, by 170% with one.
"""
FAILED: Final = 1


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("before", metavar="BEFORE", help="the trace to compare with")
    parser.add_argument("after", metavar="AFTER", help="the trace to judge")
    parser.add_argument("--fail-on", metavar="KINDS", help="end with exit code 1 if there are such changes")
    parser.add_argument("--threshold", metavar="SHARE", default="10%", help="changes to leave out (default 10%%)")
    parser.add_argument(
        "-n", "--limit", metavar="N", default="10", help="changes of a kind to show, 0 for all (default 10)"
    )
    add_filters(parser)
    add_output(parser)


def execute(options: Namespace) -> int:
    """Show the changes, and judge them."""
    output = Output(options)
    limits = parse_limits(options.fail_on) if options.fail_on else []
    threshold = min([parse_share(options.threshold, "--threshold"), *(limit.share for limit in limits if limit.share)])
    limit = limit_of(options.limit)
    selection = selection_of(options)
    sources = [recognise(options.before), recognise(options.after)]
    before, after = (Profile(selected_calls([source], selection)) for source in sources)
    found = changes(before, after, threshold)
    broken = [(limit, change) for limit in limits for change in found if limit.broken_by(change)]
    if output.format == "json":
        output.json(
            {
                "before": {"name": options.before, **summary_row(before)},
                "after": {"name": options.after, **summary_row(after)},
                "changes": [change_row(change) for change in found],
                "failed_on": sorted({limit.kind for limit, _ in broken}),
            }
        )
    elif output.format == "md":
        output.lines(diff_markdown(found))
    else:
        output.lines(summary_lines(before, after, (options.before, options.after), output.style))
        output.lines(diff_lines(found, limit, output.style))
        for kept in limits:
            output.line(_verdict(kept, sum(limit is kept for limit, _ in broken), output))
    report_damage(sources)
    return FAILED if broken else 0


def _verdict(limit: Limit, count: int, output: Output) -> str:
    name = f"{limit.kind}={limit.share:.0%}" if limit.share else limit.kind
    if count:
        return output.style.paint(f"✗ {name}: {count:,}", "red")
    return output.style.paint(f"ok {name}", "green")

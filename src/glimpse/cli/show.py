"""``glimpse show``: one call in full."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from typing import Any, Final

from glimpse.cli.reading import Output, add_output, add_traces, report_damage
from glimpse.errors import GlimpseError, bad_value
from glimpse.traces.calls import Call, call_events
from glimpse.traces.filters import Selection
from glimpse.traces.tree import Folding, Node, TreeBuilder
from glimpse.views.sources import open_sources, records_for, records_of
from glimpse.views.text.show import call_row, show_lines, show_markdown

_CALL: Final = re.compile(r"#?(?:(\d{1,18}):)?#?(-?\d{1,400})", re.ASCII)

EXAMPLES: Final = """\
examples:
  glimpse show 412                 the call that other commands show as #412
  glimpse show 4711:412 a.jsonl    that of process 4711, where several have one
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("call", metavar="CALL_ID", help="a call's number, or PID:NUMBER")
    add_traces(parser)
    parser.add_argument("--all", action="store_true", help="show every call below, nothing folded")
    add_output(parser)


def execute(options: Namespace) -> int:
    """Show the call."""
    output = Output(options)
    selection = _selection(options.call)
    sources = open_sources(options.traces)
    builder = TreeBuilder(selection, None if options.all else Folding())
    part = records_for(sources, selection)
    found = [
        tree
        for _, tree in builder.roots(call_events(records_of(sources) if part is None else part))
        if isinstance(tree, Node) and selection.in_focus(tree.call)
    ]
    if not found:
        raise GlimpseError(f"no call {options.call} in {', '.join(source.name for source in sources)}")
    if output.format == "json":
        output.json([_row(node) for node in found])
    for position, node in enumerate(found if output.format != "json" else ()):
        if position:
            output.line()
        output.lines(show_markdown(node) if output.format == "md" else show_lines(node, output.style))
    report_damage(sources)
    return 0


def _selection(text: str) -> Selection:
    found = _CALL.fullmatch(text)
    if found is None:
        raise GlimpseError(bad_value("CALL_ID", text, "a number, or PID:NUMBER"))
    return Selection(call_id=int(found[2]), pids=(int(found[1]),) if found[1] else ())


def _row(node: Node) -> dict[str, Any]:
    row = call_row(node, node.call.depth)
    row["path"] = [_brief(call) for call in node.call.path()[:-1]]
    row["children"] = [call_row(child, node.call.depth + 1) for child in node]
    return row


def _brief(call: Call) -> dict[str, Any]:
    return {"call_id": call.call_id, "pid": call.pid, "function": call.function, "args": call.args}

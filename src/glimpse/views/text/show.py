"""One call in full: what it was called with, what came of it, the calls that led to it and those that it made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from glimpse.traces.calls import Call
from glimpse.traces.tree import Fold, Node
from glimpse.views.text.naming import call_text, outcome_text
from glimpse.views.text.style import Style, cells, clean, code, count_of, duration, fit
from glimpse.views.text.tree import tree_lines

__all__ = ["call_row", "show_lines", "show_markdown"]


PATH_ENDS: Final = 10
_IDS: Final = {
    "trace_id": "trace",
    "span_id": "span",
    "parent_span_id": "parent span",
    "correlation_id": "correlation",
    "policy": "policy",
}


def show_lines(node: Node, style: Style) -> Iterator[str]:
    """Everything that is known of a call."""
    call = node.call
    yield style.paint(fit(f"#{call.call_id} {clean(call.function)}", style.width or 10**6), "bold")
    for name, text in facts(call):
        colour = ("red",) if name == "exception" else ()
        yield from _labelled(name, text, style, colour)
    above = call.path()[:-1]
    if above:
        yield from ("", style.paint("called by", "bold"))
        for level, outer in enumerate(_ends(above)):
            lead = "  " * level + ("└ " if level else "  ")
            if isinstance(outer, int):
                yield style.paint(f"{lead}… {count_of(outer, 'more call')}", "dim")
                continue
            text = fit(
                call_text(outer, None), max((style.width or 10**6) - cells(lead) - len(str(outer.call_id)) - 3, 20)
            )
            yield f"{lead}{text}  {style.paint(f'#{outer.call_id}', 'dim')}"
    if node.children or node.hidden:
        yield from ("", style.paint(f"calls below: {node.size - 1:,}", "bold"))
        yield from tree_lines(node, style)
    if trace := _traceback(call):
        yield from ("", style.paint("traceback", "bold"), *(f"  {clean(line)}" for line in trace))


def _ends(path: list[Call]) -> list[Call | int]:
    """The calls at both ends of a path, and the number of those between them that are not shown."""
    hidden = len(path) - 2 * PATH_ENDS
    return [*path] if hidden <= 1 else [*path[:PATH_ENDS], hidden, *path[-PATH_ENDS:]]


def facts(call: Call) -> Iterator[tuple[str, str]]:
    """What is known of a call, name by name, as people read it."""
    yield "call", call_text(call, None)
    if call.failed:
        line = (call.exception or {}).get("line")
        yield (
            "exception",
            f"{clean(call.error_type)}: {clean(call.error_message)}" + (f" (line {line})" if line else ""),
        )
    else:
        yield "result", outcome_text(call).removeprefix("→ ") or "nothing recorded"
    if call.finished and call.duration_ms is not None:
        spent = f"{duration(call.duration_ms)}, {duration(call.self_ms)} of it in itself"
        active = f", {duration(call.active_ms)} running" if call.active_ms is not None else ""
        yield "took", spent + active
    yield "started", clean(call.timestamp) + (f", ended {clean(call.ended)}" if call.ended else "")
    task = f", task {call.task}" if call.task else ""
    yield "where", clean(f"{call.thread}{task}, pid {call.pid}" + (f", service {call.service}" if call.service else ""))
    if call.file or call.line is not None:
        yield "source", clean(f"{call.file or '?'}:{call.line if call.line is not None else '?'}")
    for field, name in _IDS.items():
        if value := getattr(call, field):
            yield name, clean(value)
    if call.parent is None and call.parent_id is not None:
        yield "caller", f"call #{call.parent_id}, which is not in the trace"
    if not call.complete:
        yield "note", "its START is not in the trace"


def _called_by(outer: Call | int) -> str:
    if isinstance(outer, int):
        return f"… {count_of(outer, 'more call')} …"
    return f"{code(call_text(outer))} (#{outer.call_id})"


def _labelled(name: str, text: str, style: Style, colours: tuple[str, ...]) -> Iterator[str]:
    label = f"  {name:<13}"
    room = max((style.width or 10**6) - len(label), 20)
    for piece in _wrapped(text, room):
        yield style.paint(label, "dim") + style.paint(piece, *colours)
        label = " " * len(label)


def _wrapped(text: str, room: int) -> Iterator[str]:
    """Pieces that fit; nothing is left out."""
    begin = 0
    while True:
        ahead = text[begin : begin + 2 * room]
        cut = len(ahead)
        if cells(ahead) > room:
            end = len(fit(ahead, room)) - 1
            space = ahead.rfind(" ", end // 2, end)
            cut = space + 1 if space > 0 else max(end, 1)
        elif begin + cut == len(text):
            yield ahead
            return
        yield ahead[:cut].rstrip()
        begin += cut


def _traceback(call: Call) -> list[str]:
    found = (call.exception or {}).get("traceback")
    return found.rstrip("\n").split("\n") if isinstance(found, str) else []


def call_row(item: Node | Fold, level: int) -> dict[str, Any]:
    """A call, or calls folded into one line, as JSON has it."""
    if isinstance(item, Fold):
        return {
            "level": level,
            "folded": item.calls,
            "function": item.function,
            "recursion": item.recursion,
            "calls": item.size,
            "failed": item.failed,
            "unfinished": item.unfinished,
            "total_ms": round(item.total_ms, 6),
            "slowest_ms": item.slowest_ms,
            "slowest_call_id": item.slowest_id,
        }
    call = item.call
    row: dict[str, Any] = {"level": level, **{name: getattr(call, name) for name in _FIELDS}}
    row.update(self_ms=round(call.self_ms, 6) if call.finished else None, failed=call.failed, finished=call.finished)
    row["calls"] = item.size
    return row


_FIELDS = (
    "call_id", "parent_id", "function", "args", "result", "exception", "timestamp", "duration_ms", "active_ms",
    "yields", "closed", "thread", "pid", "task", "service", "trace_id", "span_id", "parent_span_id",
)  # fmt: skip


def show_markdown(node: Node) -> Iterator[str]:
    """A call in Markdown."""
    yield f"## Call {node.call.call_id}: {code(node.call.function)}"
    yield ""
    for name, text in facts(node.call):
        yield f"- **{name}**: {code(text)}"
    if path := node.call.path()[:-1]:
        yield f"- **called by**: {' › '.join(map(_called_by, _ends(path)))}"
    for child in node:
        if isinstance(child, Fold):
            yield f"- {count_of(child.calls, 'more call')} of {code(child.function)}, {duration(child.total_ms)}"
        else:
            text = code(f"{call_text(child.call)} {outcome_text(child.call)}")
            yield f"- calls {text}, {duration(child.call.duration_ms)} (#{child.call.call_id})"
    if trace := _traceback(node.call):
        yield from ("", "```", *map(clean, trace), "```")

"""Exceptions as text: what was raised where, how often, and the calls that led there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glimpse.traces.calls import Call
from glimpse.traces.failures import Failure
from glimpse.traces.records import text_of
from glimpse.views.text.naming import call_text, split_function
from glimpse.views.text.style import Style, cells, clean, code, count_of, fit

__all__ = ["failure_lines", "failure_markdown", "failure_row"]

_MESSAGES = 3
_LONGEST_PATH = 30
_DAY = len("2023-12-01 ")
_SECOND = len("2023-12-01 10:30:15")


def failure_lines(failure: Failure, style: Style, *, traceback: bool = False) -> Iterator[str]:
    """The lines about one group of exceptions."""
    width = style.width or 10**6
    times = count_of(failure.count, "time")
    title = fit(headline(failure), width - cells(times) - 2)
    gap = max(style.width - cells(title) - cells(times), 2) if style.width else 2
    yield style.paint(title, "red", "bold") + " " * gap + times
    yield fit(f"  raised in {place_of(failure)}", width)
    yield style.paint(fit(f"  {_when_and_where(failure)}", width), "dim")
    for message, count in failure.messages.most_common(_MESSAGES + 1)[1:]:
        yield fit(f"  also {count:,} × {clean(message) or 'without a message'}", width)
    yield from _path_lines(failure, style)
    if traceback:
        for line in _traceback(failure.example):
            yield style.paint(f"    {clean(line)}", "dim")


def headline(failure: Failure) -> str:
    """The type, and the message that came most often."""
    message = failure.messages.most_common(1)[0][0] if failure.messages else ""
    return clean(f"{failure.type}: {message}" if message else failure.type)


def place_of(failure: Failure) -> str:
    """Function, line and, if known, file."""
    text = clean(failure.function) + (f", line {failure.line}" if failure.line is not None else "")
    return text + (f" of {clean(failure.example.file)}" if failure.example.file else "")


def outcome_of(failure: Failure) -> str:
    """Where the example's exception ended."""
    caught = failure.caught_in
    if caught is not None:
        return f"caught in {clean(split_function(caught.function)[1])} #{caught.call_id}"
    outermost = failure.passed[-1]
    if outermost.parent_id is not None:
        return f"left the trace: call #{outermost.parent_id} is not in it"
    if outermost.depth > 1:
        return "caught in a call that is not recorded"
    return "left the outermost traced call"


def _when_and_where(failure: Failure) -> str:
    first, last = clean(failure.first), clean(failure.last)
    same_day = first[:_DAY] == last[:_DAY]
    when = first if failure.count == 1 else f"{first[:_SECOND]} to {last[_DAY:_SECOND] if same_day else last[:_SECOND]}"
    threads = sorted(map(clean, failure.threads))
    where = threads[0] if len(threads) == 1 else f"{len(threads)} threads"
    return " · ".join([outcome_of(failure), when, where, *sorted(map(clean, failure.services))])


def _path_lines(failure: Failure, style: Style) -> Iterator[str]:
    path = failure.example.path()
    width = style.width or 10**6
    if len(path) > _LONGEST_PATH:
        yield style.paint(f"    … {count_of(len(path) - _LONGEST_PATH, 'call')} above", "dim")
        path = path[-_LONGEST_PATH:]
    module: str | None = None
    passed = set(failure.passed)
    for level, call in enumerate(path):
        lead = "    " + ("  " * (level - 1) + "└ " if level else "")
        mark = f"#{call.call_id}"
        sign = " ✗" if call in passed else ""
        room = width - cells(lead) - len(mark) - 2 - len(sign)
        text = fit(call_text(call, module), max(room, 16))
        gap = max(width - cells(lead) - cells(text) - len(sign) - len(mark), 2) if style.width else 2
        yield f"{style.paint(lead, 'dim')}{text}{style.paint(sign, 'red')}{' ' * gap}{style.paint(mark, 'dim')}"
        module = split_function(call.function)[0]


def _traceback(call: Call) -> list[str]:
    found: Any = (call.exception or {}).get("traceback")
    if isinstance(found, list):
        found = "\n".join(str(line) for line in found)
    return (text_of(found) or "no traceback in the trace").rstrip("\n").split("\n")


def failure_row(failure: Failure) -> dict[str, Any]:
    """The group as JSON has it."""
    caught = failure.caught_in
    passed = set(failure.passed)
    return {
        "type": failure.type,
        "message": failure.messages.most_common(1)[0][0] if failure.messages else "",
        "function": failure.function,
        "line": failure.line,
        "count": failure.count,
        "first": failure.first,
        "last": failure.last,
        "messages": [{"message": message, "count": count} for message, count in failure.messages.most_common()],
        "threads": sorted(failure.threads),
        "services": sorted(failure.services),
        "caught_in": {"function": caught.function, "call_id": caught.call_id} if caught is not None else None,
        "path": [
            {
                "call_id": call.call_id,
                "pid": call.pid,
                "function": call.function,
                "args": call.args,
                "failed": call in passed,
            }
            for call in failure.example.path()
        ],
        "traceback": "\n".join(_traceback(failure.example)),
    }


def failure_markdown(failure: Failure, *, traceback: bool = False) -> Iterator[str]:
    """The group in Markdown."""
    yield f"### {code(headline(failure))}: {count_of(failure.count, 'time')}"
    yield ""
    yield f"Raised in {code(place_of(failure))}; {_when_and_where(failure)}."
    yield ""
    passed = set(failure.passed)
    for level, call in enumerate(failure.example.path()):
        lead, sign = "  " * min(level, _LONGEST_PATH), " ✗" if call in passed else ""
        yield f"{lead}- {code(call_text(call))} (#{call.call_id}){sign}"
    if traceback:
        yield from ("", "```", *map(clean, _traceback(failure.example)), "```")
    yield ""

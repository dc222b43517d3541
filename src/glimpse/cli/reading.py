"""What the commands that read have in common: which trace, which calls, and how the answer is written."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from glimpse.errors import GlimpseError, bad_value
from glimpse.traces.filters import Selection, parse_duration, parse_pattern, parse_time
from glimpse.views.sources import Source
from glimpse.views.text.style import Style, clean

__all__ = ["Output", "add_filters", "add_output", "add_traces", "limit_of", "note", "report_damage", "selection_of"]

FORMATS: Final = ("text", "md", "json")
COLOURS: Final = ("auto", "always", "never")
_Value = TypeVar("_Value")


def add_traces(parser: ArgumentParser) -> None:
    """Let a command take traces to read."""
    parser.add_argument(
        "traces", nargs="*", metavar="TRACE", help="files, a mongodb:// URI or -; several are merged by time"
    )


def add_filters(parser: ArgumentParser) -> None:
    """Let a command choose calls."""
    group = parser.add_argument_group("which calls")
    add = group.add_argument
    add(
        "-k",
        "--function",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only calls of these functions: parts of the dotted name (Order.total), or wildcards (*.parse_*)",
    )
    add("--args", action="append", default=[], metavar="TEXT", help="only calls whose arguments contain the text")
    add("--min-duration", metavar="TIME", help="only calls that took so long: 10ms, 1.5s; a bare number is ms")
    add("--error", action="store_true", help="only calls that ended in an exception")
    add("--thread", action="append", default=[], metavar="NAME", help="only this thread (wildcards allowed)")
    add("--task", action="append", default=[], metavar="NAME", help="only this asyncio task (wildcards allowed)")
    add("--pid", action="append", default=[], metavar="PID", help="only this process")
    add("--service", action="append", default=[], metavar="NAME", help="only this service (wildcards allowed)")
    add("--trace", action="append", default=[], metavar="ID", help="only this trace id or correlation id")
    add(
        "--since",
        metavar="TIME",
        help="only calls that began then or later: 10:30 or '2023-12-01 10:30' (UTC), or so long ago: 10min",
    )
    add("--until", metavar="TIME", help="only calls that began then or before")
    add("--depth", metavar="N", help="only so many levels of calls")  # fmt: skip


def add_output(parser: ArgumentParser, *formats: str) -> None:
    """Let a command be told how to write."""
    group = parser.add_argument_group("how it is shown")
    group.add_argument("--json", action="store_true", help="for programs: the same as --format json")
    group.add_argument("--format", metavar="FORMAT", default="text", help=f"one of {', '.join(formats or FORMATS)}")
    group.add_argument(
        "--width", metavar="N", help="columns to fit in, 0 for no limit (default: the terminal's, else 80)"
    )
    group.add_argument("--color", "--colour", metavar="WHEN", default="auto", help="auto, always or never")


def selection_of(options: Namespace) -> Selection:
    """The choice of calls that the options describe.

    :raises GlimpseError: a value is not accepted.
    """
    since = _parsed("--since", options.since, parse_time, None)
    until = _parsed("--until", options.until, parse_time, None)
    if since is not None and until is not None and until < since and (since[2] == ":") == (until[2] == ":"):
        raise GlimpseError(bad_value("--until", options.until, f"a time that is not before --since {options.since}"))
    return Selection(
        functions=_patterns("--function", options.function),
        args=tuple(_parsed("--args", text, _some_text, "") for text in options.args),
        min_ms=_parsed("--min-duration", options.min_duration, parse_duration, 0.0),
        errors=options.error,
        threads=_patterns("--thread", options.thread),
        tasks=_patterns("--task", options.task),
        pids=tuple(whole("--pid", text) for text in options.pid),
        services=_patterns("--service", options.service),
        traces=_patterns("--trace", options.trace),
        since=since,
        until=until,
        depth=None if options.depth is None else whole("--depth", options.depth, 1),
    )


def _patterns(option: str, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(_parsed(option, text, parse_pattern, "") for text in texts)


def _some_text(text: str) -> str:
    if not text:
        raise GlimpseError(f"bad value {text!r}; accepted: a text that is not empty")
    return text


def whole(option: str, text: str, least: int = 0) -> int:
    """A whole number.

    :raises GlimpseError: it is none, or less than ``least``.
    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
    if number < least:
        raise GlimpseError(bad_value(option, text, f"a whole number from {least}"))
    return number


def limit_of(text: str, option: str = "-n") -> int | None:
    """How many to show; None for all, which is written 0.

    :raises GlimpseError: it is no whole number.
    """
    return whole(option, text) or None


def _parsed(option: str, text: str | None, parse: Callable[[str], _Value], default: Any) -> Any:
    if text is None:
        return default
    try:
        return parse(text)
    except GlimpseError as error:
        raise GlimpseError(f"option {option}: {error}") from None


def report_damage(sources: Iterable[Source]) -> None:
    """Tell on standard error what of the traces could not be read, and what was done to them."""
    for source in sources:
        for text in filter(None, (*source.notes, source.damage.note())):
            note(text)


def note(text: str) -> None:
    """Tell something on standard error, where it is in no program's way."""
    print(f"glimpse: note: {clean(text)}", file=sys.stderr, flush=True)


class Output:
    """Standard output, as the options want it."""

    def __init__(self, options: Namespace, *formats: str) -> None:
        accepted = formats or FORMATS
        self.format = "json" if options.json else options.format
        if self.format not in accepted:
            raise GlimpseError(bad_value("--format", self.format, accepted))
        if options.color not in COLOURS:
            raise GlimpseError(bad_value("--color", options.color, COLOURS))
        width = None if options.width is None else whole("--width", options.width)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        self.style = Style.of(sys.stdout, width, options.color)

    def line(self, text: str = "") -> None:
        """Write a line of text."""
        sys.stdout.write(f"{self.style.draw(text)}\n")

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines of text as they come."""
        for text in texts:
            self.line(text)

    def json(self, value: Any) -> None:
        """Write a JSON document."""
        import json

        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def json_list(self, values: Iterable[Any]) -> None:
        """Write a JSON list, an element a line, as the elements come."""
        import json

        separator = "[\n"
        for value in values:
            sys.stdout.write(separator + json.dumps(value, ensure_ascii=False))
            separator = ",\n"
        sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")

    def json_line(self, value: Any) -> None:
        """Write JSON on one line."""
        import json

        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")

    def flush(self) -> None:
        """Show what has been written so far."""
        sys.stdout.flush()

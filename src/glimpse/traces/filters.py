"""Which calls a reader wants to see: by function, duration, outcome, place, time and argument text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Final

from glimpse.errors import GlimpseError
from glimpse.traces.calls import Call
from glimpse.traces.records import timestamp_of

__all__ = ["Selection", "function_matches", "parse_duration", "parse_pattern", "parse_time"]

_UNITS_MS: Final = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4, "h": 3.6e6}
_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-zµ]*)")
_AGO: Final = re.compile(r"-?\d+(\.\d*)?\s*(ms|s|m|min|h)")
_WILDCARDS: Final = frozenset("*?[")
_TIME_ONLY: Final = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?", re.ASCII)


@dataclass(slots=True)
class Selection:
    """A choice of calls; what is left at its default chooses all.

    ``min_ms`` is in milliseconds. ``since`` and ``until`` are timestamps as entries have them; with ``day_time`` they
    are times of day, compared with every day's. ``depth`` counts from 1 at the roots.
    """

    functions: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    min_ms: float = 0.0
    errors: bool = False
    threads: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    services: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    depth: int | None = None
    call_id: int | None = None
    _known: dict[str, bool] = field(default_factory=dict, repr=False)

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.focused or self.scoped or self.min_ms or self.errors or self.depth is not None)

    @property
    def focused(self) -> bool:
        """Whether calls are chosen by what they are, with everything below them."""
        return bool(self.functions or self.args or self.call_id is not None)

    @property
    def scoped(self) -> bool:
        """Whether calls are chosen by where and when they ran."""
        places = self.threads or self.tasks or self.pids or self.services or self.traces
        return bool(places or self.since or self.until)

    def in_scope(self, call: Call) -> bool:
        """Whether the call ran in the chosen thread, task, process, service, trace and time."""
        return (
            self.runs_on(call.thread, call.task)
            and self.runs_in(call.pid, call.service)
            and (not self.traces or _named(call.trace_id, self.traces) or _named(call.correlation_id, self.traces))
            and self.in_time(call.timestamp)
        )

    def runs_on(self, thread: str, task: str | None) -> bool:
        """Whether a thread and a task in it are chosen."""
        return (not self.threads or _named(thread, self.threads)) and (not self.tasks or _named(task, self.tasks))

    def runs_in(self, pid: int, service: str | None) -> bool:
        """Whether a process of a service is chosen."""
        return (not self.pids or pid in self.pids) and (not self.services or _named(service, self.services))

    def in_time(self, timestamp: str) -> bool:
        """Whether a call that began then began in the chosen time."""
        return (self.since is None or _clock(timestamp, self.since) >= self.since) and (
            self.until is None or _clock(timestamp, self.until) <= self.until
        )

    def in_focus(self, call: Call) -> bool:
        """Whether the call itself is one of those asked for by function, argument text or number."""
        return (
            (not self.functions or self.names(call.function))
            and (not self.args or all(text in call.args for text in self.args))
            and (self.call_id is None or call.call_id == self.call_id)
        )

    def keeps(self, call: Call) -> bool:
        """Whether a call that has ended is slow enough and ended in the way asked for."""
        slow_enough = not self.min_ms or not call.finished or (call.duration_ms or 0.0) >= self.min_ms
        return slow_enough and (not self.errors or call.failed)

    def selects(self, call: Call) -> bool:
        """Whether an ended call meets every condition."""
        shallow = self.depth is None or call.depth <= self.depth
        return shallow and self.in_scope(call) and self.in_focus(call) and self.keeps(call)

    def names(self, name: str) -> bool:
        """Whether a function is one of those that are named."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = any(function_matches(pattern, name) for pattern in self.functions)
        return known


def function_matches(pattern: str, function: str) -> bool:
    """Whether a qualified name is meant by a pattern.

    A pattern with ``*``, ``?`` or ``[..]`` must match the whole name or its end from a dot on; one without is a run of
    the name's dotted parts: ``parse_item``, ``Order.total`` or ``shop.models``.
    """
    if _WILDCARDS.isdisjoint(pattern):
        return f".{pattern}." in f".{function}."
    parts = function.split(".")
    return any(fnmatchcase(".".join(parts[start:]), pattern) for start in range(len(parts)))


def parse_pattern(text: str) -> str:
    """A pattern of names, as it is.

    :raises GlimpseError: it is one that no name can match.
    """
    if not text.strip():
        raise GlimpseError(f"bad value {text!r}; accepted: a name, or wildcards (* ? [..])")
    if "[" in text and "]" not in text[text.index("[") + 2 :]:
        raise GlimpseError(f"bad value {text!r}; accepted: a name, or wildcards, where each [ has its ]")
    return text


def parse_duration(text: str) -> float:
    """Milliseconds of ``250``, ``10ms``, ``1.5s``, ``80us`` or ``2min``.

    :raises GlimpseError: it is none of them.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    unit = _UNITS_MS.get(found[2] or "ms") if found else None
    if found is None or unit is None:
        raise GlimpseError(
            f"bad duration {text!r}; accepted: a number of milliseconds, or one with ns, us, ms, s, min, h"
        )
    return float(found[1]) * unit


def parse_time(text: str, now: Callable[[], datetime] | None = None) -> str:
    """The timestamp meant by a date, a date and time (UTC unless it has an offset), a time of day, or ``10min`` ago.

    :raises GlimpseError: it is none of them.
    """
    text = text.strip()
    if _AGO.fullmatch(text):
        moment = now() if now is not None else datetime.now(timezone.utc)
        return timestamp_of(round(moment.timestamp() * 1e6 - parse_duration(text.removeprefix("-")) * 1000))
    if _TIME_ONLY.fullmatch(text):
        clock = text if text[1] != ":" else f"0{text}"
        return clock + "00:00:00.000000"[len(clock) :] if len(clock) != len("10:30") else f"{clock}:00.000000"
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise GlimpseError(
            f"bad time {text!r}; accepted: 2023-12-01, 2023-12-01 10:30:15 (UTC), 10:30, or 10min for so long ago"
        ) from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _clock(timestamp: str, like: str) -> str:
    """The part of a timestamp that a limit is about: all of it, or the time of day."""
    return timestamp[11:] if like[2] == ":" else timestamp


def _named(name: str | None, patterns: tuple[str, ...]) -> bool:
    return name is not None and any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)

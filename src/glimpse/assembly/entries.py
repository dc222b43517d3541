"""Items as ``LogEntry``: the codec for writers that take entries, and for reading journals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..entry import LogEntry, Site
from . import events as ev
from .calls import Frame
from .clock import Clock

__all__ = ["EntryCodec", "Origin", "shown_args"]


@dataclass
class Origin:
    """Where a process's entries come from, and what every entry of it says.

    :param base: nanoseconds between the monotonic clock and the epoch, see ``clock.wall_base``.
    :param atom_text: the text of an atom, within the limits of the configuration.
    :param files: module name to file, for ``with_lines`` (level DEBUG: each entry says its file and line).
    """

    pid: int
    base: int
    atom_text: Callable[[Any], str] = repr
    service: str | None = None
    correlation_id: str | None = None
    with_lines: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


def shown_args(site: Site, values: tuple[Any, ...], text: Callable[[Any], str]) -> str:
    """``get_user(user_id=123)``: every parameter as it was bound."""
    words = []
    for param, value in zip(site.params, values, strict=False):
        if param.hidden:
            shown = "<redacted>"
        elif param.receiver:
            shown = f"<{value}>"
        else:
            shown = value[0] if type(value) is tuple else text(value)
        words.append(f"{param.name}={shown}")
    return f"{site.name}({', '.join(words)})"


class EntryCodec:
    """Makes ``LogEntry`` objects; see ``Codec`` for the methods."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._clock = Clock(origin.base)
        self._sites: dict[str, Site] = {}
        self._threads: dict[int, str] = {}

    def thread(self, th: int, name: str) -> None:
        self._threads[th] = name

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> LogEntry:
        site = self._site(frame[3])
        args = shown_args(site, frame[6][first:], self.origin.atom_text)
        return self._entry(number, frame, site, "INFO", "START", args, frame[4], th, task)

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> LogEntry:
        site = self._site(frame[3])
        entry = self._entry(number, frame, site, "INFO", "END", site.name, t, th, task)
        if value == ev.CLOSED and type(value) is tuple:
            entry.closed = True
        else:
            entry.result = value[0] if type(value) is tuple else self.origin.atom_text(value)
        self._timed(entry, frame, t)
        return entry

    def exception(
        self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None
    ) -> LogEntry:
        site = self._site(frame[3])
        args = shown_args(site, frame[6][first:], self.origin.atom_text)
        entry = self._entry(number, frame, site, "ERROR", "EXCEPTION", args, t, th, task)
        entry.exception = exception_dict(exc)
        if frame[6][0] != ev.ERROR_ONLY:
            self._timed(entry, frame, t)
        return entry

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> LogEntry:
        site = self._site(frame[3])
        return self._entry(number, frame, site, "DEBUG", stage, site.name, t, th, task)

    def _site(self, key: str) -> Site:
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site.parse(key)
        return site

    def _timed(self, entry: LogEntry, frame: Frame, t: int) -> None:
        entry.duration_ms = round((t - frame[4]) / 1e6, 6)
        call = frame[8]
        if call is not None:
            if frame[6][0] == ev.GEN_START:
                entry.active_ms = round(call.active / 1e6, 6)
            if frame[6][0] == ev.GEN_START or call.yields:
                entry.yields = call.yields

    def _entry(
        self, number: int, frame: Frame, site: Site, level: str, stage: str, args: str, t: int, th: int, task: str | None
    ) -> LogEntry:
        origin = self.origin
        entry = LogEntry(
            number, frame[0], frame[1], frame[2], level, site.function, args, stage, self._clock.stamp(t),
            self._threads.get(th, f"Thread-{th}"), origin.pid, task,
            service=origin.service, correlation_id=origin.correlation_id, policy=site.policy or None,
        )  # fmt: skip
        if frame[7] is not None:
            entry.trace_id, entry.span_id, entry.parent_span_id = frame[7]
        if origin.with_lines:
            entry.file, entry.line = origin.files.get(site.module), site.line
        return entry


def exception_dict(exc: Any) -> dict[str, Any]:
    """The ``exception`` field of what the probe recorded: type, message, line, and the traceback at the first frame."""
    kind, message, line, traceback = exc
    found = {"type": kind, "message": message, "line": line}
    if traceback is not None:
        found["traceback"] = traceback
    return found

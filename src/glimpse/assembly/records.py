"""Items as dicts, ready to be lines of JSON, rows or ``LogEntry`` objects.

This is most of what a recorded call costs, so its form is measured. Per entry, ratios on CPython 3.12: text put
together by f-strings 1.0, dicts of which a whole batch goes through the JSON encoder at once 0.75.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..entry import Site
from . import events as ev
from .calls import Frame
from .clock import Clock
from .shapes import args_maker

__all__ = ["Origin", "RecordCodec"]

_DIGITS: Final = tuple(f"{number:03d}" for number in range(1000))
_MS: Final = 1_000_000


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


class _SiteText:
    """What all entries of a site have in common."""

    __slots__ = ("args", "function", "name", "tail")

    def __init__(self, site: Site, origin: Origin) -> None:
        self.function, self.name = site.function, site.name
        self.args = args_maker(site, origin.atom_text)
        tail: dict[str, Any] = {
            "service": origin.service,
            "correlation_id": origin.correlation_id,
            "policy": site.policy or None,
        }
        if origin.with_lines:
            tail |= {"file": origin.files.get(site.module), "line": site.line}
        self.tail = {name: value for name, value in tail.items() if value is not None}


class RecordCodec:
    """Makes the dict of each entry, in the order of the record's fields; see ``Codec`` for the methods."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._clock = Clock(origin.base)
        self._text = origin.atom_text
        self._pid = origin.pid
        self._sites: dict[str, _SiteText] = {}
        self._threads: dict[int, str] = {}
        self._from = self._until = 0
        self._stamp = ""

    def thread(self, th: int, name: str) -> None:
        self._threads[th] = name

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> dict[str, Any]:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        t = frame[4]
        item: dict[str, Any] = {
            "entry_id": number,
            "call_id": number,
            "parent_id": frame[1],
            "depth": frame[2],
            "level": "INFO",
            "function": site.function,
            "args": site.args(frame[6][first:]),
            "stage": "START",
            "timestamp": (self._stamp if self._from <= t < self._until else self._millisecond(t))
            + _DIGITS[(t - self._from) // 1000],
            "thread": self._threads.get(th) or self._unnamed(th),
            "pid": self._pid,
        }
        if task is not None:
            item["task"] = task
        if frame[7] is not None:
            self._ids(item, frame)
        if site.tail:
            item.update(site.tail)
        return item

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> dict[str, Any]:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        item: dict[str, Any] = {
            "entry_id": number,
            "call_id": frame[0],
            "parent_id": frame[1],
            "depth": frame[2],
            "level": "INFO",
            "function": site.function,
            "args": site.name,
            "stage": "END",
            "timestamp": (self._stamp if self._from <= t < self._until else self._millisecond(t))
            + _DIGITS[(t - self._from) // 1000],
            "thread": self._threads.get(th) or self._unnamed(th),
            "pid": self._pid,
        }
        if task is not None:
            item["task"] = task
        if value is None:
            item["result"] = "None"
        elif type(value) is not tuple:
            item["result"] = self._text(value)
        elif value:
            item["result"] = value[0]
        else:
            item["closed"] = True
        item["duration_ms"] = (t - frame[4]) / _MS
        if frame[8] is not None:
            self._spans(item, frame)
        if frame[7] is not None:
            self._ids(item, frame)
        if site.tail:
            item.update(site.tail)
        return item

    def exception(
        self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None
    ) -> dict[str, Any]:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        args = site.args(frame[6][first:])
        item = self._head(number, frame, "ERROR", site.function, args, "EXCEPTION", t, th, task)
        kind, message, line, traceback = exc
        item["exception"] = {"type": kind, "message": message, "line": line}
        if traceback is not None:
            item["exception"]["traceback"] = traceback
        if frame[6][0] != ev.ERROR_ONLY:
            item["duration_ms"] = (t - frame[4]) / _MS
        if frame[8] is not None:
            self._spans(item, frame)
        return self._finished(item, frame, site)

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> dict[str, Any]:
        site = self._sites.get(frame[3]) or self._site(frame[3])
        item = self._head(number, frame, "DEBUG", site.function, site.name, stage, t, th, task)
        return self._finished(item, frame, site)

    # -- parts ------------------------------------------------------------------------------------------------

    def _head(
        self, number: int, frame: Frame, level: str, function: str, args: str, stage: str, t: int, th: int,
        task: str | None,
    ) -> dict[str, Any]:  # fmt: skip
        thread = self._threads.get(th) or self._unnamed(th)
        item = {
            "entry_id": number, "call_id": frame[0], "parent_id": frame[1], "depth": frame[2], "level": level,
            "function": function, "args": args, "stage": stage, "timestamp": self._clock.stamp(t), "thread": thread,
            "pid": self._pid,
        }  # fmt: skip
        if task is not None:
            item["task"] = task
        return item

    def _finished(self, item: dict[str, Any], frame: Frame, site: _SiteText) -> dict[str, Any]:
        if frame[7] is not None:
            self._ids(item, frame)
        item.update(site.tail)
        return item

    def _site(self, key: str) -> _SiteText:
        site = self._sites[key] = _SiteText(Site.parse(key), self.origin)
        return site

    def _millisecond(self, t: int) -> str:
        """The timestamp but for its last three digits, which is then kept for as long as it lasts."""
        self._from = t - (t + self.origin.base) % _MS
        self._until = self._from + _MS
        self._stamp = self._clock.stamp(t)[:-3]
        return self._stamp

    def _unnamed(self, th: int) -> str:
        return self._threads.setdefault(th, f"Thread-{th}")

    @staticmethod
    def _spans(item: dict[str, Any], frame: Frame) -> None:
        call = frame[8]
        assert call is not None
        generator = frame[6][0] == ev.GEN_START
        if generator:
            item["active_ms"] = call.active / _MS
        if generator or call.yields:
            item["yields"] = call.yields

    @staticmethod
    def _ids(item: dict[str, Any], frame: Frame) -> None:
        assert frame[7] is not None
        item["trace_id"], item["span_id"], parent = frame[7]
        if parent is not None:
            item["parent_span_id"] = parent

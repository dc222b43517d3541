"""Entries as dicts, ready to be rows or ``LogEntry`` objects. ``lines`` makes text of the same."""

from __future__ import annotations

from ..entry import Site
from . import events as ev
from .calls import Frame
from .clock import Clock
from .ids import Marks, Remote
from .pieces import plain_text_maker
from .shapes import FIRST, args_maker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass as record
    from dataclasses import field
    from typing import Any, TypeAlias
else:
    from glimpse.light import field, record

__all__ = ["NoRecords", "Origin", "Records", "SiteText"]

Record: TypeAlias = "dict[str, Any]"
_MS = 1_000_000
_TAIL = ("service", "correlation_id", "policy", "file", "line")


@record(eq=False, repr=False)
class Origin:
    """Where a process's entries come from, and what every entry of it says.

    :param base: nanoseconds between the monotonic clock and the epoch, see ``clock.wall_base``.
    :param atom_text: the text of an atom, within the limits of the configuration.
    :param trace_ids: whether entries carry the ids of their trace and span.
    :param remote: the call in another process that made this one's calls.
    :param detailed: by the names of policies, whether their entries are as at level DEBUG, if not all are alike.
    :param files: module name to file, for ``with_lines`` (level DEBUG: each entry says its file and line).
    """

    pid: int
    base: int
    atom_text: Callable[[Any], str] = repr
    service: str | None = None
    correlation_id: str | None = None
    with_lines: bool = False
    detailed: Mapping[str, bool] = field(default_factory=dict)
    trace_ids: bool = False
    remote: Remote | None = None
    files: dict[str, str] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any]) -> Origin:
        """The same one: what it knows only grows."""
        return self


class SiteText:
    """What all entries of a site have in common."""

    __slots__ = ("args", "function", "name", "site", "tail")

    def __init__(self, site: Site, origin: Origin) -> None:
        self.site, self.function, self.name = site, site.function, site.name
        self.args = args_maker(site, plain_text_maker(origin.atom_text), site.name)
        tail: Record = {"service": origin.service, "correlation_id": origin.correlation_id}
        tail["policy"] = site.policy or None
        if origin.detailed.get(site.policy, origin.with_lines):
            tail |= {"file": origin.files.get(site.module), "line": site.line}
        self.tail = {name: value for name, value in tail.items() if value is not None}

    def __deepcopy__(self, memo: dict[int, Any]) -> SiteText:
        """The same one: it never changes."""
        return self

    def tail_in(self, correlation_id: str) -> Record:
        """What all entries say, in the scope of a correlation id, in the order of the record."""
        own = {**self.tail, "correlation_id": correlation_id}
        return {name: own[name] for name in _TAIL if name in own}


def head(
    number: int, parent: int | None, depth: int, level: str, function: str, args: str, stage: str, timestamp: str,
    thread: str, pid: int,
) -> Record:  # fmt: skip
    """The fields that every entry has, in their order."""
    return {
        "entry_id": number, "call_id": number, "parent_id": parent, "depth": depth, "level": level,
        "function": function, "args": args, "stage": stage, "timestamp": timestamp, "thread": thread, "pid": pid,
    }  # fmt: skip


class Records:
    """Makes entries one by one. ``task`` is the name of the asyncio or trio task, if there is one."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.threads: dict[int, str] = {}
        self.sites: dict[str, SiteText] = {}
        self.clock = Clock(origin.base)

    def site(self, key: str) -> SiteText:
        """What entries of this site have in common."""
        found = self.sites.get(key)
        if found is None:
            found = self.sites[key] = SiteText(Site.parse(key), self.origin)
        return found

    @staticmethod
    def arguments(site: SiteText, frame: Frame, first: int) -> str:
        """The text of a call's arguments; ``first`` is the index of the first value in its event."""
        event = frame[6]
        return site.args(event if first == FIRST else event[first - FIRST :])

    def opened(self, frame: Frame, parent: Frame | None, task: str | None) -> Frame:
        """A call that begins, with what is to be kept for its end and for the calls within it."""
        return frame

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> Any:
        """A START; ``first`` is the index of the first value in the event."""
        site = self.site(frame[3])
        args = self.arguments(site, frame, first)
        return self._finished(self._head(number, frame, "INFO", args, "START", frame[4], th, task), frame, site)

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> Any:
        """An END; an empty tuple as value means that the call was closed."""
        site = self.site(frame[3])
        item = self._head(number, frame, "INFO", site.name, "END", t, th, task)
        self.result(item, value)
        item["duration_ms"] = (t - frame[4]) / _MS
        return self._finished(item, frame, site)

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> Any:
        """An EXCEPTION."""
        site = self.site(frame[3])
        args = self.arguments(site, frame, first)
        item = self._head(number, frame, "ERROR", args, "EXCEPTION", t, th, task)
        kind, message, line, traceback = exc
        item["exception"] = {"type": kind, "message": message, "line": line}
        if traceback is not None:
            item["exception"]["traceback"] = traceback
        if frame[6][0] != ev.ERROR_ONLY:
            item["duration_ms"] = (t - frame[4]) / _MS
        return self._finished(item, frame, site)

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> Any:
        """A SUSPEND or RESUME."""
        site = self.site(frame[3])
        item = self._head(number, frame, "DEBUG", site.name, stage, t, th, task)
        self.mark(item, frame[7], site)
        return item

    def pauses(self, frame: Frame) -> bool:
        """Whether suspensions of this call are entries, where some are."""
        return self.origin.detailed.get(self.site(frame[3]).site.policy, True)

    def result(self, item: Record, value: Any) -> None:
        """Put the text of a value that was returned into an entry."""
        if type(value) is not tuple:
            item["result"] = self.origin.atom_text(value)
        elif value:
            item["result"] = value[0]
        else:
            item["closed"] = True

    @staticmethod
    def mark(item: Record, marks: Marks | None, site: SiteText) -> None:
        """Put into an entry what it says of its trace, and what all entries of its site say."""
        correlation = None
        if marks is not None:
            trace_id, span_id, parent, correlation, _ = marks
            if trace_id is not None:
                item["trace_id"], item["span_id"] = trace_id, span_id
                if parent is not None:
                    item["parent_span_id"] = parent
        item.update(site.tail if correlation is None else site.tail_in(correlation))

    def name_thread(self, th: int, name: str) -> None:
        """This is a thread's name."""
        self.threads[th] = name

    def thread(self, th: int) -> str:
        """A thread's name."""
        return self.threads.setdefault(th, f"Thread-{th}")

    def _head(
        self, number: int, frame: Frame, level: str, args: str, stage: str, t: int, th: int, task: str | None
    ) -> Record:
        function = self.site(frame[3]).function
        item = head(
            number, frame[1], frame[2], level, function, args, stage, self.clock.stamp(t), self.thread(th),
            self.origin.pid,
        )  # fmt: skip
        item["call_id"] = frame[0]
        if task is not None:
            item["task"] = task
        return item

    def _finished(self, item: Record, frame: Frame, site: SiteText) -> Record:
        call = frame[8]
        if call is not None and item["stage"] != "START":
            item.update(call.activity())
        self.mark(item, frame[7], site)
        return item


class NoRecords(Records):
    """Makes nothing of entries: where all that is wanted are the calls that are open."""

    def start(self, *_: Any) -> None:
        """See ``Records``."""

    def end(self, *_: Any) -> None:
        """See ``Records``."""

    def exception(self, *_: Any) -> None:
        """See ``Records``."""

    def pause(self, *_: Any) -> None:
        """See ``Records``."""

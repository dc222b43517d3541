"""Rows straight from the assembler's calls, without entries in between: the fast way into SQLite."""

# ruff: noqa: PLR0917 - the codec protocol passes what it has by position: this is per entry

from __future__ import annotations

from typing import Any

from glimpse.assembly import EntryCodec, Frame, Origin
from glimpse.assembly.events import ERROR_ONLY
from glimpse.entry import LogEntry, Site
from glimpse.writers.encoding import dump_json
from glimpse.writers.sqlite_rows import AT_END, IDS, IN_NOTES, RowBatch, RowSource

__all__ = ["RowCodec"]

_Begun = tuple[int, int, "str | None"]
"""Of an open call: its thread, where its values begin in the event, and its task."""


class _SiteText:
    """What all rows of a site have in common."""

    __slots__ = ("labels", "number", "opening")

    def __init__(self, number: int, site: Site) -> None:
        self.number = number
        self.opening = f"{site.name}("
        self.labels = [
            (f"{', ' if index else ''}{param.name}=", param.hidden, param.receiver)
            for index, param in enumerate(site.params)
        ]


class RowCodec:
    """A codec for ``assembly.Assembler``. Its items are None: the rows are what ``take`` gives.

    A row is made when its call ends, in the place that its start has taken, so the rows of a batch are in the order
    of their ids. What is rare goes through the codec of entries.
    """

    def __init__(self, origin: Origin) -> None:
        self._entries = EntryCodec(origin)
        self._text = origin.atom_text
        self._origin = origin
        self._source = RowSource(origin.pid, origin.service, origin.correlation_id)
        self._sites: dict[str, _SiteText] = {}
        self._rows: list[Any] = []
        self._places: dict[int, int] = {}
        self._earlier: dict[int, tuple[Frame, _Begun]] = {}
        self._ends: list[Any] = []
        self._notes: list[LogEntry] = []

    def take(self) -> RowBatch:
        """What has come since the last time."""
        for place in self._places.values():
            frame, begun = self._rows[place]
            self._earlier[frame[0]] = frame, begun
            self._rows[place] = self._row(frame, begun)
        batch = RowBatch(self._source, self._rows, self._ends, self._notes)
        self._rows, self._places, self._ends, self._notes = [], {}, [], []
        return batch

    def thread(self, th: int, name: str) -> None:
        """A thread's name, before its first call."""
        self._source.threads.append((th, name))
        self._entries.thread(th, name)

    def start(self, number: int, frame: Frame, th: int, first: int, task: str | None) -> None:
        """A call began."""
        rows = self._rows
        self._places[number] = len(rows)
        rows.append((frame, (th, first, task)))

    def end(self, number: int, frame: Frame, t: int, th: int, value: Any, task: str | None) -> None:
        """A call returned."""
        call_id, parent, depth, key, started, _, event, ids, call = frame
        place = self._places.pop(call_id, None)
        if place is None or call is not None or ids is not None or value == ():
            entry = self._entries.end(number, frame, t, th, value, task)
            self._finish(entry, frame, place, t)
            return
        begun: _Begun = self._rows[place][1]
        kind = type(value)
        if kind is tuple:
            result = value[0]
        elif value is None:
            result = "None"
        else:
            result = self._text(value)
        site = self._sites.get(key) or self._site(key)
        self._rows[place] = (
            call_id, number, parent, depth, site.number, th, begun[2], self._args(site, event, begun[1]),
            started + self._origin.base, t - started, result, None, None,
        )  # fmt: skip

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> None:
        """A call ended in an exception."""
        entry = self._entries.exception(number, frame, t, th, exc, first, task)
        place = self._places.pop(frame[0], None)
        if frame[6][0] == ERROR_ONLY:
            place = len(self._rows)
            self._rows.append((frame, (th, first, task)))
        self._finish(entry, frame, place, t)

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> None:
        """A generator or coroutine stopped or went on."""
        self._notes.append(self._entries.pause(number, frame, t, th, stage, task))

    def _finish(self, entry: LogEntry, frame: Frame, place: int | None, t: int) -> None:
        if place is None:
            _, begun = self._earlier.pop(frame[0])
        else:
            begun = self._rows[place][1]
        row = self._row(frame, begun)
        extra = {name: value for name in (*IDS[:3], *AT_END) if (value := getattr(entry, name)) is not None}
        if self._where(frame, begun) != (entry.thread, entry.task):
            self._notes.append(entry)
            extra.update(IN_NOTES)
        row[1] = entry.entry_id
        row[9] = None if entry.duration_ms is None else t - frame[4]
        row[10] = entry.result
        row[11] = None if entry.exception is None else dump_json(entry.exception).decode()
        row[12] = dump_json(extra).decode() if extra else None
        if place is None:
            self._ends.append(row)
        else:
            self._rows[place] = row

    def _row(self, frame: Frame, begun: _Begun) -> list[Any]:
        """The row of a call as long as it has no end."""
        call_id, parent, depth, key, started, _, event, ids, _ = frame
        th, first, task = begun
        site = self._sites.get(key) or self._site(key)
        extra = None
        if ids is not None:
            named = {name: value for name, value in zip(IDS, ids, strict=False) if value is not None}
            extra = dump_json(named).decode()
        return [
            call_id, None, parent, depth, site.number, th, task, self._args(site, event, first),
            started + self._origin.base, None, None, None, extra,
        ]  # fmt: skip

    def _where(self, frame: Frame, begun: _Begun) -> tuple[str, str | None]:
        start = self._entries.start(frame[0], frame, begun[0], begun[1], begun[2])
        return start.thread, start.task

    def _args(self, site: _SiteText, event: tuple[Any, ...], first: int) -> str:
        text = site.opening
        for label, hidden, receiver in site.labels:
            value = event[first]
            first += 1
            if hidden:
                text += f"{label}<redacted>"
            elif receiver:
                text += f"{label}<{value}>"
            elif type(value) is tuple:
                text += label + value[0]
            else:
                text += label + self._text(value)
        return text + ")"

    def _site(self, key: str) -> _SiteText:
        site = Site.parse(key)
        number = len(self._sites) + 1
        lines = self._origin.with_lines
        file = self._origin.files.get(site.module) if lines else None
        self._source.sites.append((number, site.function, file, site.line if lines else None, site.policy or None))
        found = self._sites[key] = _SiteText(number, site)
        return found

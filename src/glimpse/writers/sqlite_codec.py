"""Rows straight from the assembler's calls, without entries in between: the fast way into SQLite."""

from __future__ import annotations

from typing import Any

from glimpse.assembly import Frame, Origin, RecordCodec
from glimpse.assembly.events import ERROR_ONLY
from glimpse.assembly.shapes import args_maker
from glimpse.entry import Site
from glimpse.writers.encoding import dump_json
from glimpse.writers.sqlite_rows import AT_END, IDS, IN_NOTES, RowBatch, RowSource

__all__ = ["RowCodec"]

_Begun = tuple[int, int, "str | None"]
"""Of an open call: its thread, where its values begin in the event, and its task."""


class _SiteText:
    """What all rows of a site have in common."""

    __slots__ = ("args", "number")

    def __init__(self, number: int, site: Site, origin: Origin) -> None:
        self.number = number
        self.args = args_maker(site, origin.atom_text)


class RowCodec:
    """A codec for ``assembly.Assembler``. Its items are None: the rows are what ``take`` gives.

    A row is made when its call ends, in the place that its start has taken, so the rows of a batch are in the order
    of their ids. What is rare goes through the codec of records.
    """

    def __init__(self, origin: Origin) -> None:
        self._records = RecordCodec(origin)
        self._text = origin.atom_text
        self._origin = origin
        self._source = RowSource(origin.pid, origin.service, origin.correlation_id)
        self._sites: dict[str, _SiteText] = {}
        self._rows: list[Any] = []
        self._places: dict[int, int] = {}
        self._earlier: dict[int, tuple[Frame, _Begun]] = {}
        self._ends: list[Any] = []
        self._notes: list[dict[str, Any]] = []

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
        self._records.thread(th, name)

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
            self._finish(self._records.end(number, frame, t, th, value, task), frame, place, t)
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
            call_id, number, parent, depth, site.number, th, begun[2], site.args(event[begun[1] :]),
            started + self._origin.base, t - started, result, None, None,
        )  # fmt: skip

    def exception(self, number: int, frame: Frame, t: int, th: int, exc: Any, first: int, task: str | None) -> None:
        """A call ended in an exception."""
        record = self._records.exception(number, frame, t, th, exc, first, task)
        place = self._places.pop(frame[0], None)
        if frame[6][0] == ERROR_ONLY:
            place = len(self._rows)
            self._rows.append((frame, (th, first, task)))
        self._finish(record, frame, place, t)

    def pause(self, number: int, frame: Frame, t: int, th: int, stage: str, task: str | None) -> None:
        """A generator or coroutine stopped or went on."""
        self._notes.append(self._records.pause(number, frame, t, th, stage, task))

    def _finish(self, record: dict[str, Any], frame: Frame, place: int | None, t: int) -> None:
        """The row of a call whose end is given as a record."""
        if place is None:
            _, begun = self._earlier.pop(frame[0])
        else:
            begun = self._rows[place][1]
        row = self._row(frame, begun)
        extra: dict[str, Any] = {name: record[name] for name in (*IDS[:3], *AT_END) if name in record}
        start = self._records.start(frame[0], frame, *begun)
        if (start["thread"], start.get("task")) != (record["thread"], record.get("task")):
            self._notes.append(record)
            extra.update(IN_NOTES)
        row[1] = record["entry_id"]
        row[9] = t - frame[4] if "duration_ms" in record else None
        row[10] = record.get("result")
        row[11] = dump_json(record["exception"]).decode() if "exception" in record else None
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
            call_id, None, parent, depth, site.number, th, task, site.args(event[first:]),
            started + self._origin.base, None, None, None, extra,
        ]  # fmt: skip

    def _site(self, key: str) -> _SiteText:
        site = Site.parse(key)
        number = len(self._sites) + 1
        lines = self._origin.with_lines
        file = self._origin.files.get(site.module) if lines else None
        self._source.sites.append((number, site.function, file, site.line if lines else None, site.policy or None))
        found = self._sites[key] = _SiteText(number, site, self._origin)
        return found

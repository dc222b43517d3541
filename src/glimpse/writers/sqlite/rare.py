"""Rows of what is neither a plain call's START nor its END: generators, coroutines, exceptions, ends out of order.

The assembler finds out what belongs together, as it does for entries; here a call becomes a row when it ends. Only what
no row tells, as a coroutine that ends on another thread than it began on, goes through entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from glimpse.assembly import DepthAssembler, Filter, Frame, Origin, Rule, early_drop
from glimpse.assembly.events import CLOSED, CORO_START, GEN_START, THREAD, Event
from glimpse.assembly.shapes import FIRST, SHORT_INT_BITS, ArgsMaker
from glimpse.writers.sqlite.rows import RowMaker, RowSource
from glimpse.writers.sqlite.schema import DEPTH_BITS, WHERE_BITS

__all__ = ["TOO_DEEP", "Cell", "RareRows"]

_SITE_SHIFT: Final = DEPTH_BITS + WHERE_BITS
TOO_DEEP: Final = 1 << DEPTH_BITS
"""The least depth for which there is no room in a row's place, so that entries of it stay entries."""
_FIRST: Final = {GEN_START: 6, CORO_START: 7}
"""Where the values begin in events that are not as those of plain calls."""
_MOST_TASKS: Final = 1000

Cell = tuple[int, ArgsMaker, list[int], list[int], tuple[list[int], list[int], list[int]]]
"""The place of a site's calls in a thread and task, but for the depth; what makes the text of their arguments; where
their times go: see ``times.Lists``."""


class RareRows(DepthAssembler):
    """An assembler that makes rows of calls that end in the batch they began in.

    :param rules: the limits of each policy, by name.
    :param options: those of ``Assembler``.
    """

    def __init__(self, origin: Origin, rules: Mapping[str, Rule] | None = None, **options: Any) -> None:
        rules = rules or {}
        held = any(rule.min_duration_ms for rule in rules.values())
        limits = {} if held else {name: rule.depth for name, rule in rules.items() if rule.depth is not None}
        super().__init__(origin, limits=limits, **options)
        self._maker = RowMaker(RowSource(origin.pid, origin.service, origin.base))
        self._filter = Filter(rules) if held else None
        """Where calls have to last, all of them are entries until they have."""
        self._early_drop = early_drop(rules)
        self._cells: dict[int, dict[str | None, dict[str, Cell]]] = {}
        self._started: dict[int, tuple[Frame, int]] = {}
        """Generators and coroutines that began in this batch, and where."""
        self._made: list[Sequence[Any]] = []
        """Rows that are not in a pack yet."""
        self._taken = self.last_id
        """The last entry id of the batches so far: a call up to there has a row, which its end completes."""

    def _rare_event(self, event: Event) -> None:
        """Make rows of an event, or entries, and rows of these."""
        found: list[dict[str, Any]] = []
        self._handlers[event[0]](event, found)
        if event[0] == THREAD:
            self._cells.pop(event[1], None)
        if found:
            self._maker.add(found)

    def _emit_start(self, frame: Frame, *started: Any) -> None:
        if self._filter is not None or frame[2] >= TOO_DEEP:
            super()._emit_start(frame, *started)
        elif frame[8] is not None and frame[10] is not None:
            self._started[frame[0]] = frame, self._place(frame)

    def _emit_end(self, frame: Frame, t: int, th: int, value: Any, out: list[Any]) -> None:
        if self._filter is not None or not self._whole(frame, t, th, value, None):
            super()._emit_end(frame, t, th, value, out)

    def _emit_exception(self, frame: Frame, t: int, th: int, exc: Any, out: list[Any]) -> None:
        if self._filter is not None or not self._whole(frame, t, th, CLOSED, exc):
            super()._emit_exception(frame, t, th, exc, out)

    def _whole(self, frame: Frame, t: int, th: int, value: Any, exc: Any) -> bool:
        """Make the row of a call that has ended, unless it began before this batch or is not as a row would tell."""
        call, above, _, _, began, _, event, marks, suspendable, _, _ = frame
        if not self._has_no_row(frame):
            return False
        place = self._place(frame)
        if suspendable is not None and (place != self._started[call][1] or th != event[3]):
            self._begin(frame)
            return False
        self._started.pop(call, None)
        self.last_id += 1
        spent, told = t - began, suspendable.activity() if suspendable is not None else {}
        active = round(told["active_ms"] * 1e6) if "active_ms" in told and "yields" in told else spent
        lists = self._maker.times.lists(place >> _SITE_SHIFT, self._maker.thread(self.records.thread(th), None))
        self._maker.times.end(call, above, lists, began, spent, active, failed=exc is not None)
        args = self.records.arguments(self.records.site(frame[3]), frame, _FIRST.get(event[0], FIRST))
        up = None if above is None else call - above
        result = None if value is CLOSED else self._text_of(value)
        row = [call, self.last_id - call, up, place, args, began, spent, result]
        if exc is not None:
            self._maker.open(row, {**told, "exception": _exception(exc), **self._ids(marks)})
        else:
            closed = True if value is CLOSED else None
            if marks is not None and marks.remote is not None and marks.parent_span_id == marks.remote[1]:
                self._maker.elsewhere = True
            self._made.append((*row, None, closed, told.get("active_ms"), told.get("yields"), *self._all_ids(marks)))
        return True

    def _has_no_row(self, frame: Frame) -> bool:
        """Whether there is to be a row of a call, and none of it so far."""
        if frame[0] <= self._taken or frame[2] >= TOO_DEEP or frame[10] is None or frame[0] in self._maker.began:
            return False
        return frame[8] is None or frame[0] in self._started

    def _begin_all(self) -> None:
        for stack in self._stacks.values():
            for frame in stack:
                if frame[8] is None and self._has_no_row(frame):
                    self._begin(frame)
        for frame, _ in list(self._started.values()):
            self._begin(frame)

    def _begin(self, frame: Frame) -> None:
        """Make a row of a call that is open, for its end to come."""
        call, above, _, key, t, _, event, marks, _, _, _ = frame
        place = self._started.pop(call)[1] if call in self._started else self._place(frame)
        args = self.records.arguments(self.records.site(key), frame, _FIRST.get(event[0], FIRST))
        row = [call, None, None if above is None else call - above, place, args, t, None, None]
        self._maker.open(row, self._ids(marks))

    def _place(self, frame: Frame) -> int:
        th = frame[6][3]
        task = self._task_of(frame)
        cells = self._cells_of(th, task)
        key = frame[3]
        return (cells[key] if key in cells else self._cell(key, th, task))[0] | frame[2]

    def _cells_of(self, th: int, task: str | None) -> dict[str, Cell]:
        """What is known of sites whose calls are made on a thread, in a task."""
        tasks = self._cells.get(th)
        if tasks is None:
            tasks = self._cells[th] = {}
        found = tasks.get(task)
        if found is None:
            if len(tasks) > _MOST_TASKS:
                tasks.clear()
            found = tasks[task] = {}
        return found

    def _cell(self, key: str, th: int, task: str | None) -> Cell:
        site, maker = self.records.site(key), self._maker
        tail = site.tail
        number = maker.site(site.function, tail.get("file"), tail.get("line"), tail.get("policy"))
        name = self.records.thread(th)
        place = number << _SITE_SHIFT | maker.thread(name, task) << DEPTH_BITS
        durations, starts, callers, _ = maker.times.lists(number, maker.thread(name, None))
        found = place, site.args, durations, starts, callers
        self._cells_of(th, task)[key] = found
        return found

    def _text_of(self, value: Any) -> str:
        if type(value) is int and value.bit_length() < SHORT_INT_BITS:
            return repr(value)
        if type(value) is tuple:
            text: str = value[0]
            return text
        return self.records.origin.atom_text(value)

    def _all_ids(self, marks: Any) -> Iterable[str | None]:
        """Ids of trace, span and caller, and the correlation id."""
        trace_id, span_id, above, correlation, _ = marks or _NO_MARKS
        return trace_id, span_id, above, correlation or self.records.origin.correlation_id

    def _ids(self, marks: Any) -> dict[str, Any]:
        return {name: value for name, value in zip(_IDS, self._all_ids(marks), strict=True) if value is not None}


def _exception(exc: Any) -> dict[str, Any]:
    kind, message, line, traceback = exc
    told = {"type": kind, "message": message, "line": line}
    return told if traceback is None else {**told, "traceback": traceback}


_NO_MARKS: Final = (None,) * 5
_IDS: Final = ("trace_id", "span_id", "parent_span_id", "correlation_id")

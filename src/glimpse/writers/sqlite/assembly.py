"""Rows straight from events: for most calls no entry is made on the way, which is most of what a call costs there.

A call whose end comes before its batch is written, as most do, is put together once, at its end, and goes into a pack;
only calls that are still open then, and those that raise, become rows of their own. Rows are encoded chunk by chunk,
while they are in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any, Final

from glimpse.assembly import Frame, Origin, Rule
from glimpse.assembly.events import CLOSED, END, START, Event
from glimpse.assembly.ids import Marks, Surroundings
from glimpse.assembly.runs import args_of_run, fields_of, run_length, texts
from glimpse.assembly.shapes import SHORT_INT_BITS
from glimpse.natives import System
from glimpse.writers.sqlite.rare import TOO_DEEP, Cell, RareRows
from glimpse.writers.sqlite.rows import RowBatch

__all__ = ["RowAssembler"]


class RowAssembler(RareRows):
    """An assembler that gives batches for ``SqliteWriter.write_rows``.

    :param rules: the limits of each policy, by name.
    :param options: those of ``Assembler``.
    """

    def __init__(self, origin: Origin, rules: Mapping[str, Rule] | None = None, **options: Any) -> None:
        super().__init__(origin, rules, **options)
        self._filtered = 0
        self._last = ""  # the function of the last call that called nothing
        self._patience = _PATIENCE

    def rows(self, chunk: Iterable[Event], least: int = 0) -> RowBatch | None:
        """The rows of these events and of those before them; None as long as they are fewer than ``least`` entries.

        A transaction and a pack have a price of their own, so some thousand entries should share one.
        """
        events = chunk if isinstance(chunk, list) else [*chunk]
        if self._filter is None:
            self._feed_rows(events)
        else:
            self._add(self.feed(events if self._early_drop is None else self._early_drop(events)))
        return self.held() if self._count() >= least else None

    def held(self) -> RowBatch | None:
        """The rows that were held back so far; None if there are none."""
        if self._filter is None:
            self._begin_all()
            self._pack()
        batch = self._maker.take(self._count(), self._taken + 1 if self._filter is None else None)
        self._maker.keep()
        self._cells.clear()  # of threads there may be any number
        self._taken, self._filtered = self.last_id, 0
        return batch if batch.entries else None

    def last_rows(self, t: int) -> RowBatch | None:
        """The rows that are left, and of the calls that are open, when recording ends at ``t``."""
        if self._filter is None:
            self._begin_all()
        self._add(self.close(t))
        return self.held()

    def _count(self) -> int:
        return self.last_id - self._taken if self._filter is None else self._filtered

    def _add(self, records: list[dict[str, Any]]) -> None:
        if self._filter is not None:
            records = self._filter.apply(records, System.perf_counter() * 1000)
            self._filtered += len(records)
        self._maker.add(records)

    def _pack(self) -> None:
        made, self._made = self._made, []
        self._maker.pack(made)

    def _feed_rows(self, events: list[Event]) -> None:
        """Make rows of events.

        If a signal's handler raises, nothing has happened, so that the same events may be given again; if there was
        something other than plain calls before, some of it has.
        """
        number, stacks = self.last_id, {th: stack[:] for th, stack in self._stacks.items()}
        spans, position, chunk = self._marker.spans, 0, [*events, _NO_EVENT]
        given = spans.count if spans is not None else 0
        try:
            while position < len(events):
                event = chunk[position]
                if event[0] <= END and event[3] >= 0:
                    position = self._thread_calls(chunk, position, event[3])
                else:
                    self._rare_event(event)
                    position += 1
            self._pack()
        except BaseException:
            self._maker.times.complete = False
            if number == self.last_id:
                self._made.clear()
                for th, stack in self._stacks.items():
                    stack[:] = stacks.get(th, [])
                if spans is not None:
                    spans.go_back(given)
            raise

    def _thread_calls(self, chunk: list[Event], position: int, th: int) -> int:  # noqa: C901, PLR0912, PLR0915 - a call's cost is spent here
        """Make rows of the calls of a thread, up to what another one did; gives the place of that.

        ``here`` is the context for which all is known that calls in it have in common: the call ``top`` that makes
        them, or 0, their depth, and what is said of traces. ``below`` is how long ``top`` has waited for such calls.
        """
        made, text, origin = self._made.append, self._text_of, self.records.origin
        waited, began, taken = self._maker.times.waited, self._maker.began, self._taken
        spans, lead, shallowest = self._marker.spans, self._marker.lead, min(self._shallowest, TOO_DEEP - 1)
        number, stack, here, task = self.last_id, self._stack(th), _UNKNOWN, None
        top = depth = below = 0
        last, barred, patience = self._last, 0, self._patience
        trace_id: str | None
        above: int | None
        cells: dict[str, Cell]
        while True:
            event = chunk[position]
            kind = event[0]
            if kind == START:
                if event[3] != th:
                    break
                ctx = event[4]
                if ctx is not here:
                    parent, (trace_id, parent_span, correlation, remote) = self._around(th, ctx)
                    task, here = self._task(ctx), ctx
                    cells, said = self._cells_of(th, task), correlation or origin.correlation_id
                    maker, depth = (0, 1) if parent is None else (parent[0], parent[2] + 1)
                    if maker != top:
                        if below and top:
                            waited[top] = waited.get(top, 0) + below
                        top, below = maker, 0
                if depth <= shallowest:
                    key, t = event[1], event[2]
                    try:
                        place, args, took, starts, _ = cells[key]
                    except KeyError:
                        place, args, took, starts, _ = self._cell(key, th, task)
                    if key is last and position >= barred:
                        calls = run_length(chunk, position, (len(chunk) - 1 - position) // 2, key, th)
                        fields = fields_of(chunk, position, calls, key, th, ctx) if calls else None
                        if fields is not None:
                            self._run(fields, number, top, place + depth, (trace_id, parent_span, said))
                            took.extend(fields[2])
                            starts.extend(fields[0][2])
                            below += sum(fields[2])
                            number += 2 * calls
                            position += 2 * calls
                            patience = _PATIENCE
                            continue
                        barred, patience = position + patience, min(2 * patience, _MOST_PATIENCE)
                    call = number + 1
                    span = spans.next() if spans is not None else None
                    end = chunk[position + 1]
                    if end[0] == END and end[3] == th and (end[1] is key or end[1] is None or end[1] == key):
                        value = end[4]
                        if value is not CLOSED:
                            spent = end[2] - t
                            row = (
                                call, 1, call - top if top else None, place + depth, args(event), t, spent,
                                f"{value}" if type(value) is int and value.bit_length() < SHORT_INT_BITS
                                else value[0] if type(value) is tuple else text(value),
                            )  # fmt: skip
                            if span is not None:
                                made((*row, None, None, None, None, trace_id or lead + span, span, parent_span, said))
                            elif said is None:
                                made(row)
                            else:
                                made((*row, None, None, None, None, None, None, None, said))
                            took.append(spent)
                            starts.append(t)
                            below += spent
                            number += 2
                            position += 2
                            last = key
                            continue
                    marks = None
                    if span is not None:
                        trace_id = trace_id or lead + span
                        marks = Marks(trace_id, span, parent_span, correlation, remote)
                        parent_span = span
                    elif correlation is not None:
                        marks = Marks(None, None, None, correlation, None)
                    opened: Any = (call, top or None, depth, key, t, ctx, event, marks, None, None, ())
                    stack.append(opened)
                    if below and top:
                        waited[top] = waited.get(top, 0) + below
                    top, below = call, 0
                    depth += 1
                    number += 1
                    position += 1
                    continue
            elif kind == END:
                if event[3] != th:
                    break
                if stack:
                    call, above, deep, key, t, ctx, start, marks, suspendable, _, kept = stack[-1]
                    value = event[4]
                    if (
                        call > taken and suspendable is None and kept is not None and value is not CLOSED
                        and deep < TOO_DEEP and (event[1] is None or event[1] == key) and call not in began
                    ):  # fmt: skip
                        if ctx is not here:
                            task, here = self._task(ctx), _UNKNOWN
                            cells = self._cells_of(th, task)
                        try:
                            place, args, took, starts, callers = cells[key]
                        except KeyError:
                            place, args, took, starts, callers = self._cell(key, th, task)
                        number += 1
                        spent = event[2] - t
                        row = (
                            call, number - call, None if above is None else call - above, place + deep, args(start), t,
                            spent,
                            f"{value}" if type(value) is int and value.bit_length() < SHORT_INT_BITS
                            else value[0] if type(value) is tuple else text(value),
                        )  # fmt: skip
                        if marks is not None:
                            made((*row, None, None, None, None, *marks[:3], marks[3] or origin.correlation_id))
                        elif origin.correlation_id is None:
                            made(row)
                        else:
                            made((*row, None, None, None, None, None, None, None, origin.correlation_id))
                        others = waited.pop(call, 0)
                        if top == call:
                            others += below
                        elif below and top:
                            waited[top] = waited.get(top, 0) + below
                        if others:
                            took, starts, elsewhere = callers
                            elsewhere.append(others if others < spent else spent)
                        took.append(spent)
                        starts.append(t)
                        del stack[-1]
                        position += 1
                        top, below = above or 0, spent
                        if here is ctx and stack and stack[-1][5] is ctx and stack[-1][0] == top:
                            depth = deep
                            if spans is not None:
                                trace_id, parent_span = stack[-1][7][:2]  # type: ignore[index]
                        else:
                            here = _UNKNOWN
                        continue
            elif not kind:
                break
            if below and top:
                waited[top] = waited.get(top, 0) + below
            self.last_id, top, below = number, 0, 0
            self._rare_event(event)
            number, stack, here = self.last_id, self._stack(th), _UNKNOWN
            position += 1
        if below and top:
            waited[top] = waited.get(top, 0) + below
        self.last_id, self._last, self._patience = number, last, patience
        return position

    def _run(self, fields: Any, number: int, top: int, place: int, said: tuple[str | None, str | None, Any]) -> None:
        """Make the rows of a run, see ``runs``.

        :param number: the last id so far.
        :param said: the id of their trace, if it is not one that each begins; of their caller's span; of correlation.
        """
        starts, (_, key, _, _, values), spent = fields
        calls, spans, text = len(spent), self._marker.spans, self._text_of
        numbers = range(number + 1, number + 2 * calls, 2)
        ups = [each - top for each in numbers] if top else repeat(None)
        args = args_of_run(self.records.site(key[0] or starts[1][0]).site, starts, text)
        columns: list[Any] = [numbers, repeat(1), ups, repeat(place), args, starts[2], spent, texts(values, text)]
        trace_id, parent_span, correlation = said
        if spans is not None:
            ids = [spans.next() for _ in range(calls)]
            traces = repeat(trace_id) if trace_id is not None else [self._marker.lead + each for each in ids]
            columns += [repeat(None)] * 4 + [traces, ids, repeat(parent_span), repeat(correlation)]
        elif correlation is not None:
            columns += [repeat(None)] * 7 + [repeat(correlation)]
        self._made.extend(zip(*columns, strict=False))

    def _around(self, th: int, ctx: int | None) -> tuple[Frame | None, Surroundings]:
        """The call that makes those that begin on a thread and in a context now, and what is said of them."""
        parent = self._parent(th, ctx)
        around = self._marker.around(parent, ctx)
        called = around[3] if self._marker.spans is not None else None
        if called is not None and (parent is None or parent[7] is None or parent[7][4] != called):
            self._maker.elsewhere = True
        return parent, around


_NO_EVENT: Final = (0, None, 0, None)
_UNKNOWN: Final = object()
_PATIENCE: Final = 8
"""Events until it is worth another look, where no run was; then twice as many, up to so many:"""
_MOST_PATIENCE: Final = 128

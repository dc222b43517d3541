"""From events to JSON lines: plain calls by the shortest way, everything else by the assembler's.

The short way is one loop over events of one thread, which keeps at hand what calls of the same parent in the same
context have in common. It gives pieces of lines, and a whole chunk's are joined at its end. A call that called nothing,
whose END follows its START, needs no place on the stack; where a loop calls one such function after the other, ``runs``
makes the lines of many calls at once.

Per call of an application, CPython 3.12, ratios: dicts copied from templates and one JSON encoder for a chunk 1.0,
f-strings 0.55, pieces 0.4. What did not help: every field of a chunk encoded by itself, all at once, as ``runs`` does
for calls of one function, took as long as pieces, and twice as long as ``runs`` where that can be had.
"""

from __future__ import annotations

from . import events as ev
from .calls import Frame, Suspendable
from .depths import DepthAssembler
from .events import CLOSED, CORO_DROPPED, CORO_START, END, GEN_EXCEPTION, GEN_START, RESUME, START, YIELD, Event
from .ids import Marks, Surroundings
from .interruption import Work
from .lines import ROOT, Cell, LineRecords, Place, Within, as_bytes, below, traced
from .pieces import BELOW_A_MS, DIGITS, IDS_AT_ONCE, MS, WIDTH, Ids, finished
from .records import Origin
from .runs import Run, fields_of, lines_of, run_length
from .shapes import SHORT_INT_BITS
from .tentative import Tentative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

__all__ = ["LineAssembler"]


class LineAssembler(DepthAssembler):
    """An assembler that gives lines; ``options`` are those of ``DepthAssembler``."""

    records: LineRecords

    def __init__(self, origin: Origin, **options: Any) -> None:
        super().__init__(origin, form=LineRecords, **options)
        self._ids: Ids | None = None
        self._last = ""  # the function of the last call that called nothing
        self._patience = _PATIENCE

    def lines(self, chunk: Sequence[Event]) -> tuple[bytes, int]:
        """The lines of these events, and how many there are.

        A signal's handler may raise in the middle. Nothing is lost if the same chunk is then given again.
        """
        work = self._work(chunk)
        try:
            self._make_lines(work)
            return as_bytes(work.out), self.last_id - work.before
        except BaseException:
            self._interrupted = work
            raise

    def last_lines(self, t: int) -> tuple[bytes, int]:
        """The lines of the calls that are open when recording ends at ``t``."""
        before = self.last_id
        return as_bytes(self.close(t)), self.last_id - before

    # -- lines ----------------------------------------------------------------------------------------------------

    def _make_lines(self, work: Work) -> None:
        """Make the lines of what is left of a chunk."""
        chunk, out, handlers = [*work.chunk, _NO_EVENT], work.out, self._handlers
        while work.position < len(work.chunk):
            event = chunk[work.position]
            if event[0] in _IN_THE_LOOP and event[3] >= 0 and self._make_plain_lines(work, chunk, event[3]):
                continue
            accounted = self.last_id
            try:
                handlers[event[0]](event, out)
                work.position += 1
            except BaseException:
                self._interrupt(work, accounted)
                raise

    def _make_plain_lines(self, work: Work, chunk: list[Event], th: int) -> bool:
        """Make the lines of the plain calls of a thread that come next; whether there are any."""
        out, stack, first, number = work.out, self._stack(th), work.position, self.last_id
        before, frames, spans = len(out), stack[:], self._marker.spans
        given = spans.count if spans is not None else 0
        rows: list[Any] = []
        tentative = Tentative(self._generators, self._coroutines, self._scopes)
        try:
            run = self._plain_calls(rows, tentative, chunk, first, th, stack)
            position = first + len(rows) // WIDTH
            out.extend(finished(rows))
        except BaseException:  # go back, and do again what has become rows already
            if len(out) == before:
                out.extend(finished(rows))
            self.last_id, stack[:] = number, frames
            tentative.go_back()
            if spans is not None:
                spans.go_back(given)
            work.position = first + len(rows) // WIDTH
            for event in chunk[first : work.position]:
                self._handlers[event[0]](event, [])
            raise
        work.position = position
        tentative.keep()
        if run is not None:
            self._make_runs(work, chunk, th, run)
        return work.position > first

    def _make_runs(self, work: Work, chunk: list[Event], th: int, run: tuple[str, int | None, Any]) -> None:
        """Make the lines of a run, see ``runs``, and of more calls of the same function that follow it."""
        key, ctx, fields = run
        _, around, within, place = self._around(th, ctx)
        cell, spans = self.records.cell(key, around[2]), self._marker.spans
        while fields is not None:
            given, calls = spans.count if spans is not None else 0, len(fields[1][0])
            try:
                pieces = self._run(cell, fields, around[0], within, place)
            except BaseException:
                if spans is not None:
                    spans.go_back(given)
                raise
            number, position = self.last_id + 2 * calls, work.position + 2 * calls
            work.out[len(work.out) :] = pieces  # no call up to the next line: no handler comes in between
            self.last_id, work.position = number, position
            calls = run_length(chunk, position, (len(chunk) - 1 - position) // 2, key, th)
            fields = fields_of(chunk, position, calls, key, th, ctx) if calls else None

    def _run(self, cell: Cell, fields: Any, trace_id: str | None, within: Within, place: Place) -> list[str]:
        calls = len(fields[1][0])
        ids, first = self._ids_from(self.last_id + 1), self.last_id + 1
        if first + 2 * calls - ids.base > IDS_AT_ONCE:
            ids = Ids.listing(first, 2 * calls)
        run = Run(ids, first - ids.base, within[0] + cell.opening, cell.labels, *place, self.records.millisecond)
        closings = self._closings(calls, trace_id, within[1], within[2], cell.closing)
        return lines_of(run, fields, closings, self.records)

    def _plain_calls(  # noqa: C901, PLR0912, PLR0915 - a call's cost is spent here
        self, rows: list[Any], tentative: Tentative, chunk: list[Event], position: int, th: int, stack: list[Any]
    ) -> tuple[str, int | None, Any] | None:
        """Each event gives a row; a run that comes after them is given back.

        Generators may yield and go on in between, which leaves a row with nothing in it.
        ``here`` is the context for which all is known that calls in it have in common.
        """
        records, add, run = self.records, rows.extend, None
        spans, lead, text, shallowest = self._marker.spans, self._marker.lead, self.records.plain_text, self._shallowest
        since, until, begun, ended = records.millisecond
        base, entry, called, high, ids = self._ids_from(self.last_id + 1)
        at = self.last_id + 1 - base
        here: Any = _UNKNOWN
        last, barred, patience = self._last, 0, self._patience
        generators = {} if self.pauses else self._generators
        while True:
            event = chunk[position]
            kind = event[0]
            if kind in _STARTS and event[3] == th:
                key, t, ctx = event[1], event[2], event[4]
                if ctx is not here:
                    parent, around, (above, trace, parent_span), (place, ending) = self._around(th, ctx)
                    trace_id, span_id, correlation, remote = around
                    parent_id, depth = (None, 1) if parent is None else (parent[0], parent[2] + 1)
                    cells, here = records.cells(correlation), ctx
                if depth > shallowest:
                    break
                if not since <= t < until:
                    since, until, begun, ended = records.begin(t)
                if at > _LAST:
                    base, entry, called, high, ids = self._ids_from(base + at)
                    at = 0
                try:
                    opening, args, closing, _ = cells[key]
                except KeyError:
                    opening, args, closing, _ = records.cell(key, correlation)
                if key is last and position >= barred and kind == START:
                    calls = run_length(chunk, position, (len(chunk) - 1 - position) // 2, key, th)
                    fields = fields_of(chunk, position, calls, key, th, ctx) if calls else None
                    if fields is not None:
                        run, patience = (key, ctx, fields), _PATIENCE
                        break
                    barred, patience = position + patience, min(2 * patience, _MOST_PATIENCE)
                if spans is not None:
                    span = spans.next()
                    if trace_id is None:
                        closing = f',"trace_id":"{lead}{span}","span_id":"{span}"{closing}'
                    else:
                        closing = f"{trace}{span}{parent_span}{closing}"
                i = ids[at]
                before = f"{called}{i}{above}{opening}"
                end = chunk[position + 1]
                if (
                    kind == START
                    and end[0] == END
                    and end[3] == th
                    and (end[1] is key or end[1] is None or end[1] == key)
                ):
                    u, value = end[2], end[4]
                    if u < until and at < _LAST and value is not CLOSED:
                        x, y = t - since, u - since
                        ns = u - t
                        add((
                            entry, i, before, args(event), begun, DIGITS[x // 1000], place, "", "", "", "", closing,
                            entry, ids[at + 1], before, "", ended, DIGITS[y // 1000], ending,
                            f"{value}" if type(value) is int and value.bit_length() < SHORT_INT_BITS
                            else value[0] if type(value) is tuple else text(value),
                            BELOW_A_MS, DIGITS[ns // 1000],
                            DIGITS[ns % 1000], closing,
                        ))  # fmt: skip
                        last = key
                        position += 2
                        at += 2
                        continue
                digits, returned, where = DIGITS[(t - since) // 1000], ending, place
                if kind != START:
                    call = Suspendable(t, th, event[6] if kind == CORO_START else None)
                    if call.task:
                        where, returned = records.place(th, call.task)
                    shown = args(event[2 if kind == CORO_START else 1 :])
                else:
                    call, shown = None, args(event)
                add((entry, i, before, shown, begun, digits, where, "", "", "", "", closing))
                marks = None
                inside = f',"parent_id":{high}{i},"depth":{depth + 1},"level":"INFO","function":"', trace, parent_span
                if spans is not None:
                    root = trace_id or lead + span
                    marks = Marks(root, span, span_id, correlation, remote)
                    inside = inside[0], traced(root), below(span)
                elif correlation is not None:
                    marks = Marks(None, None, None, correlation, None)
                number, shared = base + at, (before, returned, closing)
                frame: Any = (number, parent_id, depth, key, t, ctx, event, marks, call, inside, shared)
                position += 1
                at += 1
                if kind == CORO_START:  # on no stack, so nothing changes around it
                    tentative.begin_coroutine(event, call, frame)
                    here = here if event[5] != here else _UNKNOWN
                    continue
                if kind == GEN_START:
                    frame = tentative.begin_generator(event, call, frame)
                stack.append(frame)
                parent_id, (above, trace, parent_span) = number, inside
                depth += 1
                if spans is not None:
                    trace_id, span_id = root, span
            elif kind == END and event[3] == th and stack:
                _, key, u, _, value = event
                frame = stack[-1]
                if (
                    (key is not None and key != frame[3])
                    or frame[8] is not None or frame[10] is None or value is CLOSED
                ):  # fmt: skip
                    break
                if not since <= u < until:
                    since, until, begun, ended = records.begin(u)
                if at > _LAST:
                    base, entry, called, high, ids = self._ids_from(base + at)
                    at = 0
                before, returned, closing = frame[10]
                ctx = frame[5]
                if ctx is not None:  # its task may be known by now
                    returned = records.place(th, self._task(ctx)).with_result
                ns = u - frame[4]
                add((
                    entry, ids[at], before, "", ended, DIGITS[(u - since) // 1000], returned,
                    f"{value}" if type(value) is int and value.bit_length() < SHORT_INT_BITS
                    else value[0] if type(value) is tuple else text(value),
                    BELOW_A_MS if ns < MS else f'","duration_ms":{ns // MS}.', DIGITS[ns // 1000 % 1000],
                    DIGITS[ns % 1000], closing,
                ))  # fmt: skip
                del stack[-1]
                position += 1
                at += 1
                if here is ctx and stack and stack[-1][5] is ctx:
                    parent_id, _, depth, _, _, _, _, marks, _, (above, trace, parent_span), _ = stack[-1]
                    depth += 1
                    if spans is not None:
                        trace_id, span_id = marks[:2]
                else:
                    here = _UNKNOWN
            elif YIELD <= kind <= RESUME and event[3] == th:
                call = generators.get(event[5])
                if call is None or call.frame is None or call.chain:
                    break
                if kind == YIELD:
                    if not stack or stack[-1][8] is not call or (len(stack) > 1 and stack[-2][8] is not None):
                        break
                    tentative.passes(call)
                    del stack[-1]
                    call.yields += 1
                    call.pause(event[2])
                else:
                    if call.since is not None or call.frame[5] != event[4]:
                        break
                    tentative.passes(call)
                    call.since, call.th = event[2], th
                    stack.append(call.frame)
                add(_NOTHING)
                here = _UNKNOWN
                position += 1
            elif kind in _RARE_ENDS and event[3] == th:
                found = tentative.ending(event, stack)
                if found is None or found[0][10] is None or event[4] is CLOSED:
                    break
                if at > _LAST:
                    base, entry, called, high, ids = self._ids_from(base + at)
                    at = 0
                frame, call = found
                add((entry, ids[at], *records.end_pieces(event, frame, call, self._task_of(frame))))
                tentative.end(event, call, stack)
                since, until, begun, ended = records.millisecond
                if kind <= GEN_EXCEPTION:
                    here = _UNKNOWN
                position += 1
                at += 1
            elif kind == CORO_DROPPED:
                tentative.drop(event)
                here = _UNKNOWN
                add(_NOTHING)
                position += 1
            else:
                break
        self.last_id, self._last, self._patience = base + at - 1, last, patience
        return run

    def _inside(self, number: int, depth: int, marks: Marks | None) -> Within:
        return self.records.within(number, depth, marks)

    def _closings(self, calls: int, trace_id: str | None, trace: str, parent_span: str, closing: str) -> Any:
        """The ends of the lines of calls that follow each other; one for all if calls have no ids."""
        spans, lead = self._marker.spans, self._marker.lead
        if spans is None:
            return closing
        ids = [spans.next() for _ in range(calls)]
        if trace_id is not None:
            return [f"{trace}{span}{parent_span}{closing}" for span in ids]
        return [f'{traced(lead + span)}{span}"{closing}' for span in ids]

    def _ids_from(self, number: int) -> Ids:
        """How this id and those that follow are written."""
        base = number // IDS_AT_ONCE * IDS_AT_ONCE
        if self._ids is None or self._ids.base != base:
            self._ids = Ids.of(base)
        return self._ids

    def _around(self, th: int, ctx: int | None) -> tuple[Frame | None, Surroundings, Within, Place]:
        """What calls have in common that begin on a thread and in a context now."""
        parent = self._parent(th, ctx)
        around = self._marker.around(parent, ctx)
        within = _OUTERMOST if parent is None else parent[9]
        if around[0] is not None:
            within = Within(within[0], traced(around[0]), below(around[1]))
        return parent, around, within, self.records.place(th, self._task(ctx))


_OUTERMOST: Final = Within(ROOT, traced(None), below(None))
_LAST: Final = IDS_AT_ONCE - 1
_STARTS: Final = frozenset({START, GEN_START, CORO_START})
_RARE_ENDS: Final = frozenset({ev.EXCEPTION, ev.GEN_END, GEN_EXCEPTION, ev.CORO_END, ev.CORO_EXCEPTION})
_IN_THE_LOOP: Final = _RARE_ENDS | _STARTS | {END}
_NOTHING: Final = ("",) * WIDTH
_NO_EVENT: Final = (0, None, 0, None)
_UNKNOWN: Final = object()
_PATIENCE: Final = 8
"""Events until it is worth another look, where no run was; then twice as many, up to so many:"""
_MOST_PATIENCE: Final = 128

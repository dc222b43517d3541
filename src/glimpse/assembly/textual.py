"""From events to JSON lines: plain calls by the shortest way, everything else by the assembler's."""

from __future__ import annotations

from .assembler import Assembler
from .calls import Frame, Suspendable
from .events import END, START, Event
from .interruption import Work, is_from_handler
from .lines import ROOT, LineRecords, as_bytes
from .plain import DIGITS
from .records import Origin
from .runs import run_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

__all__ = ["LineAssembler"]

_BLOCK: Final = 1000
_SMALL: Final = tuple(map(str, range(_BLOCK)))
_BELOW: Final = tuple(f',"depth":{depth + 1},"level":"INFO","function":"' for depth in range(1000))


class LineAssembler(Assembler):
    """An assembler that gives lines; ``options`` are those of ``Assembler``.

    :param limits: by the names of policies, the deepest calls that leave lines. What a deeper one calls has its
        nearest ancestor with lines for a parent.
    """

    records: LineRecords

    def __init__(self, origin: Origin, *, limits: Mapping[str, int] | None = None, **options: Any) -> None:
        super().__init__(origin, form=LineRecords, **options)
        self._limits = limits or {}
        self._shallowest = min(self._limits.values(), default=len(_BELOW))
        self._here: int | None = None  # the thread of the last START or END
        self._base = self.last_id + 1
        self._ids: Sequence[str] = ()
        self._ancestor = ""  # what ``parent_id`` begins with
        self._plain = not origin.trace_ids
        self._doubtful = False

    def lines(self, chunk: Sequence[Event]) -> tuple[bytes, int]:
        """The lines of these events, and how many there are."""
        if not self._plain:
            pieces = self.feed(chunk)
            return as_bytes(pieces), len(pieces)
        work = self._work(chunk)
        try:
            self._pieces(work)
            return as_bytes(work.out), self.last_id - work.before
        except BaseException:
            self._interrupted = work
            raise

    def last_lines(self, t: int) -> tuple[bytes, int]:
        """The lines of the calls that are open when recording ends at ``t``."""
        before = self.last_id
        return as_bytes(self.close(t)), self.last_id - before

    # -- calls that are too deep: their frames share nothing with their lines, since there are none ---------------

    def _open(self, event: Event, call: Suspendable | None) -> Frame:
        parent = self._parent(event[3], event[4]) if self._limits else None
        if parent is None or not self._is_too_deep(event[1], parent[2] + 1):
            return super()._open(event, call)
        depth, key = parent[2] + 1, event[1]
        inside = self.records.within(parent[0], parent, depth, key)[0]
        frame = Frame(parent[0], parent[1], depth, key, event[2], event[4], event, parent[7], call, inside)
        if call is not None:
            call.frame = frame
        return frame

    def _is_too_deep(self, key: str, depth: int) -> bool:
        return depth > self._limits.get(self.records.site(key).site.policy, depth)

    def _emit_end(self, frame: Frame, *ended: Any) -> None:
        if frame[10] is not None:
            super()._emit_end(frame, *ended)

    def _emit_exception(self, frame: Frame, *ended: Any) -> None:
        if frame[10] is not None:
            super()._emit_exception(frame, *ended)

    def _error_only(self, event: Event, out: list[Any]) -> None:
        if not (self._limits and self._is_too_deep(event[1], event[5])):
            super()._error_only(event, out)

    # -- the short way ------------------------------------------------------------------------------------------

    def _pieces(self, work: Work) -> None:  # noqa: C901, PLR0912, PLR0915 - a call's cost is spent here
        """Make the lines of what is left of a chunk, in pieces."""
        chunk, out, position, step = work.chunk, work.out, work.position, _BETWEEN
        plain, handlers, size = self.records.plain, self._handlers, len(chunk)
        leaves, starts, ends = plain.leaves, plain.starts, plain.ends
        frame: Any
        place, barred, patience = 0, 0, _PATIENCE
        before = ""  # the site of the last leaf
        shallowest = self._shallowest
        stack: list[Any] = []
        try:
            if self._doubtful:  # texts that are kept for the next call may be of the wrong value
                plain.forget_values()
                self._doubtful = False
            plain.into(out)
            place, ids, stack, above = self._go_on(self._here)
            step = _PLAIN
            while position < size:
                event = chunk[position]
                kind = event[0]
                try:
                    if kind == START:
                        key = event[1]
                        if position + 1 < size:
                            end = chunk[position + 1]
                            if end[0] == END:
                                if key is before and position >= barred:
                                    calls = run_length(chunk, position, (len(ids) - place) // 2, key, plain.until)
                                    if calls and plain.runs[key](chunk, position, calls, ids, place, above):
                                        position += 2 * calls
                                        place += 2 * calls
                                        patience = _PATIENCE
                                        continue
                                    barred = position + patience
                                    patience *= 2
                                if leaves[key](event, end, ids[place], ids[place + 1], above):
                                    before = key
                                    position += 2
                                    place += 2
                                    continue
                        digits = ids[place]
                        outer, depth = (stack[-1][0], stack[-1][2] + 1) if stack else (None, 1)
                        below = _BELOW[depth]
                        shared = starts[key](event, digits, above)
                        if shared is not None:
                            above = f"{self._ancestor}{digits}{below}"
                            number = self._base + place
                            stack.append((number, outer, depth, key, event[2], None, event, None, None, above, shared))
                            position += 1
                            place += 1
                            if depth >= shallowest:
                                ids = ()  # what it calls is not plain: it may leave no line
                            continue
                        if self._begins_millisecond(event):
                            continue
                    elif kind == END:
                        frame = stack[-1]
                        key = frame[3]
                        if event[1] in (key, None) and frame[8] is None and frame[5] is None:
                            if ends[key](event, frame, ids[place]):
                                del stack[-1]
                                position += 1
                                place += 1
                                above = stack[-1][9] if stack else ROOT
                                continue
                            if self._begins_millisecond(event):
                                continue
                except (LookupError, ValueError) as error:  # not met before, the end of the ids, too deep, out of shape
                    if is_from_handler(error):
                        raise
                self.last_id = self._base + place - 1
                step = _HANDLED
                handlers[kind](event, out)
                position += 1
                step = _BETWEEN
                place, ids, stack, above = self._go_on(event[3] if kind in _OF_A_THREAD else self._here)
                step = _PLAIN
            self.last_id = self._base + place - 1
            work.position = position
        except BaseException:
            self._doubtful = True
            work.position = position
            if step == _HANDLED:
                self._interrupt(work, self._base + place - 1)
            elif step == _PLAIN:
                self._interrupt_plain(work, self._base + place - 1, stack)
            raise

    def _begins_millisecond(self, event: Event) -> bool:
        """Whether an event was of another millisecond than the current one, which is its own from here on."""
        if self.records.plain.since <= event[2] < self.records.plain.until:
            return False
        self.records.moment(event[2])
        return True

    def _interrupt_plain(self, work: Work, accounted: int, stack: list[Any]) -> None:
        """The same as ``_interrupt``, where lines of a plain call may have been made at last."""
        made = work.made
        extra = work.before + made - accounted
        self.last_id = accounted
        if extra == 1 and work.chunk[work.position][0] == END:
            del stack[-1]
        elif extra == 1:
            event = work.chunk[work.position]
            frame = self._open(event, None)
            if not (stack and stack[-1][6] is event):
                stack.append(frame)
        self.last_id = work.before + made
        work.position += extra

    def _go_on(self, th: int | None) -> tuple[int, Sequence[str], list[Any], str]:
        """The place of the next id in the table of ids, that table, the thread's stack, and what calls on it share."""
        place = self.last_id + 1 - self._base
        if not 0 <= place < len(self._ids):
            place = (self.last_id + 1) % _BLOCK
            base = self.last_id + 1 - place
            high = str(base // _BLOCK) if base else ""
            self.records.plain.number(high)  # first: a signal's handler may raise in it
            self._base, self._ids, self._ancestor = base, DIGITS if base else _SMALL, f',"parent_id":{high}'
        if th is None or th < 0:
            th = self._here
        elif th != self._here:
            self.records.stay(th)
            self._here = th
        if th is None:
            return place, self._ids, [], ROOT
        stack = self._stack(th)
        if stack and (stack[-1][7] is not None or stack[-1][2] >= self._shallowest):
            # It is in a scope, or as deep as may be, and what it calls too: without ids, nothing is plain.
            return place, (), stack, ROOT
        return place, self._ids, stack, stack[-1][9] if stack else ROOT


_PATIENCE: Final = 8
"""Events until it is worth another look, where no run was; then twice as many."""

_OF_A_THREAD: Final = frozenset({START, END})
_BETWEEN, _PLAIN, _HANDLED = range(3)
"""Where a signal's handler may come in: between two events, at one by the short way, at one by the assembler's."""

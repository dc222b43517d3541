"""Events in, entries out: parents, depth and entry ids, worked out after the fact and off the traced call's time.

Events of one thread come in the order of its physical stack, so a stack per thread is all that is needed. Coroutines
are on no stack (see ``events``): an event carries the innermost coroutine call of its context, and a call's parent is
the top of the stack if that was entered within the same coroutine call, else the coroutine call itself.
"""

from __future__ import annotations

from . import events as ev
from .calls import Frame, OpenCall, Suspendable
from .events import Event
from .ids import Marker, Scopes
from .interruption import Work, settle
from .records import Origin, Records
from .shapes import FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

__all__ = ["Assembler"]

Record: TypeAlias = "Any"


class Assembler:
    """Keeps the open calls of one process and turns chunks of events into entries.

    :param origin: the process.
    :param pauses: whether SUSPEND and RESUME are entries (level DEBUG).
    :param form: what makes entries; dicts, if nothing else is given.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        pauses: bool = False,
        first_id: int = 1,
        form: Callable[[Origin], Records] = Records,
    ) -> None:
        self.records = form(origin)
        self.pauses = pauses
        self._scopes = Scopes(origin.remote)
        self._marker = Marker(origin.pid, origin.base, self._scopes, trace_ids=origin.trace_ids)
        self.marks = self._marker if origin.trace_ids else None  # else from the first scope on
        self.last_id = first_id - 1
        self.unmatched = 0
        self._interrupted: Work | None = None
        self._stacks: dict[int, list[Frame]] = {}
        self._generators: dict[int, Suspendable] = {}
        self._coroutines: dict[int, Suspendable] = {}
        self._handlers: dict[int, Callable[[Event, list[Record]], None]] = {
            ev.START: self._start,
            ev.END: self._end,
            ev.GEN_START: self._gen_start,
            ev.YIELD: self._yield,
            ev.RESUME: self._resume,
            ev.THROWN: self._resume,
            ev.DELEGATE: self._delegate,
            ev.DELEGATED: self._delegated,
            ev.GEN_END: self._gen_end,
            ev.GEN_EXCEPTION: self._gen_end,
            ev.EXCEPTION: self._exception,
            ev.CORO_START: self._coro_start,
            ev.CORO_END: self._coro_end,
            ev.CORO_EXCEPTION: self._coro_end,
            ev.CORO_DROPPED: self._coro_dropped,
            ev.CORO_WAITS: self._coro_waits,
            ev.CORO_GOES_ON: self._coro_waits,
            ev.CORO_WAITED: self._coro_waited,
            ev.AGEN_YIELD: self._agen_yield,
            ev.AGEN_RESUME: self._agen_resume,
            ev.THREAD: self._thread,
            ev.FILE: self._file,
            ev.ERROR_ONLY: self._error_only,
            ev.CONTEXT: self._scope,
        }

    def feed(self, chunk: Iterable[Event]) -> list[Any]:
        """The entries of these events, in order.

        A signal's handler may raise in the middle. Nothing is lost if the same chunk is then given again.
        """
        work = self._work(chunk if isinstance(chunk, list) else tuple(chunk))
        handlers, out = self._handlers, work.out
        accounted = self.last_id
        try:
            for event in work.chunk[work.position :] if work.position else work.chunk:
                accounted = self.last_id
                handlers[event[0]](event, out)
                work.position += 1
        except BaseException:
            self._interrupt(work, accounted)
            raise
        return out

    def _work(self, chunk: Sequence[Event]) -> Work:
        """How far this chunk has come."""
        work, self._interrupted = self._interrupted, None
        return work if work is not None and work.chunk is chunk else Work(chunk, self.last_id)

    def _interrupt(self, work: Work, accounted: int) -> None:
        """Leave everything as it is between two events; ``accounted`` is the last entry's number that is sure."""
        made = settle(work, accounted - work.before, self._stacks, self._generators, self._coroutines)
        self.last_id = work.before + made
        self._interrupted = work

    def close(self, t: int) -> list[Record]:
        """Ends every open call at ``t``: recording is over, and each START has its end."""
        out: list[Record] = []
        for th, stack in self._stacks.items():
            while stack:
                self._emit_end(stack.pop(), t, th, ev.CLOSED, out)
        for call in [*self._generators.values(), *self._coroutines.values()]:
            if (
                call.frame is not None
                and not call.ended
                and (call.since is None or call.frame.event[0] == ev.CORO_START)
            ):
                call.pause(t)
                self._emit_end(call.frame, t, call.th, ev.CLOSED, out)
        self._generators.clear()
        self._coroutines.clear()
        return out

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """The innermost open call of a thread and context; None if there is none."""
        found = self._parent(th, ctx)
        return None if found is None else OpenCall(found[0], found[7])

    # -- plain calls ------------------------------------------------------------------------------------------

    def _start(self, event: Event, out: list[Record]) -> None:
        th = event[3]
        if th < 0:
            return
        frame = self._open(event, None)
        self._stack(th).append(frame)
        self._emit_start(frame, th, FIRST, out)

    def _end(self, event: Event, out: list[Record]) -> None:
        _, key, t, th, value = event
        stack = self._stacks.get(th)
        if not stack or (stack[-1][3] != key and (key is not None or stack[-1][8] is not None)):
            self._late_end(event, out)
            return
        self._emit_end(stack[-1], t, th, value, out)
        del stack[-1]

    def _context(self, ctx: int, top: Frame | None) -> Frame | None:
        if self._scopes:
            base = self._scopes.base(ctx)
            if base is None or (top is not None and self._scopes.base(top[5]) == base):
                return top
            ctx = base
        call = self._coroutines.get(ctx)
        return top if call is None or call.frame is None else call.frame

    def _task(self, ctx: int | None) -> str | None:
        call = self._coroutines.get(self._scopes.base(ctx)) if ctx is not None else None  # type: ignore[arg-type]
        return call.task if call else None

    def _stack(self, th: int) -> list[Frame]:
        found = self._stacks.get(th)
        if found is None:
            found = self._stacks[th] = []
        return found

    def _parent(self, th: int, ctx: int | None) -> Frame | None:
        stack = self._stack(th)
        parent = stack[-1] if stack else None
        if ctx is not None and (parent is None or parent[5] != ctx):
            return self._context(ctx, parent)
        return parent

    def _open(self, event: Event, call: Suspendable | None) -> Frame:
        parent = self._parent(event[3], event[4])
        self.last_id += 1
        marks = None if self.marks is None else self.marks(parent, event)
        parent_id, depth = (None, 1) if parent is None else (parent[0], parent[2] + 1)
        opened = (self.last_id, parent_id, depth, event[1], event[2], event[4], event, marks, call, None, ())
        frame = self.records.opened(_new_frame(Frame, opened), parent, self._task_of(opened))
        if call is not None:
            call.frame = frame
        return frame

    def _emit_start(self, frame: Frame, th: int, first: int, out: list[Record]) -> None:
        out.append(self.records.start(frame[0], frame, th, first, self._task_of(frame)))

    def _emit_end(self, frame: Frame, t: int, th: int, value: Any, out: list[Record]) -> None:
        self.last_id += 1
        out.append(self.records.end(self.last_id, frame, t, th, value, self._task_of(frame)))

    def _emit_exception(self, frame: Frame, t: int, th: int, exc: Any, out: list[Record]) -> None:
        self.last_id += 1
        first = _FIRST_VALUE[frame[6][0]]
        out.append(self.records.exception(self.last_id, frame, t, th, exc, first, self._task_of(frame)))

    def _task_of(self, frame: Any) -> str | None:
        return frame[8].task if frame[8] and frame[8].task else self._task(frame[5])

    def _late_end(self, event: Event, out: list[Record]) -> None:
        """An end that is not the innermost call's: its START was not recorded, or ends above it were not."""
        self._unwind(event, self._emit_end, out)

    def _unwind(self, event: Event, finish: Callable[..., None], out: list[Record]) -> None:
        """End a call and close those above it; they stay on the stack until every entry is made."""
        key, t, th = event[1], event[2], event[3]
        stack = self._stacks.get(th, [])
        for position in range(len(stack) - 1, -1, -1):
            if key in (stack[position][3], None) and stack[position][8] is None:
                break
        else:
            self.unmatched += th >= 0
            return
        for frame in reversed(stack[position + 1 :]):
            if frame[8] is None:
                self._emit_end(frame, t, th, ev.CLOSED, out)
        finish(stack[position], t, th, event[4], out)
        del stack[position:]

    def _exception(self, event: Event, out: list[Record]) -> None:
        self._unwind(event, self._emit_exception, out)

    def _error_only(self, event: Event, out: list[Record]) -> None:
        _, key, t, th, ctx, depth, exc = event[:7]
        if th < 0:
            return
        self.last_id += 1
        marks = self._marker(None, event) if self._scopes.have(ctx) else None
        frame = Frame(self.last_id, None, depth, key, t, ctx, event, marks)
        out.append(self.records.exception(self.last_id, frame, t, th, exc, 7, self._task(ctx)))

    def _scope(self, event: Event, out: list[Record]) -> None:
        self._scopes.add(event)
        self.marks = self._marker

    def _thread(self, event: Event, out: list[Record]) -> None:
        self._stacks[event[1]] = []
        self.records.name_thread(event[1], event[2])

    def _file(self, event: Event, out: list[Record]) -> None:
        self.records.origin.files[event[1]] = event[2]

    # -- generators -------------------------------------------------------------------------------------------

    def _gen_start(self, event: Event, out: list[Record]) -> None:
        t, th = event[2], event[3]
        if th < 0:
            return
        call = Suspendable(t, th)
        frame = self._open(event, call)
        self._generators[event[5]] = call
        self._stack(th).append(frame)
        self._emit_start(frame, th, 6, out)

    def _yield(self, event: Event, out: list[Record]) -> None:
        call = self._generators.get(event[5])
        if call is None:
            return
        call.yields += 1
        stack = self._stacks[call.th]
        outer = stack[-2][8] if len(stack) > 1 else None
        if self.pauses or not stack or stack[-1][8] is not call or (outer is not None and outer.delegating):
            self._suspend(call, event, out)
        else:  # by far the most frequent, with nothing to tell: a third of the time
            del stack[-1]
            call.pause(event[2])

    def _suspend(self, call: Suspendable, event: Event, out: list[Record]) -> None:
        t, stack = event[2], self._stack(call.th)
        self._take_off(call, stack)
        self._pause(call, t, "SUSPEND", out)
        call.chain = []
        while stack and (outer := stack[-1][8]) is not None and outer.delegating:
            stack.pop()
            outer.yields += 1
            self._pause(outer, t, "SUSPEND", out)
            call.chain.insert(0, outer)

    def _take_off(self, call: Suspendable, stack: list[Frame]) -> None:
        for position in range(len(stack) - 1, -1, -1):
            if stack[position][8] is call:
                del stack[position:]
                return

    def _resume(self, event: Event, out: list[Record]) -> None:
        call = self._generators.get(event[5])
        if call is None or call.since is not None:
            return  # thrown while running: an exception of its own
        for each in (*call.chain, call) if call.chain else (call,):
            if each.frame is None:  # it has ended since
                continue
            each.th = event[3]
            each.since = event[2]
            if each.frame[5] != event[4]:
                each.frame = each.frame._replace(ctx=event[4])
            self._stack(event[3]).append(each.frame)
            if self.pauses:
                self._note(each, event[2], "RESUME", out)
        call.chain = []

    def _pause(self, call: Suspendable, t: int, stage: str, out: list[Record]) -> None:
        call.pause(t)
        self._note(call, t, stage, out)

    def _note(self, call: Suspendable, t: int, stage: str, out: list[Record]) -> None:
        if self.pauses and call.frame is not None and self.records.pauses(call.frame):
            self.last_id += 1
            out.append(self.records.pause(self.last_id, call.frame, t, call.th, stage, self._task_of(call.frame)))

    def _delegate(self, event: Event, out: list[Record]) -> None:
        call = self._generators.get(event[5])
        if call is None:
            return
        if event[6]:
            call.delegating = True
        else:
            self._suspend(call, event, out)

    def _delegated(self, event: Event, out: list[Record]) -> None:
        call = self._generators.get(event[5])
        if call is not None:
            call.delegating = False
            self._resume(event, out)

    def _gen_end(self, event: Event, out: list[Record]) -> None:
        call = self._generators.get(event[5])
        if call is None or call.frame is None:
            self.unmatched += event[3] >= 0
            return
        call.pause(event[2])
        self._take_off(call, self._stack(call.th))
        finish = self._emit_end if event[0] == ev.GEN_END else self._emit_exception
        finish(call.frame, event[2], event[3], event[4], out)
        del self._generators[event[5]]
        call.frame = None  # no cycle: a program that looks for garbage finds none of ours

    # -- coroutines and async generators ----------------------------------------------------------------------

    def _coro_start(self, event: Event, out: list[Record]) -> None:
        th = event[3]
        if th < 0:
            return
        task = event[6]
        call = Suspendable(event[2], th, task)
        frame = self._open(event, call)
        self._coroutines[event[5]] = call
        self._emit_start(frame, th, 7, out)

    def _coro_end(self, event: Event, out: list[Record]) -> None:
        call = self._coroutines.get(event[5])
        if call is None or call.frame is None or call.ended:
            self.unmatched += event[3] >= 0
            return
        call.pause(event[2])
        call.waited = event[6] if len(event) > 6 else None
        finish = self._emit_end if event[0] == ev.CORO_END else self._emit_exception
        finish(call.frame, event[2], event[3], event[4], out)
        call.ended = True  # kept for contexts that still refer to it, until CORO_DROPPED

    def _coro_waits(self, event: Event, out: list[Record]) -> None:
        call = self._coroutines.get(event[4])
        if call is not None and not call.ended:
            call.th = event[3]
            self._note(call, event[2], "SUSPEND" if event[0] == ev.CORO_WAITS else "RESUME", out)

    def _coro_waited(self, event: Event, out: list[Record]) -> None:
        call = self._coroutines.get(event[1])
        if call is not None:
            call.waited = event[2]

    def _coro_dropped(self, event: Event, out: list[Record]) -> None:
        call = self._coroutines.pop(event[1], None)
        if call is not None:
            call.frame = None
        self._scopes.pop(event[1], None)

    def _agen_yield(self, event: Event, out: list[Record]) -> None:
        call = self._coroutines.get(event[5])
        if call is not None:
            call.yields += 1
            self._pause(call, event[2], "SUSPEND", out)

    def _agen_resume(self, event: Event, out: list[Record]) -> None:
        call = self._coroutines.get(event[5])
        if call is not None and call.since is None:
            call.since, call.th = event[2], event[3]
            self._note(call, event[2], "RESUME", out)


_new_frame = tuple.__new__  # what the class calls in the end; a third of its time
_FIRST_VALUE = {ev.START: 5, ev.GEN_START: 6, ev.CORO_START: 7, ev.ERROR_ONLY: 7}

"""A recorder's side of the injected functions: everything that ``live`` and ``suspending`` need at hand."""

from __future__ import annotations

import sys
from itertools import count
from types import GeneratorType

from ..assembly import OpenCall
from ..assembly.events import MUTED, THREAD
from ..compat import COUNTS_THREADS_AFTER_FORK
from ..context import LISTENERS, TraceContext, TraceParent, active
from ..natives import System
from ..values import RENDERING
from .coroutines import Coroutines
from .exceptions import Describer, Message, bound_now
from .greenlets import Greenlets
from .interrupted import ending_the_call
from .recorder import CHUNK, Recorder
from .waits import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import replace
    from types import CodeType, FrameType
    from typing import Any, Final, Protocol

    from .gate import Levels
else:
    from glimpse.light import Protocol, replace

__all__ = ["Probe", "Values"]

NO_ROOM: Final = ("<no room on the stack>",)
"""The text of a value for which the recursion limit left no frame."""


class _NoValuesOwn:
    """No value is of this class: what stands for ``int`` where integers must not wait for their text."""


class Values(Protocol):
    """How values are shown; see ``glimpse.values.Renderer``."""

    @property
    def defers(self) -> bool:
        """Whether numbers and strings may wait for their text."""

    def freeze(self, value: Any) -> Any:
        """An atom, or a text in a tuple of one."""

    def receiver(self, value: Any) -> str:
        """The name of a receiver's class."""

    def message(self, exc: BaseException, secrets: Sequence[object] = ()) -> str:
        """The text of an exception, without these values."""


class Probe:
    """Threads, coroutines and values for one recorder. ``namespace`` is what a slot is connected with.

    :param pauses: whether suspensions are entries (level DEBUG).
    """

    def __init__(
        self,
        recorder: Recorder,
        values: Values,
        *,
        pauses: bool = False,
        correlation_id: str | None = None,
        with_ids: bool = False,
    ) -> None:
        self.recorder = recorder
        self.values = values
        self.threads = recorder.muted
        self._numbers = count(1)
        self._local = System.Local()
        self.greenlets = Greenlets(self.threads)
        self.coroutines = Coroutines(recorder.events.append, self._thread, pauses=pauses)
        self.waits = Waits(self.coroutines, self._suspension, recorder.failed)
        self.describer = Describer()
        self._levels: Levels | None = None
        RENDERING.listeners.append(self._mute)
        self.correlation_id = correlation_id
        self._with_ids = with_ids
        self._before: tuple[Any, Any] | None = None
        self.renew(active())
        LISTENERS.append(self)

    def finish(self) -> None:
        """The functions are disconnected: what is left to say of calls that are open."""
        self.waits.close()
        self.greenlets.close()
        self.coroutines.finish()

    def close(self) -> None:
        """Nothing is recorded any more."""
        RENDERING.listeners.remove(self._mute)
        LISTENERS.remove(self)

    # -- scopes: see ``context.Listener`` ---------------------------------------------------------------------

    def enter(self, context: TraceContext) -> tuple[Any, Any]:
        """What is called from now on in the caller's context is in a scope."""
        trace_id, span_id, sampled = context.remote or (None, None, None)
        return self.coroutines.enter(context.correlation_id, trace_id, span_id, sampled)

    def leave(self, entered: tuple[Any, Any]) -> None:
        """It is no more; nor is what stands for it in a child that was forked within it."""
        if self._before is not None and self.coroutines.own() is self._before[0]:
            self.renew(active())
        else:
            self.coroutines.leave(entered)

    def renew(self, context: TraceContext) -> None:
        """The scope that recording began in, if any, is left for this one, if it is any."""
        if self._before is not None:
            self.coroutines.leave(self._before)
        scoped = context.correlation_id is not None or context.remote is not None
        self._before = self.enter(context) if scoped else None

    def watch(self, traces: Callable[[CodeType, FrameType | None], bool]) -> None:
        """Calls are recorded, from now on, of code that does not call the probe.

        :param traces: whether those of some code are, which a frame runs, if it is known.
        """
        self.describer.others.append(traces)
        RENDERING.watchers += 1

    def unwatch(self, traces: Callable[[CodeType, FrameType | None], bool]) -> None:
        """They are no more."""
        self.describer.others.remove(traces)
        RENDERING.watchers -= 1

    def is_busy(self) -> bool:
        """Whether this thread works for the recorder."""
        return self.threads.get(System.get_ident()) == MUTED

    def here(self) -> TraceParent | None:
        """The innermost call of this thread and context that is recorded with ids."""
        call = self._innermost()
        found = None if call is None else call.marks
        if found is not None and found.trace_id is not None and found.span_id is not None:
            return TraceParent(found.trace_id, found.span_id, True)
        level = self._levels.here() if self._with_ids and self._levels is not None else None
        if level is not None and level.calls and level.left_out:
            remote = active().remote
            return TraceParent(remote.trace_id if remote else System.urandom(16).hex(), System.urandom(8).hex(), False)
        return None

    def call_here(self) -> int | None:
        """The id of the innermost recorded call of this thread and context."""
        call = self._innermost()
        return None if call is None else call.call_id

    def _innermost(self) -> OpenCall | None:
        th = self.number_of(System.get_ident())
        return None if th == MUTED else self.recorder.innermost(th, self.coroutines.current())

    def number_of(self, ident: int) -> int:
        """The number of a thread; ``MUTED`` if it has none."""
        th = self.threads.get(ident)
        if th is None:  # it has forked, or is about to import greenlet, or has tried to, or it has none
            th = self.greenlets.expected.get(ident, {}).get("number", MUTED)
        return th

    def _mute(self, ident: int, begins: bool) -> None:
        """A value's own code runs on this thread, because of Glimpse: what it calls leaves no entries."""
        threads, rendering = self.threads, self.recorder.rendering
        if begins:
            number = threads.get(ident)
            rendering[ident] = self.new_thread() if number is None else number
            number = MUTED
        else:
            rendering.lately = True
            number = rendering.pop(ident, MUTED)
        threads[ident] = threads.mine.number = number

    def limited(self, depth: int | None, rate: float) -> dict[str, Any]:
        """What to add to ``namespace`` for a policy that limits depth, or for one beside such a policy.

        :param depth: the deepest call that is recorded.
        :param rate: the share of trees that are recorded, from 0 to 1.
        """
        from .gate import Gate, Levels

        if self._levels is None:
            self._levels = Levels(self.threads.mine)
        return Gate(self._levels, self.coroutines, depth, rate).namespace()

    def namespace(self, values: Values | None = None) -> dict[str, Any]:
        """The globals of connected functions, with the values of one policy."""
        values = values or self.values
        coroutines, describer = self.coroutines, self.describer
        freeze, receiver = values.freeze, values.receiver
        return {
            "append": self.recorder.events.append,
            "events": self.recorder.events,
            "now": System.perf_counter_ns,
            "get_ident": System.get_ident,
            "threads": self.threads,
            "mine": self.threads.mine,
            "new_thread": self.new_thread,
            "context": coroutines.current,
            "freeze": freeze,
            "receiver": receiver,
            "class_name": type.__dict__["__name__"].__get__,
            "drain_if_room": ending_the_call(
                self.recorder.drain_if_room, self.recorder.events.append, self._thread, values.message
            ),
            "NO_ROOM": NO_ROOM,
            "message": values.message,
            "describe": _describe_current(describer, values.message),
            "frame_at": sys._getframe,
            "start_coroutine": coroutines.start,
            "end_coroutine": coroutines.end,
            "yield_agen": coroutines.pause,
            "resume_agen": coroutines.go_on,
            "reports_yields": self._reports_yields,
            "watches": self.waits.watches,
            "opened": coroutines.open,
            "int": int if values.defers else _NoValuesOwn,
            "traced_depth": describer.depth,
            "bound_now": lambda key, frame: bound_now(key, frame, freeze, receiver),
            "pending": {},
            "CHUNK": CHUNK,
            "type": type,
            "len": len,
            "id": id,
        }

    def new_thread(self) -> int:
        """The number of this thread, or greenlet, which has none yet. It is given back when the thread ends."""
        waiting = self.greenlets.expected.get(System.get_ident(), {})
        ready = self.greenlets.watch()
        number = waiting.get("number")
        if number is None:
            number = self._begin_thread()
        if ready:
            self.threads.take_up(waiting)
            self.threads.give(number)
        else:
            waiting["number"] = number
        self.recorder.start_flusher()
        return number

    def _begin_thread(self) -> int:
        unused = self.greenlets.unused
        number = unused.pop() if unused else next(self._numbers)
        name = self._name_of_thread()
        ended = self._local.__dict__.setdefault("ended", _Ended(self, System.get_ident()))
        ended.numbers.add(number)
        self.recorder.events.append((THREAD, number, name))
        return number

    def _name_of_thread(self) -> str:
        get_ident = getattr(sys.modules.get("threading"), "get_ident", System.get_ident)
        if get_ident is System.get_ident:
            return _thread_name()
        self.threads.give(MUTED)  # one that the program has put there may itself be traced
        try:
            return _thread_name()
        finally:
            self.threads.take_back()

    def _thread(self) -> int:
        return self.threads.get(System.get_ident()) or self.new_thread()

    def _suspension(self, kind: int, frame: FrameType) -> None:
        event = (kind, None, System.perf_counter_ns(), self._thread(), self.coroutines.current(), id(frame))
        self.recorder.events.append(event)

    def after_fork_in_parent(self) -> None:
        """Have the flusher started: now, or by the next event if the program itself has no second thread.

        ``os.fork`` may count threads after this, and would warn of ours. Until that event, nothing waits to be written.
        """
        ident, idle = System.get_ident(), not self.recorder.waiting
        if COUNTS_THREADS_AFTER_FORK and idle and self.threads.keys() == {ident} and self.threads[ident] != MUTED:
            self.greenlets.expected[ident] = {"number": self.threads[ident]}
            self.threads.take_back()
        elif not (COUNTS_THREADS_AFTER_FORK and idle and not self.threads):
            self.recorder.start_flusher()

    def forget_threads(self, caller: TraceParent | None = None) -> None:
        """In a forked child: only the forking thread lives on, and its calls are the parent's.

        :param caller: the one of them that is to be the parent of the child's.
        """
        self.threads.clear()
        self.threads.take_back()
        for waiting in self.greenlets.expected.values():
            waiting.clear()
        self._local = System.Local()
        self.coroutines.forget()
        self._before = None
        self.renew(active() if caller is None else replace(active(), remote=caller))

    def _reports_yields(self, target: Any) -> bool:
        return type(target) is GeneratorType and self.describer.is_traced(target.gi_code)


def _thread_name() -> str:
    threading: Any = sys.modules.get("threading")
    if threading is None:
        return "MainThread"
    thread = threading._active.get(threading.get_ident())  # gevent's, if it has patched
    name = getattr(thread, "_name", None)  # a property of the program would run, and be traced
    return f"Thread-{System.get_ident()}" if name is None else str(name)


class _Ended:
    """Dies with its thread, whose ident may then be another's."""

    __slots__ = ("expected", "ident", "numbers", "threads")

    def __init__(self, probe: Probe, ident: int) -> None:
        self.threads, self.expected, self.ident = probe.threads, probe.greenlets.expected, ident
        self.numbers = {MUTED}

    def __del__(self) -> None:
        if self.threads.get(self.ident) in self.numbers:
            self.threads.pop(self.ident, None)
        if self.expected.get(self.ident, {}).get("number") in self.numbers:
            self.expected.pop(self.ident, None)


def _describe_current(describer: Describer, message: Message) -> Callable[[str, FrameType], Any]:
    exc_info, describe = sys.exc_info, describer.describe

    def described(key: str, frame: FrameType) -> Any:
        try:
            exc = exc_info()[1]
            assert exc is not None
            return describe(key, frame, exc, message)
        except Exception as error:
            return type(error).__name__, "", None, None

    return described

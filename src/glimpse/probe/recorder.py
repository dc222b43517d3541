"""The buffer between traced code and a writer, and the drain that empties it.

One list takes the events of all threads. Whoever fills it drains it, on the spot: handing the work to a thread costs
more in changes of thread than it saves. A thread drains by time, so nothing stays in memory for longer than the flush
interval; it is not among ``threading.enumerate()`` and does not exist while the process forks.

Writers that fail are tried again, with growing pauses; what waits is bounded, and what is dropped is counted.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ..assembly import OpenCall, Origin
from ..assembly.events import MUTED, Event
from .sinks import ENOUGH, Batch, Sink

__all__ = ["CHUNK", "Recorder"]

CHUNK: Final = 256
"""Events after which the buffer is drained. Beyond 512, memory is cold: at 2,048 encoding costs twice as much."""

_now: Final = time.perf_counter_ns
_FRAMES_OF_A_DRAIN: Final = 40
_FIRST_PAUSE_NS: Final = 100_000_000
_LONGEST_PAUSE_NS: Final = 30_000_000_000


class Threads(dict[int, int]):
    """The number of each thread, by its ident, and the same where a thread finds its own: ``mine.number``."""

    def __init__(self) -> None:
        super().__init__()
        self.mine: Any = _thread._local()

    def give(self, number: int) -> None:
        """This is the number of the thread that runs."""
        self[_thread.get_ident()] = self.mine.number = number

    def take_back(self) -> None:
        """It has none."""
        self.pop(_thread.get_ident(), None)
        self.mine.__dict__.pop("number", None)


class Recorder:
    """Takes events and gives them to a sink.

    :param sink: where events go.
    :param flush_interval: seconds after which events are written even if the buffer is not full.
    :param buffer_size: how many events, and assembled batches' entries, may wait.
    :param overflow: ``block`` the traced program, or ``drop`` and count, when that many wait.
    :param warn: told the first failure of each kind, once.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        flush_interval: float = 0.2,
        buffer_size: int = 100_000,
        overflow: str = "block",
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.sink = sink
        self.flush_interval = flush_interval
        self.buffer_size = buffer_size
        self.blocks = overflow == "block"
        self.events: list[Event] = []
        self.counts = {"recorded": 0, "written": 0, "dropped": 0, "bytes": 0, "errors": 0, "high_water": 0}
        self.last_error: str | None = None
        self.muted = Threads()
        self._warn = warn or _warn_on_stderr
        self._warned = False
        self._lock = _thread.allocate_lock()
        self._taking = _thread.allocate_lock()  # held while events become batches, not while these are written
        self._holder = 0
        self._taker = 0
        self._waiting: deque[Batch] = deque()
        self._oldest = 0  # when the first of these came
        self._interval_ns = flush_interval * 1e9
        self._pause = _FIRST_PAUSE_NS
        self._retry_at = 0
        self._stop: Any = None
        self._stopped: Any = None
        self.closed = False

    # -- from traced code -------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Empty the buffer if nobody else is at it. Never raises, never waits but for a full buffer in mode block."""
        if self._lock.acquire(False):
            try:
                self._locked(self._drain_full)
            finally:
                self._lock.release()
        elif len(self.events) > self.buffer_size and self._holder != _thread.get_ident():
            self._overflow()

    def drain_if_room(self) -> None:
        """The same, unless the recursion limit is near: then whoever comes next does it."""
        try:
            _descend(_FRAMES_OF_A_DRAIN)
            self.drain()
        except RecursionError:
            pass

    def _overflow(self) -> None:
        if self.blocks:
            with self._lock:
                self._locked(self._drain)
        else:
            self._drop()

    def _drop(self) -> None:
        lost = len(self.events) // 2
        del self.events[:lost]
        self.counts["dropped"] += lost

    # -- flushing ---------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything recorded so far, waiting for it."""
        if self._holder == _thread.get_ident():
            return  # from a signal handler that came in while this thread was draining
        with self._lock:
            self._locked(self._flush)

    def _flush(self) -> None:
        self._drain_all(now=True)
        self._guard(self.sink.writer.flush)

    def close(self) -> None:
        """Write everything, end the calls that are open, and close the writer."""
        if self.closed:
            return
        self.closed = True
        self.stop_flusher()
        with self._lock:
            self._locked(self._finish)

    def _finish(self) -> None:
        self._drain(now=True)
        self._guard(lambda: self._put(self.sink.finish(_now())))
        self._drain(now=True)
        lost = sum(batch.entries for batch in self._waiting)
        if lost:
            self.counts["dropped"] += lost
            self._tell(f"{lost} entries could not be written")
        self._guard(self.sink.writer.close)

    def _locked(self, work: Callable[[], Any]) -> None:
        """Run ``work``, which holds the lock, with this thread muted: what runs because of Glimpse leaves no entry."""
        ident = self._holder = _thread.get_ident()
        threads = self.muted
        before = threads.get(ident)
        threads.give(MUTED)
        try:
            work()
        except Exception as error:  # a defect of ours must not reach the traced program
            self._failed(error)
        finally:
            if before is None:
                threads.take_back()
            else:
                threads.give(before)
            self._holder = 0

    def _drain_full(self) -> None:
        """What a full buffer needs: bytes wait for more of them, but not for longer than the flush interval."""
        if self.events:
            self._taken()
        if self._waiting and (
            len(self._waiting) > 1 or self._waiting[0].size >= ENOUGH or _now() - self._oldest > self._interval_ns
        ):
            self._write(False)

    def _drain(self, now: bool = False) -> None:
        if self.events:
            self._taken()
        if self._waiting:
            self._write(now)

    def _drain_all(self, now: bool = False) -> None:
        """The same, with what the sink has held back."""
        self._taken(lambda: self._put(self.sink.held()))
        if self._waiting:
            self._write(now)

    def _taken(self, then: Callable[[], Any] | None = None) -> Any:
        """Assemble what is in the buffer, and then do this. Not if this very thread is at it, below on its stack."""
        ident = _thread.get_ident()
        if self._taker == ident:
            return None
        with self._taking:
            self._taker = ident
            try:
                self._take()
                return None if then is None else then()
            finally:
                self._taker = 0

    def _take(self) -> None:
        events = self.events
        count = len(events)
        self.counts["high_water"] = max(self.counts["high_water"], count)
        chunk = events[:count]
        del events[:count]
        self.counts["recorded"] += count
        if chunk:
            self._put(self.sink.assemble(chunk))

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """The innermost open call of a thread and context, once everything recorded is assembled. Writes nothing."""
        found: OpenCall | None = self._taken(lambda: self.sink.innermost(th, ctx))
        return found

    def _put(self, batch: Batch | None) -> None:
        if batch is None or (self._waiting and self._waiting[-1].absorb(batch)):
            return
        if not self._waiting:
            self._oldest = _now()
        self._waiting.append(batch)

    def _write(self, now: bool) -> None:
        if self._retry_at and not now and _now() < self._retry_at:
            self._bound()
            return
        while self._waiting:
            batch = self._waiting[0]
            before = batch.entries
            try:
                self.counts["bytes"] += batch.write()
            except Exception as error:
                self.counts["written"] += before - batch.entries
                self._failed(error)
                self._retry_at = _now() + self._pause
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_NS)
                self._bound()
                return
            self._waiting.popleft()
            self.counts["written"] += before
            self._retry_at, self._pause = 0, _FIRST_PAUSE_NS

    def _bound(self) -> None:
        waiting = sum(batch.entries for batch in list(self._waiting))
        while waiting > self.buffer_size and len(self._waiting) > 1:
            lost = self._waiting.popleft().entries
            waiting -= lost
            self.counts["dropped"] += lost

    def _guard(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:
            self._failed(error)

    def failed(self, error: Exception) -> None:
        """Something of ours failed in the middle of the program: counted."""
        self.counts["errors"] += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def _failed(self, error: Exception) -> None:
        self.failed(error)
        self._tell(f"cannot write entries: {self.last_error}; trying again")

    def _tell(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(text)

    # -- the flusher thread -----------------------------------------------------------------------------------

    def start_flusher(self) -> None:
        """Start the thread that drains by time, unless it runs."""
        if self._stop is None and not self.closed and self.flush_interval > 0:
            self._stop, self._stopped = _thread.allocate_lock(), _thread.allocate_lock()
            self._stop.acquire()
            self._stopped.acquire()
            try:
                _thread.start_new_thread(self._run, (self._stop, self._stopped))
            except RuntimeError:  # the interpreter is ending: what is recorded from here on is written at the close
                self._stop = None

    def stop_flusher(self) -> None:
        """Stop it and wait until it has gone."""
        stop, stopped, self._stop = self._stop, self._stopped, None
        if stop is not None:
            stop.release()
            stopped.acquire(True, 5)

    def _run(self, stop: Any, stopped: Any) -> None:
        self.muted.give(MUTED)
        try:
            while not stop.acquire(True, self.flush_interval):
                if self._lock.acquire(False):
                    try:
                        self._locked(self._drain_all)
                    finally:
                        self._lock.release()
        finally:
            self.muted.take_back()
            stopped.release()

    # -- forks ------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """In the parent: nothing of ours may run, and nothing be half-written, while the process is copied."""
        self.stop_flusher()
        self._lock.acquire()
        self._locked(self._prepare_fork)

    def _prepare_fork(self) -> None:
        self._drain_all()
        self._guard(self.sink.writer.before_fork)

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        self._lock.release()
        self.start_flusher()

    def after_fork_in_child(self, origin: Origin) -> None:
        """A process of its own: the parent writes what was recorded before."""
        self._lock, self._taking = _thread.allocate_lock(), _thread.allocate_lock()
        self._holder = self._taker = 0
        del self.events[:]
        self._waiting.clear()
        self.counts = dict.fromkeys(self.counts, 0)
        self._guard(self.sink.writer.after_fork)
        self.sink.after_fork(origin)


def _descend(levels: int) -> None:
    if levels:
        _descend(levels - 1)


def _warn_on_stderr(text: str) -> None:
    if sys.stderr is not None:
        os.write(2, f"glimpse: {text}\n".encode("utf-8", "backslashreplace"))

"""The buffer between traced code and a writer, and the drain that empties it.

One list takes the events of all threads. For files, whoever fills it drains it, on the spot: handing the work to a
thread costs more in changes of thread than it saves. Where a writer may wait for something else than this machine, or
traced code is never to wait, the flusher drains it. It also drains by time, so nothing stays in memory for longer than
the flush interval.

Writers that fail are tried again, with growing pauses; what waits is bounded, and what is dropped is counted.

A signal's handler may raise between any two instructions of the main thread, in the middle of a drain too. The
exception is the program's; the drain goes on where it was when it is called again.
"""

from __future__ import annotations

from ..assembly import OpenCall, Origin, is_from_handler
from ..assembly.events import MUTED, Event
from ..encoder import JSON
from ..natives import System
from .flusher import Flusher
from .intake import Intake
from .outbox import Outbox
from .sinks import Sink
from .telling import Teller
from .threads import Threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["CHUNK", "Recorder"]

CHUNK: Final = 1024
"""Events after which the buffer is drained.

Of fewer, the drain's own code is cold each time, in a program that does much between its calls; of more, memory is. At
256, an application's lines took 1.12 to 1.2 times as long, and at 2,048 those of tiny functions 1.2 times.
"""

_MOST_AT_ONCE: Final = 4096
"""Events that the flusher takes at once: more would hold up the program's threads, which need the same interpreter."""

_FRAMES_OF_A_DRAIN: Final = 40
_A_MOMENT_S: Final = 0.0005
_HURRIES: Final = 8  # tries to have it loaded: it is not while the program imports something
_AT_ONCE: Final = ((False,),)
_FOREVER: Final = ((True,),)
_A_WHILE: Final = ((True,), (5.0,))
_LONGEST_WAIT_NS: Final = 5_000_000_000
_TRIES_TO_CLOSE: Final = 5
_COUNTS: Final = ("recorded", "written", "dropped", "bytes", "errors", "high_water")


class Recorder:
    """Takes events and gives them to a sink.

    :param sink: where events go.
    :param flush_interval: seconds after which events are written even if the buffer is not full.
    :param buffer_size: how many events, and assembled batches' entries, may wait.
    :param overflow: ``block`` the traced program, or ``drop`` and count, when that many wait.
    :param background: let the flusher do all the writing.
    :param warn: told one line for each kind of trouble.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        flush_interval: float = 0.2,
        buffer_size: int = 100_000,
        overflow: str = "block",
        background: bool = False,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.sink = sink
        self.flush_interval = flush_interval
        self._interval_ns = int(flush_interval * 1e9)
        self.buffer_size = buffer_size
        self.blocks = overflow == "block"
        self.events: list[Event] = []
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.last_error: str | None = None
        self.muted = Threads()
        self.drain: Callable[[], None] = self._hand_over if background else self._drain_here
        """Called with a full buffer. Never raises; waits for the writer, but not in mode drop, and for turns."""
        self.drain_if_room: Callable[[], None] = self._hand_over if background else self._drain_here_if_room
        """The same, unless the recursion limit is near: then whoever comes next does it."""
        self._flusher = Flusher(self._drain_by_time, flush_interval, imports=background)
        self._teller = Teller(warn)
        self._lock = System.allocate_lock()
        self._busy: dict[int, bool] = {}  # the threads that hold the lock or are about to
        self._outbox = Outbox(buffer_size, self.counts, self._failed, self._could_not)
        most = _MOST_AT_ONCE if background else buffer_size
        self._intake = Intake(self.events, sink, self._outbox, self.counts, most, self._failed, self._lose)
        self.rendering = self._intake.rendering
        self._fork_held = False
        self._hurries = _HURRIES
        self._afterwards: list[tuple[int, Callable[[], Any]]] = []
        self._finished = False
        self._closer = 0
        self.closed = False

    @property
    def waiting(self) -> int:
        """How many events and entries are still to be written."""
        return len(self.events) + self._outbox.entries

    # -- from traced code -------------------------------------------------------------------------------------

    def _drain_here(self) -> None:
        """Empty the buffer if nobody else is at it."""
        if self._hurries and JSON.is_built_in:  # so much is recorded that orjson is worth loading now
            self._hurries -= 1
            self._flusher.wake()
        if not self._under_lock(self._drain_full, _AT_ONCE) and len(self.events) > self.buffer_size:
            self._overflow()

    def _drain_here_if_room(self) -> None:
        if self._lock.locked() and len(self.events) <= self.buffer_size:
            self._intake.give_way()  # all that is called while another thread drains comes through here
            return
        try:
            _descend(_FRAMES_OF_A_DRAIN)
            self._drain_here()
        except RecursionError:
            pass

    def _hand_over(self) -> None:
        if not self._flusher.runs:
            self._drain_here()
            return
        self._flusher.wake()
        if len(self.events) > self.buffer_size:
            self._overflow()

    def _overflow(self) -> None:
        if self._busy_here():
            return  # from a handler of a signal, or a value's own code, within a drain
        if self.blocks:
            while len(self.events) > self.buffer_size and not self.closed:
                self._under_lock(self._drain if not self._flusher.runs else _nothing, _FOREVER)
                self._flusher.wake()
                System.sleep(_A_MOMENT_S)
        else:
            self._intake.make_room()

    def _lose(self, entries: int, why: str) -> None:
        self.counts["dropped"] += entries
        self._teller.tell(("dropped", why), f"entries are dropped: {why}; tracer.stats() counts them")

    def _could_not(self, entries: int) -> None:
        self._intake.lose(entries, f"they could not be written: {self.last_error}")

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """The innermost open call of a thread and context, once everything recorded is assembled. Writes nothing."""
        try:
            return self._intake.innermost(th, ctx)
        finally:
            self._do_what_waited()

    # -- flushing ---------------------------------------------------------------------------------------------

    def start_flusher(self) -> None:
        """Start the thread that drains by time, unless it runs."""
        if not self.closed:
            self._flusher.start()

    def flush(self) -> None:
        """Write everything recorded so far, waiting for it."""
        if not self._busy_here():  # else from a signal's handler, within a drain
            self._under_lock(self._flush, _FOREVER)

    def _flush(self) -> None:
        self._drain_all(now=True)
        self._guard(self.sink.writer.flush)
        self._tell_trouble()

    def close(self) -> None:
        """Write everything, end the calls that are open, and close the writer.

        In mode drop it does not wait for longer than some seconds for a writer that does not come back. Another thread
        that closes it meanwhile waits as long for that.
        """
        here = System.get_ident()
        if not self.closed:
            self.closed, self._closer = True, here
            if self._busy_here():
                self._afterwards.append((here, self._close_whatever_comes))
            else:
                self._close_whatever_comes()
        elif self._closer != here:
            deadline = System.perf_counter_ns() + _LONGEST_WAIT_NS
            while self._closer and System.perf_counter_ns() < deadline:
                System.sleep(_A_MOMENT_S)

    def _close_whatever_comes(self) -> None:
        interruption: BaseException | None = None
        for _ in range(_TRIES_TO_CLOSE):
            try:
                self._close()
                break
            except BaseException as error:  # a handler of a signal raised, as Ctrl-C does: finish first
                interruption = error
        self._closer = 0
        self._do_what_waited()
        if interruption is not None:
            raise interruption

    def _close(self) -> None:
        self._flusher.stop()
        if not self._under_lock(self._finish, _FOREVER if self.blocks else _A_WHILE):
            self.counts["dropped"] += self.waiting
            self._teller.tell("close", f"{self.waiting} entries could not be written: the writer does not come back")

    def _finish(self) -> None:
        self._drain_all(now=True)
        if not self._finished:
            self._finished = True
            self._guard(self._intake.end_calls)
        self._drain_all(now=True)
        self._guard(self.sink.writer.close, "closing the destination")
        self._tell_trouble()
        if self._outbox:
            self.counts["dropped"] += self._outbox.entries
            self._teller.tell("close", f"{self._outbox.entries} entries could not be written: {self.last_error}")
            self._outbox.clear()

    def _under_lock(self, work: Callable[[], Any], wait: Any) -> bool:
        """Do it under the lock. Whether the lock was to be had.

        :param wait: the arguments of the lock's ``acquire``.
        """
        held: list[bool] = []
        if self._busy_here():
            return False
        here = System.get_ident()
        self._busy[here] = True
        try:
            held.extend(map(self._lock.acquire, *wait))  # in one step: no handler of a signal comes between
            if held[0]:
                self._locked(work)
        finally:
            try:
                if held and held[0]:
                    self._lock.release()
            finally:
                self._busy.pop(here, None)
                self._do_what_waited()
        return held[0]

    def _do_what_waited(self) -> None:
        here = System.get_ident()
        for asked in [each for each in self._afterwards if each[0] == here]:
            self._afterwards.remove(asked)
            asked[1]()

    def _busy_here(self) -> bool:
        return System.get_ident() in self._busy or self._intake.busy_here

    def when_idle(self, work: Callable[[], Any]) -> None:
        """Do it now, or after the drain, or the end, that this thread is in the middle of: a signal may ask for it."""
        here = System.get_ident()
        if self._closer == here or self._busy_here():
            self._afterwards.append((here, work))
        else:
            work()

    def _locked(self, work: Callable[[], Any]) -> None:
        """Run ``work``, which holds the lock, with this thread muted: what runs because of Glimpse leaves no entry."""
        ident, threads = System.get_ident(), self.muted
        before = threads.get(ident)
        # without calls, here and below: a signal's handler may come in one, and a muted thread records nothing
        threads[ident] = threads.mine.number = MUTED
        try:
            work()
        except BaseException as error:
            if is_from_handler(error):
                raise
            self._failed(error)  # a defect of ours must not reach the traced program
        finally:
            if before is None:
                del threads[ident], threads.mine.number
            else:
                threads[ident] = threads.mine.number = before

    def _drain_by_time(self) -> None:
        JSON.load_in_thread()
        self._under_lock(self._drain_and_tell, _AT_ONCE)

    def _drain_and_tell(self) -> None:
        self._drain_all()
        if self._tell_trouble():
            self._guard(self.sink.writer.flush)  # what waits there may be sent by now

    def _drain_all(self, now: bool = False) -> None:
        """Take, assemble and write everything, with what the sink has held back."""
        self._take_all(now)
        self._intake.take_held()
        self._outbox.write(now)

    def _drain_full(self) -> None:
        """What a full buffer needs: bytes wait for more of them, but not for longer than the flush interval."""
        self._take_all(False)
        self._outbox.write_full(self._interval_ns)

    def _drain(self, now: bool = False) -> None:
        self._take_all(now)
        self._outbox.write(now)

    def _take_all(self, now: bool) -> None:
        left = len(self.events)
        while left > 0 or self._intake.unfinished:
            resumed = self._intake.unfinished
            taken, _ = self._intake.take()
            if not (taken or resumed):
                break
            left -= taken
            if left > 0:
                self._outbox.write(now)

    def _guard(self, work: Callable[[], Any], what: str = "") -> None:
        try:
            work()
        except Exception as error:
            if is_from_handler(error):
                raise
            self._failed(error, what)

    def failed(self, error: BaseException) -> None:
        """Something of ours failed in the middle of the program: counted."""
        self.counts["errors"] += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def _failed(self, error: BaseException, what: str = "") -> None:
        self.failed(error)
        said = f"{what}: {self.last_error}" if what else f"cannot write entries: {self.last_error}; trying again"
        self._teller.tell((what, type(error)), said)

    def _tell_trouble(self) -> bool:
        """Say what is wrong with the writer although nothing is lost; whether anything is."""
        trouble = getattr(self.sink.writer, "trouble", None)
        if trouble is not None:
            self._teller.tell("trouble", trouble)
        return trouble is not None

    # -- forks ------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """In the parent: nothing of ours may run, and nothing be half-written, while the process is copied."""
        self._flusher.stop()
        self._busy[System.get_ident()] = True
        self._fork_held = self._lock.acquire(True, 5.0)
        if self._fork_held:  # else a writer does not come back, which must not keep the program from forking
            self._locked(self._prepare_fork)

    def _prepare_fork(self) -> None:
        self._drain_all()
        self._guard(self.sink.writer.before_fork)

    def after_fork_in_parent(self) -> None:
        """Go on as before, but for the flusher, which is still to be started."""
        if self._fork_held:
            self._lock.release()
        self._busy.pop(System.get_ident(), None)
        self._do_what_waited()

    def after_fork_in_child(self, origin: Origin) -> None:
        """A process of its own: the parent writes what was recorded before."""
        self._lock = System.allocate_lock()
        self._busy.clear()
        self._flusher = self._flusher.renewed()
        self._outbox.clear()
        self._intake.forget()
        self.counts.update(dict.fromkeys(_COUNTS, 0))
        self.last_error = None
        self._guard(self.sink.writer.after_fork)
        self.sink.after_fork(origin)


def _descend(levels: int) -> None:
    if levels:
        _descend(levels - 1)


def _nothing() -> None:
    """For who only waits for the lock."""

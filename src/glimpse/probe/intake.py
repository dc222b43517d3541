"""From the buffer to batches: events are taken off, or left out where there is no room, and assembled.

It can be gone on with wherever a signal's handler ended it by an exception: what has been taken is kept until it is in
the outbox. Nothing here waits for a writer.
"""

from __future__ import annotations

from ..assembly import OpenCall, is_from_handler
from ..assembly.events import MUTED, Event
from ..natives import System
from .batches import Batch
from .dropping import dropped_events, thinned
from .outbox import Outbox
from .sinks import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["Intake"]

_DROPPED_AT_ONCE: Final = 256
"""Events: the call that makes room waits for it, so it should take no longer than other calls' work does."""
_TURN_S: Final = 0.001
"""As long as it takes to drain: of 0.05 ms, others that have slept come before the thread that waits for its turn."""
_CALLS_OF_A_TURN: Final = 32
_LEAST_OF_THREAD: Final = 4  # events of what runs on a thread have its number in the fourth place


class Rendering(dict[int, int]):
    """The threads that make the text of a value now, by their idents, and their numbers otherwise.

    What runs on them meanwhile is muted: its events leave no entries, and may hold secrets that the text does not.
    So they must not reach a writer that takes events as they are.
    """

    __slots__ = ("lately",)

    def __init__(self) -> None:
        self.lately = False
        """Whether there may be such events in the buffer though no text is being made."""

    def first(self, events: list[Event], count: int) -> tuple[list[Event], list[Event]]:
        """The first events of the buffer: all, and those that are not muted.

        Other threads go on meanwhile. A muted event that is among the first was there when they were copied, so its
        thread is making a text now, or has ended it before the copy or since.
        """
        lately, self.lately = self.lately, False
        taken = events[:count]
        if not lately and not self.lately and not self:
            return taken, taken
        if count < len(events):
            self.lately = True
        return taken, [event for event in taken if len(event) < _LEAST_OF_THREAD or event[3] != MUTED]


class Intake:
    """Takes events off a buffer that any thread appends to.

    :param events: the buffer.
    :param sink: makes batches.
    :param outbox: where they go.
    :param counts: where ``recorded`` and ``high_water`` are counted.
    :param most: how many events are made into one batch.
    :param failed: told what the sink raised.
    :param lost: told how many entries are lost, and why.
    """

    def __init__(
        self,
        events: list[Event],
        sink: Sink,
        outbox: Outbox,
        counts: dict[str, int],
        most: int,
        failed: Callable[[Exception], None],
        lost: Callable[[int, str], None],
    ) -> None:
        self._events, self._sink, self._outbox, self._counts, self._most = events, sink, outbox, counts, most
        self._failed, self._tell_lost = failed, lost
        self.rendering = Rendering()
        self.forget()

    def forget(self) -> None:
        """Begin anew, in a forked child."""
        del self._events[:]
        self._taking = System.allocate_lock()  # held while events become batches
        self._trimming = System.allocate_lock()  # held while events are taken off
        self._taker = self._trimmer = 0
        self._chunk: list[Event] | None = None
        self._taken: list[Event] = []
        self._made: Batch | None = None
        self._holding = False
        self._lost = 0
        self._lost_why = ""
        self._passed = 0

    @property
    def busy_here(self) -> bool:
        """Whether this thread is in the middle of something here: it runs a signal's handler, or a finalizer."""
        return System.get_ident() in (self._taker, self._trimmer)

    @property
    def unfinished(self) -> bool:
        """Whether something is to be done though the buffer may be empty."""
        return self._chunk is not None or self._made is not None or (self._lost > 0 and not self._outbox)

    def give_way(self) -> None:
        """Let another thread that drains go on, if it may want the interpreter, for a call that finds it at work.

        Else it has a turn only after all others had theirs, of 5 ms each, and they fill the buffer meanwhile: memory
        that is no longer in the cache when it is drained. While it writes, it may wait for a disk or for its turn: so
        calls go on then, but some stand back.
        """
        self._passed += 1
        if (self._taker or self._passed % _CALLS_OF_A_TURN == 0) and not self.busy_here:
            System.sleep(_TURN_S)

    def take(self, then: Callable[[], Any] | None = None) -> tuple[int, Any]:
        """Make a batch of events, to be written, and then do this. How many were taken, and what this gave.

        Nothing is done, and None given, if this very thread is at it, below on its stack.
        """
        if self.busy_here:
            return 0, None
        with self._taking:
            self._taker = System.get_ident()
            try:
                if self._holding:
                    self._hold_no_more()  # first what came first
                taken = self._take_off()
                self._assemble()
                return taken, None if then is None else then()
            finally:
                self._taker = 0

    def innermost(self, th: int, ctx: int | None) -> OpenCall | None:
        """The innermost open call, once everything recorded is assembled."""
        while len(self._events) > self._most and self.take()[0]:
            pass
        found: OpenCall | None = self.take(lambda: self._sink.innermost(th, ctx))[1]
        return found

    def take_held(self) -> None:
        """Let what the sink has held back be written."""
        self.take(self._hold_no_more)

    def _hold_no_more(self) -> None:
        if self._made is None:
            self._holding = True
            self._made = self._sink.held()
            self._holding = False
        self._assemble()

    def end_calls(self) -> None:
        """Recording is over: end the calls that are open."""
        self._made = self._sink.finish(System.perf_counter_ns())

    def lose(self, entries: int, why: str) -> None:
        """Count entries that are lost; the next batch says so."""
        self._lost += entries
        self._lost_why = why
        self._tell_lost(entries, why)

    def make_room(self) -> None:
        """Leave out whole calls, the oldest first; if they are all open, the oldest events."""
        with self._trimming:
            self._trimmer = System.get_ident()
            try:
                lost = self._leave_out()
            finally:
                self._trimmer = 0
        self._counts["recorded"] += lost
        self.lose(lost, "they came faster than they could be written")

    def _leave_out(self) -> int:
        events = self._events
        size = _DROPPED_AT_ONCE
        self._counts["high_water"] = max(self._counts["high_water"], len(events))
        while True:
            kept, lost = thinned(events[:size])
            if len(kept) <= size // 2:
                events[:size] = kept
                return lost
            if size >= len(events):
                lost = len(events) // 2
                del events[:lost]
                return lost
            size *= 2

    def _take_off(self) -> int:
        """Take events off, unless some have been taken that are not assembled yet. How many."""
        events = self._events
        with self._trimming:
            if self._chunk is None and self._made is None:
                count = min(len(events), self._most)
                self._counts["high_water"] = max(self._counts["high_water"], len(events))
                self._counts["recorded"] += count
                lost = self._lost if not self._outbox else 0
                missing = dropped_events(lost, self._lost_why, System.perf_counter_ns()) if lost else []
                self._taken, seen = self.rendering.first(events, count)
                self._chunk = [*missing, *seen] if missing else seen
                self._lost -= lost
            taken = len(self._taken)
            if taken and events and events[0] is self._taken[0]:
                del events[:taken]
            self._taken = []
        return taken

    def _assemble(self) -> None:
        if self._chunk:
            try:
                self._made = self._sink.assemble(self._chunk)
            except Exception as error:
                if is_from_handler(error):
                    raise
                self.lose(len(self._chunk), f"{type(error).__name__}: {error}")
                self._failed(error)
        self._chunk = None
        if self._made is not None:
            self._outbox.put(self._made)
            self._made = None

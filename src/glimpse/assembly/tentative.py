"""What the loop that makes lines changes beyond a thread's stack: taken back if a signal's handler raises meanwhile."""

from __future__ import annotations

from .calls import Frame, Suspendable
from .events import EXCEPTION, GEN_EXCEPTION, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Tentative"]

_Calls = dict[int, Suspendable]


class Tentative:
    """Changes of generators and coroutines.

    :param generators: those that are open, by their frames, and ``coroutines``: by their numbers.
    :param scopes: those that some context may refer to.
    """

    def __init__(self, generators: _Calls, coroutines: _Calls, scopes: dict[int, Any]) -> None:
        self._generators, self._coroutines, self._scopes = generators, coroutines, scopes
        self._changed: list[tuple[dict[int, Any], int, Any]] = []
        self._gone: list[Suspendable] = []
        self._passed: list[tuple[Suspendable, tuple[Any, ...]]] = []
        self._ended: dict[int, tuple[Suspendable, int, int | None]] = {}
        """Coroutines that have ended, by their numbers. Nobody looks whether they have until this is kept."""

    def begin_generator(self, event: Event, call: Any, frame: Any) -> Frame:
        """One begins; gives its frame."""
        call.frame = found = _new_frame(Frame, frame)
        self._changed.append((self._generators, event[5], self._generators.get(event[5])))
        self._generators[event[5]] = call
        return found

    def begin_coroutine(self, event: Event, call: Any, frame: Any) -> None:
        """One begins."""
        call.frame = _new_frame(Frame, frame)
        self._changed.append((self._coroutines, event[5], self._coroutines.get(event[5])))
        self._coroutines[event[5]] = call
        self._ended.pop(event[5], None)

    def passes(self, call: Suspendable) -> None:
        """A generator is about to yield or go on."""
        self._passed.append((call, (call.active, call.since, call.yields, call.th)))

    def ending(self, event: Event, stack: list[Any]) -> tuple[Any, Suspendable | None] | None:
        """The call that an event ends, if it is where it should be."""
        kind, key = event[0], event[1]
        if kind == EXCEPTION:
            frame = stack[-1] if stack else None
            usual = frame is not None and frame[8] is None and (key is None or key == frame[3])
            return (frame, None) if usual else None
        generator = kind <= GEN_EXCEPTION
        call = (self._generators if generator else self._coroutines).get(event[5])
        if call is None or call.frame is None or call.ended:
            return None
        if generator:
            usual = bool(stack) and stack[-1][8] is call and call.th == event[3]
        else:
            usual = event[5] not in self._ended
        return (call.frame, call) if usual else None

    def end(self, event: Event, call: Suspendable | None, stack: list[Any]) -> None:
        """It ends."""
        if event[0] > GEN_EXCEPTION and call is not None:
            self._ended[event[5]] = call, event[2], event[6] if len(event) > 6 else None
            return
        del stack[-1]
        if call is not None:
            self._changed.append((self._generators, event[5], call))
            del self._generators[event[5]]
            self._gone.append(call)

    def drop(self, event: Event) -> None:
        """Nothing refers to a coroutine or a scope any more."""
        number = event[1]
        if number in self._coroutines:
            self._gone.append(self._coroutines[number])
        for table in self._coroutines, self._scopes:
            if number in table:
                self._changed.append((table, number, table.pop(number)))

    def keep(self) -> None:
        """Nothing is to be taken back."""
        for call, t, waited in self._ended.values():
            call.pause(t)
            call.waited, call.ended = waited, True
        for call in self._gone:
            call.frame = None  # no cycle: a program that looks for garbage finds none of ours

    def go_back(self) -> None:
        """All is as it was."""
        for call, (active, since, yields, th) in reversed(self._passed):
            call.active, call.since, call.yields, call.th = active, since, yields, th
        for table, key, before in reversed(self._changed):
            if before is None:
                table.pop(key, None)
            else:
                table[key] = before


_new_frame = tuple.__new__

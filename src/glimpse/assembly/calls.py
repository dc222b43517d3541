"""Calls that are open: what the assembler remembers between a START and its end."""

from __future__ import annotations

from .events import GEN_START, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from .ids import Marks
else:
    from glimpse.light import NamedTuple

__all__ = ["Frame", "OpenCall", "Suspendable"]


class Frame(NamedTuple):
    """One open call: an entry of its thread's stack, or of the table of coroutines.

    Read by position: on the hot path a bare tuple of the same items stands in for it.
    """

    call_id: int
    parent_id: int | None
    depth: int
    key: str
    started: int
    ctx: int | None
    event: Event
    marks: Marks | None = None
    call: Suspendable | None = None
    inside: Any = None  # what the records made of the calls within it have in common,
    shared: Any = None  # and those made of itself, see ``Records.opened``; None where none are made

    def __deepcopy__(self, memo: dict[int, Any]) -> Frame:
        """One that shares all that never changes."""
        if self.call is None:
            return self
        from copy import deepcopy

        return self._replace(call=deepcopy(self.call, memo))


class OpenCall(NamedTuple):
    """What can be told of a call while it is open: its id, and what its entries say of traces."""

    call_id: int
    marks: Marks | None


class Suspendable:
    """What a generator, a coroutine or an async generator has beyond its frame: it is not always running."""

    __slots__ = ("active", "chain", "delegating", "ended", "frame", "since", "task", "th", "waited", "yields")

    def __init__(self, started: int, th: int, task: str | None = None) -> None:
        self.frame: Frame | None = None
        self.th = th
        self.task = task
        self.since: int | None = started  # None while suspended
        self.active = 0
        self.waited: int | None = None  # nanoseconds of ``active`` in which a coroutine waited, if that is known
        self.yields = 0
        self.delegating = False
        self.ended = False
        self.chain: list[Suspendable] = []  # generators that were suspended with this one, outermost first

    def activity(self) -> dict[str, float]:
        """What an end says of it: ``active_ms`` where it is known, and ``yields`` of what may yield."""
        return self.activity_until(None, self.waited)

    def activity_until(self, t: int | None, waited: int | None) -> dict[str, float]:
        """The same if it ended at ``t``, having waited for so many nanoseconds."""
        generator = self.frame is not None and self.frame[6][0] == GEN_START
        said: dict[str, float] = {}
        if generator or waited is not None:
            active = self.active if t is None or self.since is None else self.active + t - self.since
            said["active_ms"] = max(active - (waited or 0), 0) / 1_000_000
        if generator or self.yields:
            said["yields"] = self.yields
        return said

    def pause(self, t: int) -> None:
        """It stops running at ``t`` (nanoseconds)."""
        if self.since is not None:
            self.active += t - self.since
            self.since = None

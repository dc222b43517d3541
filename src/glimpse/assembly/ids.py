"""What entries say of a call beyond its own process: ids of its trace and span, and the correlation id of its scope.

Ids are as the W3C's Trace Context has them: 16 and 8 bytes in lower-case hexadecimal, never zero. They follow from the
process and the call's number, so a journal gives the same ids whenever it is read, and making one asks nothing of the
system.
"""

from __future__ import annotations

from .calls import Frame
from .events import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from glimpse.light import NamedTuple

try:
    from _blake2 import blake2b  # the function of hashlib, which would load OpenSSL at every start
except ImportError:
    from hashlib import blake2b

__all__ = ["Marker", "Marks", "Remote", "Scopes", "Surroundings"]

Remote = tuple[str, str]
"""Trace id and span id of a call in another process."""

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15  # odd, so that consecutive numbers give different ids, far apart
_SPANS_AT_ONCE = 256
_CTX = 4  # where START, GEN_START, CORO_START and ERROR_ONLY have it


class Scope(NamedTuple):
    """What was entered by ``correlation`` or ``extract``, within a coroutine call or outside of any (None)."""

    base: int | None
    correlation_id: str | None
    remote: Remote | None


class Scopes(dict):  # type: ignore[type-arg]
    """The scopes that some context may still refer to, by their numbers.

    :param remote: the call elsewhere that made what is in no scope.
    """

    def __init__(self, remote: Remote | None) -> None:
        super().__init__()
        self.outside = Scope(None, None, remote)

    def have(self, ctx: int | None) -> bool:
        """Whether a call in this context is in a scope, or made from elsewhere."""
        return ctx in self or self.outside.remote is not None

    def add(self, event: Event) -> None:
        """One is entered."""
        _, number, outer, correlation_id, trace_id, span_id = event
        remote = None if trace_id is None else (trace_id, span_id)
        self[number] = Scope(self.base(outer), correlation_id, remote)

    def base(self, ctx: int | None) -> int | None:
        """The coroutine call that a context belongs to, whatever was entered within it."""
        scope = self.get(ctx)
        return ctx if scope is None else scope.base


class Marks(NamedTuple):
    """What one call's entries say; ``remote`` is the call elsewhere that its outermost one was made by."""

    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    correlation_id: str | None
    remote: Remote | None


class SpanIds:
    """Ids of spans, one after the other: those that follow are made many at once, in a third of the time."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ready: list[str] = []  # the next one last
        self._made = 0

    @property
    def count(self) -> int:
        """How many have been given."""
        return self._made - len(self._ready)

    def go_back(self, count: int) -> None:
        """Give those again that came after the first so many."""
        self._ready, self._made = [], count

    def next(self) -> str:
        """The next one."""
        if not self._ready:
            self._make()
        return self._ready.pop()

    def _make(self) -> None:
        numbers = range(self._made + 1, self._made + 1 + _SPANS_AT_ONCE)
        values = [(self._seed + number * _STEP) & _MASK or 1 for number in numbers]
        texts = b"".join([value.to_bytes(8, "big") for value in values]).hex(",", 8).split(",")
        texts.reverse()
        self._made, self._ready = self._made + _SPANS_AT_ONCE, texts


class Surroundings(NamedTuple):
    """What calls of one parent in one context have in common; ``trace_id`` is None where each begins a trace."""

    trace_id: str | None
    parent_span_id: str | None
    correlation_id: str | None
    remote: Remote | None


class Marker:
    """Gives a call's marks, from its parent and its START; None if there is nothing to say.

    A call whose scope has another caller elsewhere than its parent's has that one for its parent span.

    :param pid: of the recording process.
    :param base: nanoseconds that tell it from other processes of the same number, see ``clock.wall_base``.
    :param trace_ids: whether calls get ids.
    """

    def __init__(self, pid: int, base: int, scopes: Scopes, *, trace_ids: bool) -> None:
        seed = int.from_bytes(blake2b(f"{pid} {base}".encode(), digest_size=8).digest(), "big")
        self.spans = SpanIds(seed) if trace_ids else None
        self.lead = f"{seed or 1:016x}"
        """What the id of each trace that begins here begins with; its first span's id follows."""
        self._scopes = scopes
        remote = scopes.outside.remote
        self._outside = Surroundings(None, None, None, None) if remote is None else Surroundings(*remote, None, remote)

    def around(self, parent: Frame | None, ctx: int | None) -> Surroundings:
        """What is said of a call of this parent in this context."""
        above: Marks | None = None if parent is None else parent[7]
        scope = self._scopes.get(ctx)
        if scope is None:
            if above is None:
                return self._outside
            correlation, caller = above[3], above[4]
        else:
            _, correlation, caller = scope
            caller = caller or self._outside[3]
        if caller is not None and (above is None or above[4] != caller):
            return Surroundings(*caller, correlation, caller)
        trace_id, span_id = (None, None) if above is None else above[:2]
        return Surroundings(trace_id, span_id, correlation, caller)

    def __call__(self, parent: Frame | None, event: Event) -> Marks | None:
        """The marks of the call that begins with this event."""
        trace_id, above, correlation, caller = self.around(parent, event[_CTX])
        if self.spans is None:
            return None if correlation is None else Marks(None, None, None, correlation, None)
        span = self.spans.next()
        return Marks(trace_id or self.lead + span, span, above, correlation, caller)

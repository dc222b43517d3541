"""Assembled batches on their way to the writer: in order, kept while it fails, and bounded."""

from __future__ import annotations

from collections import deque

from ..assembly import is_from_handler
from ..natives import System
from .batches import ENOUGH, Batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

__all__ = ["Outbox"]

_FIRST_PAUSE_NS: Final = 100_000_000
_LONGEST_PAUSE_NS: Final = 30_000_000_000
_KEPT_BYTES: Final = 1 << 20


class Outbox:
    """Writes batches in their order; after a failure again, with growing pauses.

    :param size: how many entries may wait; beyond, the oldest batches are dropped.
    :param counts: where ``written`` and ``bytes`` are counted.
    :param failed: told what the writer raised.
    :param lost: told how many entries were dropped.
    """

    def __init__(
        self, size: int, counts: dict[str, int], failed: Callable[[Exception], None], lost: Callable[[int], None]
    ) -> None:
        self._size = size
        self._counts = counts
        self._failed = failed
        self._lost = lost
        _keep_memory()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._batches: deque[Batch] = deque()
        self._oldest = 0  # when the first of these came
        self._pause = _FIRST_PAUSE_NS
        self._retry_at = 0

    def __bool__(self) -> bool:
        """Whether a batch waits."""
        return bool(self._batches)

    @property
    def entries(self) -> int:
        """How many entries wait."""
        return sum(batch.entries for batch in list(self._batches))

    def put(self, batch: Batch) -> None:
        """Let a batch wait, unless it is the last one that does."""
        batches = self._batches
        if batches:
            if batches[-1] is batch or batches[-1].absorb(batch):
                return
        else:
            self._oldest = System.perf_counter_ns()
        batches.append(batch)

    def write_full(self, interval: int) -> None:
        """Write what waits if there is enough of it, or if it has waited for so many nanoseconds."""
        if not self._batches:
            return
        enough = len(self._batches) > 1 or self._batches[0].size >= ENOUGH
        if enough or System.perf_counter_ns() - self._oldest > interval:
            self.write(False)

    def write(self, now: bool) -> None:
        """Write what waits.

        :param now: without regard to the pause after a failure.
        """
        if self._retry_at and not now and System.perf_counter_ns() < self._retry_at:
            self._bound()
            return
        while self._batches:
            batch = self._batches[0]
            before = batch.entries
            try:
                self._counts["bytes"] += batch.write()
            except Exception as error:
                if is_from_handler(error):
                    raise
                self._counts["written"] += before - batch.entries
                self._failed(error)
                self._retry_at = System.perf_counter_ns() + self._pause
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_NS)
                self._bound()
                return
            self._batches.popleft()  # first of all, before a handler of a signal can come
            self._counts["written"] += before
            self._retry_at, self._pause = 0, _FIRST_PAUSE_NS

    def _bound(self) -> None:
        lost, waiting = 0, self.entries
        while waiting - lost > self._size and len(self._batches) > 1:
            lost += self._batches.popleft().entries
        if lost:
            self._lost(lost)


def _keep_memory() -> None:
    """Have the C library keep what the making of a chunk's lines sets free, some 200 KB, for the next chunk.

    glibc gives the end of its heap back to the system whenever more than 128 KB of it are free, and each page that is
    taken anew costs a fault: 1 µs a call, where it happened. It takes the size of a block that it had mapped and that
    is freed for a sign to keep twice as much. Nothing is ever written to this one, so it takes no memory.
    """
    bytes(_KEPT_BYTES)

"""An assembler that can also pass over events: what is open is known then, and what number comes next."""

from __future__ import annotations

from .assembler import Assembler
from .events import END, START

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from .events import Event

__all__ = ["CountingAssembler"]


class CountingAssembler(Assembler):
    """Passes over plain calls without making frames of those that made none, nor entries of any."""

    def count(self, events: Iterable[Sequence[Any]], otherwise: Callable[[Sequence[Any]], None]) -> None:
        """Pass over events as they stand in a journal.

        :param otherwise: is given those that are no plain call's, to feed them.
        """
        held: Sequence[Any] | None = None  # a START whose END may be next
        for event in events:
            if event[0] == START and self.marks is None and event[3] >= 0:
                if held is not None:
                    self._enter(held)
                held = event
                continue
            if held is not None:
                if event[0] == END and event[3] == held[3] and event[1] in (held[1], None):
                    self.last_id += 2
                    held = None
                    continue
                self._enter(held)
                held = None
            if event[0] != END or not self._leave(event):
                otherwise(event)
        if held is not None:
            self._enter(held)

    def _enter(self, event: Sequence[Any]) -> None:
        plain: Event = tuple(tuple(item) if type(item) is list else item for item in event)
        self._stack(event[3]).append(self._open(plain, None))

    def _leave(self, event: Sequence[Any]) -> bool:
        """Whether the innermost call ends here, and is a plain one."""
        key, stack = event[1], self._stacks.get(event[3])
        if not stack or stack[-1][8] is not None or (key is not None and stack[-1][3] != key):
            return False
        self.last_id += 1
        del stack[-1]
        return True

"""Calls that are deeper than their policies allow are on their threads' stacks, but no entries are made of them."""

from __future__ import annotations

from .assembler import Assembler
from .calls import Frame, Suspendable
from .events import Event
from .ids import Marks
from .records import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["DepthAssembler"]


class DepthAssembler(Assembler):
    """An assembler that leaves deep calls out; ``options`` are those of ``Assembler``.

    Entry by entry, with what is left out dropped afterwards, took 3.5 times as long.

    :param limits: by the names of policies, the deepest calls that leave entries. What a deeper one calls has its
        nearest ancestor with entries for a parent.
    """

    def __init__(self, origin: Origin, *, limits: Mapping[str, int] | None = None, **options: Any) -> None:
        super().__init__(origin, **options)
        self._limits = limits or {}
        self._shallowest = min(self._limits.values(), default=1 << 62)

    def _open(self, event: Event, call: Suspendable | None) -> Frame:
        parent = self._parent(event[3], event[4]) if self._limits else None
        if parent is None or not self._is_too_deep(event[1], parent[2] + 1):
            return super()._open(event, call)
        number, depth, marks = parent[0], parent[2] + 1, parent[7]
        inside = self._inside(number, depth, marks)
        frame = Frame(number, parent[1], depth, event[1], event[2], event[4], event, marks, call, inside)
        if call is not None:
            call.frame = frame
        return frame

    def _inside(self, number: int, depth: int, marks: Marks | None) -> Any:
        """See ``Frame``."""

    def _is_too_deep(self, key: str, depth: int) -> bool:
        return depth > self._limits.get(self.records.site(key).site.policy, depth)

    def _emit_start(self, frame: Frame, *started: Any) -> None:
        if frame[10] is not None:
            super()._emit_start(frame, *started)

    def _emit_end(self, frame: Frame, *ended: Any) -> None:
        if frame[10] is not None:
            super()._emit_end(frame, *ended)

    def _emit_exception(self, frame: Frame, *ended: Any) -> None:
        if frame[10] is not None:
            super()._emit_exception(frame, *ended)

    def _note(self, call: Suspendable, *noted: Any) -> None:
        if call.frame is not None and call.frame[10] is not None:
            super()._note(call, *noted)

    def _error_only(self, event: Event, out: list[Any]) -> None:
        if not (self._limits and self._is_too_deep(event[1], event[5])):
            super()._error_only(event, out)

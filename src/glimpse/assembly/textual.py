"""From events to JSON lines: plain calls by the shortest way, everything else by the assembler's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .assembler import Assembler
from .events import END, START, Event
from .lines import ROOT, LineRecords, as_bytes
from .plain import DIGITS
from .records import Origin

__all__ = ["LineAssembler"]

_BLOCK: Final = 1000
_SMALL: Final = tuple(map(str, range(_BLOCK)))
_BELOW: Final = tuple(f',"depth":{depth + 1},"level":"INFO","function":"' for depth in range(1000))


class LineAssembler(Assembler):
    """An assembler that gives lines; ``options`` are those of ``Assembler``."""

    records: LineRecords

    def __init__(self, origin: Origin, **options: Any) -> None:
        super().__init__(origin, form=LineRecords, **options)
        self._here: int | None = None  # the thread of the last START or END
        self._base = self.last_id + 1
        self._ids: Sequence[str] = ()
        self._ancestor = ""  # what ``parent_id`` begins with
        self._plain = not origin.trace_ids

    def lines(self, chunk: Sequence[Event]) -> tuple[bytes, int]:
        """The lines of these events, and how many there are."""
        before = self.last_id
        pieces = self._pieces(chunk) if self._plain else self.feed(chunk)
        return as_bytes(pieces), self.last_id - before

    def last_lines(self, t: int) -> tuple[bytes, int]:
        """The lines of the calls that are open when recording ends at ``t``."""
        before = self.last_id
        return as_bytes(self.close(t)), self.last_id - before

    def _pieces(self, chunk: Sequence[Event]) -> list[str]:  # noqa: PLR0915 - what a recorded call costs is spent here
        out: list[str] = []
        plain, handlers, size, position = self.records.plain, self._handlers, len(chunk), 0
        leaves, starts, ends = plain.leaves, plain.starts, plain.ends
        plain.into(out)
        place, ids, stack, above = self._go_on(self._here)
        frame: Any
        while position < size:
            event = chunk[position]
            position += 1
            kind = event[0]
            try:
                if kind == START:
                    key = event[1]
                    if position < size:
                        end = chunk[position]
                        if end[0] == END and leaves[key](event, end, ids[place], ids[place + 1], above):
                            position += 1
                            place += 2
                            continue
                    digits = ids[place]
                    shared = starts[key](event, digits, above)
                    if shared is not None:
                        outer, depth = (stack[-1][0], stack[-1][2] + 1) if stack else (None, 1)
                        above = f"{self._ancestor}{digits}{_BELOW[depth]}"
                        stack.append(
                            (self._base + place, outer, depth, key, event[2], None, event, None, None, above, shared)
                        )
                        place += 1
                        continue
                elif kind == END:
                    frame = stack[-1]
                    key = frame[3]
                    if (
                        event[1] == key
                        and frame[8] is None
                        and frame[5] is None
                        and ends[key](event, frame, ids[place])
                    ):
                        del stack[-1]
                        above = stack[-1][9] if stack else ROOT
                        place += 1
                        continue
            except (LookupError, ValueError):  # not met before, at the end of the ids, too deep, out of shape
                pass
            self.last_id = self._base + place - 1
            handlers[kind](event, out)
            place, ids, stack, above = self._go_on(event[3] if kind in _OF_A_THREAD else self._here)
        self.last_id = self._base + place - 1
        return out

    def _go_on(self, th: int | None) -> tuple[int, Sequence[str], list[Any], str]:
        """The place of the next id in the table of ids, that table, the thread's stack, and what calls on it share."""
        place = self.last_id + 1 - self._base
        if not 0 <= place < len(self._ids):
            place = (self.last_id + 1) % _BLOCK
            self._base = self.last_id + 1 - place
            high = str(self._base // _BLOCK) if self._base else ""
            self._ids = DIGITS if self._base else _SMALL
            self._ancestor = f',"parent_id":{high}'
            self.records.plain.number(high)
        if th is None or th < 0:
            th = self._here
        elif th != self._here:
            self._here = th
            self.records.stay(th)
        if th is None:
            return place, self._ids, [], ROOT
        stack = self._stack(th)
        if stack and stack[-1][7] is not None:  # it is in a scope, and what it calls too: without ids, nothing is plain
            return place, (), stack, ROOT
        return place, self._ids, stack, stack[-1][9] if stack else ROOT


_OF_A_THREAD: Final = frozenset({START, END})

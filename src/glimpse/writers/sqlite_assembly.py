"""Rows straight from events: for plain calls no entry is made on the way, which is most of what a call costs there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from glimpse.assembly import Assembler, Origin
from glimpse.assembly.events import Event
from glimpse.assembly.shapes import SHORT_INT_BITS
from glimpse.writers.sqlite_rows import RowBatch, RowMaker, RowSource
from glimpse.writers.sqlite_schema import DEPTH_BITS, WHERE_BITS

__all__ = ["RowAssembler"]

_SITE_SHIFT = DEPTH_BITS + WHERE_BITS
_TOO_DEEP = 1 << DEPTH_BITS
_NO_FRAME = (0,) * 9


class RowAssembler(Assembler):
    """An assembler that gives batches for ``SqliteWriter.write_rows``; ``options`` are those of ``Assembler``."""

    def __init__(self, origin: Origin, **options: Any) -> None:
        super().__init__(origin, **options)
        source = RowSource(origin.pid, origin.service, origin.base)
        self._maker = RowMaker(source)
        self._places: dict[tuple[str, int], int] = {}
        self._plain = self.marks is None and origin.correlation_id is None

    def rows(self, chunk: Iterable[Event], least: int = 0) -> RowBatch | None:
        """The rows of these events and of those before them; None as long as there are fewer than ``least`` calls.

        A transaction has a price of its own, so some hundred calls should share one.
        """
        if self._plain:
            self._feed_plain(chunk)
        else:
            self._maker.add(self.feed(chunk))
        return self._taken() if len(self._maker.began) >= least else None

    def last_rows(self, t: int) -> RowBatch | None:
        """The rows that are left, and of the calls that are open, when recording ends at ``t``."""
        self._maker.add(self.close(t))
        return self._taken()

    def _taken(self) -> RowBatch | None:
        batch = self._maker.take()
        self._maker.keep()
        return batch if batch.calls or batch.ends or batch.notes else None

    def _feed_plain(self, chunk: Iterable[Event]) -> None:  # noqa: PLR0915 - as in feed
        """What ``feed`` does, with rows in the place of entries for the START and END of plain calls."""
        stacks, sites, places, began = self._stacks, self.records.sites, self._places, self._maker.began
        text, number = self.records.origin.atom_text, self.last_id
        result: str
        for event in chunk:
            kind = event[0]
            if kind == 1 and event[4] is None and event[3] >= 0:
                key, t, th = event[1], event[2], event[3]
                try:
                    place, stack, site = places[key, th], stacks[th], sites[key]
                except KeyError:
                    place, stack, site = self._place(key, th), stacks.setdefault(th, []), self.records.site(key)
                depth, above, up = 1, None, None
                if stack:
                    above, depth = stack[-1][0], stack[-1][2] + 1
                    up = number + 1 - above
                if depth < _TOO_DEEP:
                    number += 1
                    frame: Any = (number, above, depth, key, t, None, event, None, None)
                    stack.append(frame)
                    began[number] = [number, None, up, place + depth, site.args(event), t, None, None]
                    continue
            elif kind == 2:
                stack = stacks.get(event[3])  # type: ignore[assignment]
                frame = stack[-1] if stack else _NO_FRAME
                row = began.get(frame[0])
                value = event[4]
                if row is not None and value != () and frame[8] is None and event[1] in (frame[3], None):
                    if value is None:
                        result = "None"
                    elif type(value) is int and value.bit_length() < SHORT_INT_BITS:
                        result = str(value)
                    else:
                        result = value[0] if type(value) is tuple else text(value)
                    del stack[-1]
                    number += 1
                    row[1] = number - row[0]
                    row[6] = event[2] - row[5]
                    row[7] = result
                    continue
            self.last_id = number
            self._maker.add(self.feed((event,)))
            number = self.last_id
        self.last_id = number

    def _place(self, key: str, th: int) -> int:
        """What the places of a site's calls in a thread have in common."""
        site = self.records.site(key)
        tail = site.tail
        number = self._maker.site(site.function, tail.get("file"), tail.get("line"), tail.get("policy"))
        thread = self._maker.thread(self.records.thread(th), None)
        found = self._places[key, th] = number << _SITE_SHIFT | thread << DEPTH_BITS
        return found

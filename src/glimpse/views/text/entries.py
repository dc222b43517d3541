"""Entries as they come, one a line: for following a program while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from glimpse.traces.calls import Call, finish, new_call
from glimpse.traces.records import Record
from glimpse.views.text.naming import call_text, local_name, outcome_text
from glimpse.views.text.style import Style, cells, clean, duration, fit

__all__ = ["EntryLines"]

_CLOCK: Final = slice(11, 23)
_DEEPEST: Final = 16


class EntryLines:
    """Makes the lines; a heading where the thread or process is another than before."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self._where: tuple[object, ...] = ()

    def lines(self, record: Record) -> Iterator[str]:
        """The line of an entry, with a heading if needed."""
        call = new_call(record)
        where = (call.service, call.pid, call.thread)
        if where != self._where:
            self._where = where
            service = f" · {clean(call.service)}" if call.service else ""
            yield self.style.paint(
                fit(f"{clean(call.thread)} · pid {call.pid}{service}", self.style.width or 10**6), "bold"
            )
        yield self._line(call, record)

    def _line(self, call: Call, record: Record) -> str:
        style, stage = self.style, record["stage"]
        indent = "  " * min(max(call.depth - 1, 0), _DEEPEST)
        mark, outcome, colour = f"#{call.call_id}", "", ""
        if stage == "START":
            text = f"→ {call_text(call, None)}"
        elif stage in {"END", "EXCEPTION"}:
            finish(call, record)
            colour = "red" if call.failed else "green"
            took = f" {duration(call.duration_ms)}" if call.duration_ms is not None else ""
            text, outcome = f"← {local_name(call.function)}{took}", outcome_text(call)
        else:
            text = f"· {local_name(call.function)} {'suspended' if stage == 'SUSPEND' else 'resumed'}"
        clock = clean(call.timestamp[_CLOCK])
        room = (style.width or 10**6) - len(clock) - 2 - len(indent) - len(mark) - 2
        text = fit(text, max(room, 12))
        outcome = fit(outcome, room - cells(text) - 1)
        used = cells(text) + (1 + cells(outcome) if outcome else 0)
        gap = max(room - used, 0) + 2 if style.width else 2
        body = text + (" " + style.paint(outcome, *([colour] if colour else [])) if outcome else "")
        return f"{style.paint(clock, 'dim')}  {indent}{body}{' ' * gap}{style.paint(mark, 'dim')}"

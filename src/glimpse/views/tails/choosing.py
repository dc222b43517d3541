"""Which entries are shown, and which calls cannot have any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from glimpse.traces.calls import Call, finish, new_call
from glimpse.traces.filters import Selection
from glimpse.traces.records import Record
from glimpse.writers.sqlite.tail import Wanted

__all__ = ["keeps_of", "wanted_of"]


def keeps_of(selection: Selection) -> Callable[[Record], bool]:
    """Whether an entry belongs to a chosen call, as far as the entry alone tells."""
    if selection.everything:
        return lambda record: True

    def keeps(record: Record) -> bool:
        call = new_call(record)
        ended = record["stage"] in {"END", "EXCEPTION"}
        if ended:
            finish(call, record)
        return selection.selects(call) and (ended or not (selection.min_ms or selection.errors))

    return keeps


def wanted_of(selection: Selection) -> Wanted:
    """The same for a database, whose rows tell of most calls whether they are chosen."""
    keeps = keeps_of(selection)
    by_place = replace(
        selection, args=(), traces=(), min_ms=0.0, errors=False, since=None, until=None, call_id=None, _known={}
    )

    def place(shared: Mapping[str, Any]) -> bool:
        get = shared.get
        call = Call(
            0, None, str(get("function")), "", "", shared["thread"], shared["pid"], None, shared["depth"], get("task"),
            get("service"),
        )  # fmt: skip
        return by_place.selects(call)

    return Wanted(lambda entry: keeps(entry.to_dict()), place, selection.min_ms * 1e6, selection.errors)

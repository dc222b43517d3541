"""Calls whose callers are in another process of the same trace: ids of spans tell these, rows do not."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from glimpse.json_text import load_json
from glimpse.writers.sqlite.packs import COLUMNS
from glimpse.writers.sqlite.schema import PROCESS_BITS

__all__ = ["has_callers_elsewhere"]

_WITH_DETAILS: Final = 5
"""The version of the tables from which on packs have details."""
_SPAN, _CALLER = COLUMNS.index("span_id"), COLUMNS.index("parent_span_id")
_UP: Final = COLUMNS.index("up")
_UNEXPLAINED: Final = """
SELECT details.id - up, details.parent_span_id FROM details JOIN spans ON spans.id = details.id
LEFT JOIN details AS above ON above.id = details.id - up
WHERE details.parent_span_id IS NOT NULL AND (up IS NULL OR above.span_id IS NOT details.parent_span_id)"""

_Packs = Iterator[tuple[int, list[Any]]]


def has_callers_elsewhere(connection: sqlite3.Connection) -> bool:
    """Whether the id of a call's caller is that of another call in this file than the one that its row names.

    :raises ValueError: a pack is damaged.
    """
    named: defaultdict[str, set[int | None]] = defaultdict(set)
    for above, span in connection.execute(_UNEXPLAINED):
        named[span].add(above)
    packs = connection.execute("PRAGMA user_version").fetchone()[0] >= _WITH_DETAILS
    for process, calls in _packs(connection, "WHERE elsewhere") if packs else ():
        spans = {row[0]: row[_SPAN] for row in calls if len(row) > _SPAN}
        for row in calls:
            if len(row) > _CALLER and row[_CALLER] is not None:
                above = None if row[_UP] is None else row[0] - row[_UP]
                if above is None or spans.get(above) != row[_CALLER]:
                    named[row[_CALLER]].add(None if above is None else process | above)
    if not named:
        return False
    own = connection.execute("SELECT id, span_id FROM details WHERE span_id IS NOT NULL")
    if any(span in named and named[span] != {number} for number, span in own):
        return True
    return packs and any(
        len(row) > _SPAN and row[_SPAN] in named and named[row[_SPAN]] != {process | row[0]}
        for process, calls in _packs(connection)
        for row in calls
    )


def _packs(connection: sqlite3.Connection, chosen: str = "") -> _Packs:
    """The calls of each pack, and what their ids lack."""
    for number, text in connection.execute(f"SELECT id, calls FROM packs {chosen}"):
        yield number >> PROCESS_BITS << PROCESS_BITS, load_json(text)

"""Calls in their order, be they rows or in packs, and packs made rows for those who ask in SQL."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any, Final

import orjson

from glimpse.json_text import load_json
from glimpse.writers.sqlite.schema import DEPTH_BITS, DETAILS, PROCESS_BITS, SPANS, WHERE_BITS, build_indexes, has_table
from glimpse.writers.sqlite.times import batches_without

__all__ = [
    "COLUMNS",
    "SELECT_ROWS",
    "failed_ranges",
    "failed_rows",
    "insert_rows",
    "packed_batches",
    "ranges_of",
    "rows_of",
    "rows_to_count",
    "settle",
    "split_rows",
    "text_of",
]

COLUMNS: Final = (*SPANS, *DETAILS[1:])
"""What ``rows_of`` gives of a call. In a pack, those at the end that are null may be left out."""

SELECT_ROWS: Final = f"SELECT spans.{', '.join(COLUMNS)} FROM spans LEFT JOIN details ON details.id = spans.id WHERE "
"""What gives of rows what ``rows_of`` gives of calls."""

_ROWS: Final = f"{SELECT_ROWS}spans.id >= ? AND spans.id < ? ORDER BY spans.id"
_FAILED: Final = (
    f"SELECT spans.{', '.join(COLUMNS)} FROM details JOIN spans ON spans.id = details.id "
    f"WHERE exception IS NOT NULL ORDER BY spans.id >> {PROCESS_BITS}, spans.id + ended"
)
_FAILED_IDS: Final = """
SELECT spans.id, ended, place FROM details JOIN spans ON spans.id = details.id
WHERE exception IS NOT NULL AND details.id >= ? AND details.id < ? ORDER BY details.id"""
_SITE_SHIFT: Final = DEPTH_BITS + WHERE_BITS
_NO_DETAILS: Final = (None,) * len(DETAILS[1:])
_FEWEST: Final = len(SPANS) - 1
_INSERT_DETAILS: Final = f"INSERT INTO details VALUES (?{', ?' * len(DETAILS[1:])})"
_ROWS_AT_ONCE: Final = 4096
_ROWS_A_STATEMENT: Final = 64
"""One statement for many rows takes a third less time than one for each; 64 rows stay below 999 parameters."""


def rows_of(
    connection: sqlite3.Connection, low: int, high: int, left_out: Set[int] = frozenset()
) -> Iterator[tuple[Any, ...]]:
    """The calls of one process whose ids in the tables are from ``low`` up to ``high``, in the order of their ids.

    :param left_out: batches whose packs are left out.
    :raises ValueError: a pack is damaged.
    """
    batches = _batches(connection, low, high)
    if not batches or batches[0] > low:
        yield from map(tuple, connection.execute(_ROWS, (low, batches[0] if batches else high)))
    for batch, end in pairwise([*batches, high]):
        rows = connection.execute(_ROWS, (max(batch, low), end))
        unpacked = () if batch in left_out else _unpacked(connection, batch, end)
        packed = (row for row in unpacked if low <= row[0] < high)
        yield from heapq.merge(rows, packed, key=itemgetter(0))


def _batches(connection: sqlite3.Connection, low: int, high: int) -> list[int]:
    """The batches that have packs in which there may be calls from ``low`` up to ``high``."""
    if not has_table(connection, "packs"):
        return []
    process = low >> PROCESS_BITS << PROCESS_BITS
    sql = """SELECT id FROM packs WHERE id = batch AND id < ? AND id >=
        coalesce((SELECT batch FROM packs WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1), ?) ORDER BY id"""
    return [number for (number,) in connection.execute(sql, (high, process, low, low))]


def packed_batches(
    connection: sqlite3.Connection, low: int, high: int, left_out: Set[int] = frozenset(), texts: Sequence[str] = ()
) -> Iterator[list[list[Any]]]:
    """The calls of each batch's packs but for some, in no order, of one process from ``low`` up to ``high``.

    :param left_out: batches that are left out, as are packs in which there is none of the ``texts``.
    """
    parts = [part for part in map(_as_packed, texts) if part is not None]
    for batch, end in pairwise([*_batches(connection, low, high), high]):
        if batch not in left_out:
            yield _packed(connection, batch, end, parts)


def _as_packed(text: str) -> str | None:
    """How a text stands in packs, whatever is around it; lone surrogates do not."""
    try:
        return orjson.dumps(text)[1:-1].decode()
    except TypeError:
        return None


def rows_to_count(
    connection: sqlite3.Connection, low: int, high: int, *, packed: bool = True
) -> Iterator[list[Sequence[Any]]]:
    """What ``rows_of`` gives, many at a time, with call ids alone, and without details where there are none in packs.

    It takes half as long. Where rows are shorter than ``COLUMNS``, the rest is null. Without ``packed``, what is in
    packs is left out.
    """
    call = (1 << PROCESS_BITS) - 1
    sql = _ROWS.replace("spans.id", f"spans.id & {call}", 1)
    batches = _batches(connection, low, high) if packed else []
    if not batches or batches[0] > low:
        before = connection.execute(sql, (low, batches[0] if batches else high))
        while rows := before.fetchmany(_ROWS_AT_ONCE):
            yield rows
    for batch, end in pairwise([*batches, high]):
        found = connection.execute(sql, (max(batch, low), end)).fetchall()
        calls = _packed(connection, batch, end)
        if batch < low or end == high:
            calls = [row for row in calls if low & call <= row[0] < (high - 1 & call) + 1]
        found += calls
        found.sort(key=itemgetter(0))
        yield found


def failed_ranges(
    connection: sqlite3.Connection, low: int, high: int, wanted: Callable[[int], bool]
) -> Iterator[tuple[int, int]]:
    """What ``ranges_of`` gives for the calls in wanted places that ended in an exception."""
    failed = connection.execute(_FAILED_IDS, (low, high))
    return _joined(((number, ended) for number, ended, place in failed if wanted(place)), low, high)


def ranges_of(
    connection: sqlite3.Connection, low: int, high: int, sites: Set[int] | None, texts: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """The ids from which and up to which some calls ran, and whatever ran meanwhile, without overlaps.

    :param sites: of which functions; of any if None.
    :param texts: what their arguments contain.
    """

    def wanted(row: Sequence[Any]) -> bool:
        return (sites is None or row[2] >> _SITE_SHIFT in sites) and all(
            text in text_of(row[3] or "") for text in texts
        )

    process = low >> PROCESS_BITS << PROCESS_BITS
    sql = "SELECT id, ended, place, args FROM spans WHERE id >= ? AND id < ? ORDER BY id"
    rows = ((row[0], row[1]) for row in connection.execute(sql, (low, high)) if wanted(row))
    left_out = frozenset() if sites is None else batches_without(connection, low >> PROCESS_BITS, sites)
    packed = chain.from_iterable(
        sorted((process | row[0], row[1]) for row in batch if wanted((0, 0, *row[3:5])))
        for batch in packed_batches(connection, low, high, left_out, texts)
    )
    return _joined(heapq.merge(rows, packed, key=itemgetter(0)), low, high)


def _joined(calls: Iterable[tuple[int, int | None]], low: int, high: int) -> Iterator[tuple[int, int]]:
    first = last = low
    for number, ended in calls:
        if number > last:
            if last > first:
                yield first, last
            first = number
        last = max(last, high if ended is None else number + ended + 1)
    if last > first:
        yield first, last


def _packed(connection: sqlite3.Connection, batch: int, end: int, parts: Sequence[str] = ()) -> list[Any]:
    packs = connection.execute("SELECT calls FROM packs WHERE id >= ? AND id < ?", (batch, end))
    return list(chain.from_iterable(load_json(text) for (text,) in packs if all(part in text for part in parts)))


def text_of(value: Any) -> Any:
    """A value of a row; text that UTF-8 cannot hold is stored as a blob."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def _unpacked(connection: sqlite3.Connection, batch: int, end: int) -> list[tuple[Any, ...]]:
    """The calls in the packs of a batch, as ``rows_of`` gives them, in order; the next batch begins at ``end``."""
    process = batch >> PROCESS_BITS << PROCESS_BITS
    try:
        rows = [
            (process | call, *more, *_NO_DETAILS[len(more) - _FEWEST :])
            for call, *more in _packed(connection, batch, end)
        ]
        rows.sort(key=itemgetter(0))
    except TypeError as error:
        raise ValueError(f"a pack is damaged: {error}") from None
    if not {len(row) for row in rows} <= {len(COLUMNS)}:
        raise ValueError("a pack is damaged: a call is not as it should be")
    return rows


def failed_rows(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """The calls that ended in an exception, those of each process in the order of their ends."""
    return map(tuple, connection.execute(_FAILED))


def settle(connection: sqlite3.Connection, *, rows: bool) -> None:
    """Make the indexes that queries by failure and trace need.

    :param rows: whether to make rows of what is in packs too, with the indexes for queries by function and duration.
    :raises sqlite3.Error: the database is not to be written, or busy.
    :raises ValueError: a pack is damaged.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        if rows and has_table(connection, "packs"):
            for (pack,) in connection.execute("SELECT id FROM packs ORDER BY id").fetchall():
                calls, details = split_rows(_unpacked(connection, pack, pack + 1))
                insert_rows(connection, calls)
                if details:
                    connection.executemany(_INSERT_DETAILS, details)
            connection.execute("DELETE FROM packs")
        build_indexes(connection, every=rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def split_rows(rows: Iterable[Sequence[Any]]) -> tuple[list[list[Any]], list[tuple[Any, ...]]]:
    """The values of ``SPANS``, and for calls that have some, those of ``DETAILS``."""
    calls, details = [], []
    for row in rows:
        calls.append([*row[: len(SPANS)]])
        more = row[len(SPANS) :]
        if any(value is not None for value in more):
            details.append((row[0], *more, *_NO_DETAILS[len(more) :]))
    return calls, details


def insert_rows(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]], base: int = 0) -> None:
    """Insert calls; ``base`` is what their ids lack."""
    row = f"({base} + ?{', ?' * (len(SPANS) - 1)})"
    whole = len(rows) - len(rows) % _ROWS_A_STATEMENT
    if whole:
        values = list(chain.from_iterable(rows[:whole]))
        width = _ROWS_A_STATEMENT * len(SPANS)
        many = f"INSERT INTO spans VALUES {row}" + f", {row}" * (_ROWS_A_STATEMENT - 1)
        connection.executemany(many, [values[i : i + width] for i in range(0, len(values), width)])
    if whole < len(rows):
        connection.executemany(f"INSERT INTO spans VALUES {row}", rows[whole:])

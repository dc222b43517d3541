"""Calls in packs: seen like rows by everybody, and made rows when nobody writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from glimpse.writers.sqlite.writer import SqliteWriter
from tests.writers import entries as made
from tests.writers.outcome import refusal
from tests.writers.sqlite.test_writer import ask, written


def test_whole_calls_are_packed_until_somebody_reads(tmp_path: Path) -> None:
    """Calls that ended within their batch are one text, seen in the views as others are, and rows after a reading."""
    outer = made.start(1, function="shop.main")
    path = written(tmp_path, [outer, *made.calls(50, first=2)], [*made.calls(50, first=102), made.end(202, 1)])
    count = "select (select count(*) from spans), (select sum(json_array_length(calls)) from packs)"
    assert ask(path, count) == [(1, 100)]
    views = "select * from calls order by call_id", "select * from entries order by entry_id"
    before = [ask(path, view) for view in views]
    assert [len(rows) for rows in before] == [101, 202]
    assert len(list(SqliteWriter.read(str(path)))) == 202
    assert ask(path, count) == [(101, None)]
    assert [ask(path, view) for view in views] == before


def test_packs_are_read_where_rows_cannot_be_made(tmp_path: Path) -> None:
    """While somebody writes, calls are read out of packs, in order with those that have rows."""
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    found = [made.start(1), *made.calls(50, first=2), *made.calls(50, first=102), made.exception(202, 1)]
    writer.write_batch(found[:77])
    writer.write_batch(found[77:])
    assert list(SqliteWriter.read(str(path))) == found
    assert ask(path, "select count(*) from packs") == [(2,)]
    writer.close()


@pytest.mark.parametrize(
    "pack", ["[[1]]", "{", "7", "[7]", '[["x", 1, null, 1, "", 0, 0, ""]]', '[[1, 1, 1, 1, 1, "x", 0, 0]]']
)
def test_damaged_packs(tmp_path: Path, pack: str) -> None:
    """A pack that holds something else is an error of one line, and stays."""
    path = written(tmp_path, made.calls(20))
    connection = sqlite3.connect(path)
    connection.execute("update packs set calls = ?", (pack,))
    connection.commit()
    connection.close()
    refusal(SqliteWriter.read, path)

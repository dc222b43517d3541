"""Durations of calls as writers note them beside the calls: what they add up to, and when they are not believed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from glimpse.entry import LogEntry
from glimpse.errors import ReadError, WriterError
from glimpse.views.database import database_table
from glimpse.writers.sqlite.reading import OfFunctions, read_entries
from glimpse.writers.sqlite.times import batches_without
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.traces.test_stats import close
from tests.writers import entries as made
from tests.writers.sqlite.test_writer import ask, version_1, written

Rows = list[dict[str, Any]]


def counted(path: Path) -> tuple[Rows, int]:
    """The table, and how many calls are open."""
    table = database_table(str(path))
    return sorted(table.rows(), key=lambda row: row["function"]), table.unfinished


def one_by_one(path: Path) -> tuple[Rows, int]:
    """The same from the calls themselves."""
    change(path, "update processes set timed = 0; delete from summaries")
    rows, unfinished = counted(path)
    return close(rows), unfinished


def change(path: Path, script: str) -> None:
    """Do what a person with the sqlite3 module could."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def timed(path: Path) -> bool:
    """Whether the times of every process are complete."""
    return not ask(path, "select 1 from processes where timed is not 2")


PROGRAM = """
import sys
import glimpse
policy = glimpse.TracingPolicy(included_packages=["__main__"])
tracer = glimpse.Tracer(glimpse.Config(dest="sqlite", params={"db_path": sys.argv[1]}), policy)
@tracer.trace_function
def leaf(n):
    if n % 50 == 0:
        raise ValueError(n)
@tracer.trace_function
def outer(n):
    for m in range(3):
        try:
            leaf(n + m)
        except ValueError:
            pass
@tracer.trace_function
def run():
    for n in range(10**9):
        outer(n)
        if n == 3000:
            print("many", flush=True)
run()
"""


@pytest.mark.once
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_program(tmp_path: Path) -> None:
    """What stands in the file after ``kill -9`` is counted exactly, with the calls that were running."""
    path = tmp_path / "t.db"
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"many\n"
    process.kill()
    process.wait()
    process.stdout.close()
    found = counted(path)
    assert timed(path)
    assert found == one_by_one(path)
    assert found[1] >= 1
    assert {row["function"]: row["errors"] > 0 for row in found[0]} == {"__main__.leaf": True, "__main__.outer": False}


def test_a_refused_batch_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is offered again brings the same times; what earlier calls waited for is still known."""
    monkeypatch.setattr("glimpse.writers.sqlite.schema._BUSY_S", 0.05)
    path = tmp_path / "t.db"
    writer = SqliteWriter(str(path))
    outer = made.start(1, function="shop.main")
    found = [outer, *made.calls(10, first=2), made.end(500, 1, function="shop.main")]
    for entry in found[1:-1]:
        entry.parent_id = 1
    writer.write_batch(found[:9])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(WriterError, match="locked"):
            writer.write_batch(found[9:])
        other.execute("rollback")
    writer.write_batch(found[9:])
    writer.close()
    assert timed(path)
    assert counted(path) == one_by_one(path)
    assert [(row["calls"], row["self_ms"]) for row in counted(path)[0]] == [(1, 0.489), (10, 0.01)]


def test_rows_that_people_delete(tmp_path: Path) -> None:
    """Where calls were taken out of the file, those that are left are counted."""
    path = written(tmp_path, made.calls(30))
    assert counted(path)[0][0]["calls"] == 30
    change(path, "delete from spans where id & 1023 < 20")
    assert not timed(path)
    assert counted(path)[0][0]["calls"] == 20


def test_lengths_of_time(tmp_path: Path) -> None:
    """Hours are counted to the nanosecond; what is no length of time has the calls counted one by one."""
    long = made.end(4, 3, duration_ms=9_000_000.000001)
    path = written(tmp_path, [*made.calls(1), made.start(3), long])
    assert timed(path)
    assert counted(path)[0][0]["max_ms"] == 9_000_000.000001
    writer = SqliteWriter(str(path))
    writer.write_batch([made.start(1, pid=7), made.end(2, 1, pid=7, duration_ms=-5.0)])
    writer.close()
    assert ask(path, "select pid, timed from processes") == [(4242, 2), (7, 0)]
    assert counted(path)[0][0]["calls"] == 3


def test_calls_too_deep_for_rows(tmp_path: Path) -> None:
    """Calls that stay entries are counted too."""
    deep = [made.start(3, depth=20_000), made.end(4, 3, depth=20_000)]
    path = written(tmp_path, [*made.calls(1), *deep])
    assert counted(path)[0][0]["calls"] == 2


@pytest.mark.parametrize(
    "script",
    [
        "update times set durations = x'010203'",
        "update times set sites = '[[1,-3,0,0,1,0],[1,23,0,0,1,0]]'",
        "update times set sites = '[[99,20,0,0,1,0]]'",
        "update times set sites = '{'",
        "update times set sites = '[7]'",
        "update times set sites = '[[1,20,\"x\",0,1,0]]'",
        "update times set durations = printf('%80d', 1)",
    ],
)
def test_damaged_times(tmp_path: Path, script: str) -> None:
    """What cannot be times is an error of one line."""
    path = written(tmp_path, made.calls(20))
    change(path, script)
    with pytest.raises(ReadError, match=r"trace\.db: damaged") as caught:
        database_table(str(path))
    assert "\n" not in str(caught.value)


def test_earlier_versions(tmp_path: Path) -> None:
    """A file without times is counted from its calls, also when a writer goes on with it."""
    path = version_1(tmp_path / "old.db")
    before = counted(path)
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(20, first=8))
    writer.close()
    assert sum(row["calls"] for row in counted(path)[0]) == sum(row["calls"] for row in before[0]) + 20
    assert counted(path)[1] == before[1]


def test_batches_that_need_not_be_read(tmp_path: Path) -> None:
    """Reading a function's calls leaves out the batches in which none has ended, and finds them all."""
    rare = [made.start(101, function="shop.rare"), made.end(102, 101, function="shop.rare")]
    path = tmp_path / "t.db"
    writer = SqliteWriter(str(path))
    for batch in (made.calls(50), [*rare, *made.calls(50, first=103)], made.calls(50, first=203)):
        writer.write_batch(batch)
    with closing(sqlite3.connect(path)) as connection:
        number = connection.execute("select number from sites where function = 'shop.rare'").fetchone()[0]
        assert {batch & 0xFFF for batch in batches_without(connection, 1, {number})} == {1, 203}
        assert connection.execute("select count(*) from packs").fetchone()[0] > 2
    found: list[LogEntry] = list(read_entries(str(path), OfFunctions("shop.rare".__eq__)))
    writer.close()
    assert [(entry.entry_id, entry.function) for entry in found] == [(101, "shop.rare"), (102, "shop.rare")]

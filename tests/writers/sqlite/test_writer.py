"""SQLite: what people see in the tables, several processes, and files that are not as they should be."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.entry import LogEntry
from glimpse.errors import ReadError, WriterError
from glimpse.writers.sqlite.schema import VERSION
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.memory import folder_in_memory
from tests.writers import entries as made
from tests.writers.outcome import read_or_refused, refusal
from tests.writers.places import unprivileged
from tests.writers.processes import run_together


def written(folder: Path, *batches: list[LogEntry]) -> Path:
    """A database with these batches."""
    path = folder / "trace.db"
    writer = SqliteWriter(str(path))
    for batch in batches:
        writer.write_batch(batch)
    writer.close()
    return path


def ask(path: Path, sql: str, *values: Any) -> list[Any]:
    """Ask as a person with the sqlite3 module would."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def test_entries_view_counts_stages(tmp_path: Path) -> None:
    """``entries`` has one row an entry, whatever the batches were cut like."""
    found = [*made.calls(3), made.start(7), made.exception(8, 7), made.start(9)]
    path = written(tmp_path, found[:3], found[3:7], found[7:])
    counts = dict(ask(path, "select stage, count(*) from entries group by stage"))
    assert counts == {"START": 5, "END": 3, "EXCEPTION": 1}


def test_entries_view_has_the_fields(tmp_path: Path) -> None:
    """The columns of ``entries`` are the record's fields, and their values the record's."""
    call = {"parent_id": 3, "depth": 2, "thread": "Worker-1", "task": "Task-9", "policy": "web", "service": "shop"}
    one, two = made.start(5, **call), made.end(6, 5, yields=2, closed=True, trace_id="ab", **call)
    one.trace_id = "ab"
    path = written(tmp_path, [one, two])
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute("select * from entries order by entry_id")]
    connection.close()
    assert [{name: value for name, value in row.items() if value is not None} for row in rows] == [
        {name: value for name, value in entry.to_dict().items() if value is not None} for entry in (one, two)
    ]


def test_calls_view_has_one_row_a_call(tmp_path: Path) -> None:
    """``calls`` shows each call's start, duration and outcome, also of one that is still running."""
    failed = made.exception(6, 5, exception={"type": "E", "message": "m"})
    path = written(tmp_path, [*made.calls(1), made.start(3), made.start(5, parent_id=3, depth=2), failed])
    rows = ask(path, "select call_id, parent_id, function, stage, duration_ms, result, exception from calls")
    assert rows == [
        (1, None, "shop.orders.total", "END", 0.001, "3", None),
        (3, None, "shop.orders.total", "START", None, None, None),
        (5, 3, "shop.orders.total", "EXCEPTION", 0.001, None, '{"type":"E","message":"m"}'),
    ]


def test_reading_builds_indexes_that_queries_use(tmp_path: Path) -> None:
    """After the first reading, asking for one function does not look at every call."""
    path = written(tmp_path, made.calls(300))
    assert len(list(SqliteWriter.read(str(path)))) == 600
    plan = str(ask(path, "explain query plan select * from calls where function = 'shop.orders.total'"))
    assert "sites_function" in plan
    assert "spans_site" in plan


def test_writing_drops_the_indexes(tmp_path: Path) -> None:
    """Indexes would double the cost of a row, so a writer takes them away."""
    path = written(tmp_path, made.calls(2))
    list(SqliteWriter.read(str(path)))
    writer = SqliteWriter(str(path))
    writer.close()
    assert ask(path, "select count(*) from sqlite_master where type = 'index' and name like 'spans%'") == [(0,)]


def test_runs_append(tmp_path: Path) -> None:
    """A second run adds to the file; its ids begin again and are not mixed up with those of the first."""
    written(tmp_path, made.calls(2))
    path = written(tmp_path, made.calls(2))
    assert ask(path, "select count(*) from calls where stage = 'END'") == [(4,)]
    assert sorted(entry.entry_id for entry in SqliteWriter.read(str(path))) == sorted([1, 2, 3, 4] * 2)


def test_same_pid_twice_in_one_writer(tmp_path: Path) -> None:
    """Converting two runs with the same pid keeps both: their calls are others."""
    path = written(tmp_path, made.calls(2), made.calls(2))
    assert ask(path, "select count(*) from calls where stage = 'END'") == [(4,)]


WRITE = """
from glimpse.writers.sqlite.writer import SqliteWriter
writer = SqliteWriter(path)
for number in range(40):
    writer.write_batch(calls(50, number * 100 + 1))
writer.close()
"""


@pytest.mark.once
def test_several_processes(tmp_path: Path) -> None:
    """Processes that write at the same time wait for each other and lose nothing."""
    path = tmp_path / "trace.db"
    run_together(WRITE, path)
    counts = ask(path, "select pid, count(*) from calls where stage = 'END' group by pid")
    assert counts == [(pid, 2000) for pid in range(1, 5)]


def test_live_database_is_readable(tmp_path: Path) -> None:
    """A reader sees what was committed while the writer goes on."""
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(5))
    assert len(list(SqliteWriter.read(str(path)))) == 10
    writer.write_batch(made.calls(5, first=11))
    writer.close()
    assert len(list(SqliteWriter.read(str(path)))) == 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork(tmp_path: Path) -> None:
    """After a fork parent and child write on, the parent's open call still ends, and nothing is doubled."""
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    writer.write_batch([made.start(1)])
    writer.before_fork()
    child = os.fork()
    if child == 0:
        writer.after_fork()
        batch = made.calls(10)
        for entry in batch:
            entry.pid = 77
        writer.write_batch(batch)
        writer.close()
        os._exit(0)
    writer.write_batch([made.end(2, 1)])
    writer.close()
    assert os.waitpid(child, 0)[1] == 0
    rows = ask(path, "select pid, stage, count(*) from entries group by pid, stage order by pid, stage")
    assert rows == [(77, "END", 10), (77, "START", 10), (4242, "END", 1), (4242, "START", 1)]


def test_deleted_while_open(tmp_path: Path) -> None:
    """A file that was deleted is made again, with the names that its rows need."""
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(1))
    for file in tmp_path.iterdir():
        file.unlink()
    writer.write_batch(made.calls(1, first=3))
    writer.close()
    assert ask(path, "select call_id, function from calls") == [(3, "shop.orders.total")]


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be moved there")
@pytest.mark.parametrize("put", ["nothing", "an empty file"])
def test_moved_while_open(tmp_path: Path, put: str) -> None:
    """A file that was moved, without its log, has all that was written before; a new one is begun."""
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(3))
    path.rename(tmp_path / "old.db")
    if put == "an empty file":
        path.touch()
    writer.write_batch(made.calls(1, first=7))
    writer.close()
    assert list(SqliteWriter.read(str(tmp_path / "old.db"))) == made.calls(3)
    assert list(SqliteWriter.read(str(path))) == made.calls(1, first=7)


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be emptied there")
def test_emptied_while_open(tmp_path: Path) -> None:
    """A file that was emptied, as logrotate's copytruncate does, is begun anew instead of becoming half a database."""
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(3))
    os.truncate(path, 0)
    writer.write_batch(made.calls(1, first=7))
    writer.close()
    assert list(SqliteWriter.read(str(path))) == made.calls(1, first=7)


def test_busy_database_refuses_the_whole_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file a batch is refused as a whole, and it may be offered again."""
    monkeypatch.setattr("glimpse.writers.sqlite.schema._BUSY_S", 0.05)
    path = tmp_path / "trace.db"
    writer = SqliteWriter(str(path))
    batch = made.calls(2)
    writer.write_batch(batch[:1])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(WriterError, match="locked"):
        writer.write_batch(batch[1:])
    other.execute("rollback")
    other.close()
    writer.write_batch(batch[1:])
    writer.close()
    assert list(SqliteWriter.read(str(path))) == batch


def test_files_are_private(tmp_path: Path) -> None:
    """Nobody else may read a trace, nor what SQLite keeps beside it."""
    writer = SqliteWriter(str(tmp_path / "trace.db"))
    writer.write_batch(made.calls(1))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    writer.close()
    assert modes == {0o600}


def test_foreign_database_is_refused(tmp_path: Path) -> None:
    """A database of another program is neither written nor read."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("create table users (name)")
    connection.close()
    with pytest.raises(WriterError, match="another program's database"):
        SqliteWriter(str(path))
    with pytest.raises(ReadError, match="another program"):
        list(SqliteWriter.read(str(path)))


def test_newer_tables_are_refused(tmp_path: Path) -> None:
    """Tables of a later version are neither written nor read."""
    path = written(tmp_path, made.calls(1))
    connection = sqlite3.connect(path)
    connection.execute(f"pragma user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(WriterError, match=f"version {VERSION + 1}"):
        SqliteWriter(str(path))
    with pytest.raises(ReadError, match=f"version {VERSION + 1}"):
        list(SqliteWriter.read(str(path)))


def test_older_tables_are_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of an older version gets what is new when a writer opens it, and keeps its entries."""
    path = written(tmp_path, made.calls(2))
    from glimpse.writers.sqlite import schema as sqlite_schema

    steps = (*sqlite_schema._MIGRATIONS, "create table later (x);\ncreate table still_later (x);\n")
    monkeypatch.setattr(sqlite_schema, "_MIGRATIONS", steps)
    monkeypatch.setattr(sqlite_schema, "VERSION", VERSION + 1)
    SqliteWriter(str(path)).close()
    monkeypatch.undo()
    assert ask(path, "pragma user_version") == [(VERSION + 1,)]
    assert ask(path, "select count(*) from entries") == [(4,)]
    assert ask(path, "select count(*) from sqlite_master where name in ('later', 'still_later')") == [(2,)]


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough" * 20, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    """What is no database gives one clear line."""
    path = tmp_path / "garbage.db"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"garbage\.db"):
        list(SqliteWriter.read(str(path)))
    with pytest.raises(WriterError, match=r"garbage\.db"):
        SqliteWriter(str(path))


def test_hostile_tables(tmp_path: Path) -> None:
    """Values of the wrong type, views in the place of tables and broken JSON are errors of one line."""
    for change in (
        "update spans set start = 'x'",
        "update spans set place = x'ff'",
        "update spans set args = x'ff'",
        "insert or replace into details (id, exception) select id, '{' from spans",
        "insert or replace into details (id, yields) select id, 'many' from spans",
        "drop view entries; drop view calls; drop table spans; create view spans as select 1",
        "insert into notes select id, '[]' from spans",
        "update processes set pid = 'x'",
    ):
        path = written(tmp_path, made.calls(2))
        connection = sqlite3.connect(path)
        connection.executescript(change)
        connection.close()
        refusal(SqliteWriter.read, path)
        path.unlink()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3999), st.binary(min_size=1, max_size=40))
def test_damaged_file(at: int, noise: bytes) -> None:
    """Whatever bytes are overwritten, reading ends in entries or a ReadError, and in nothing else."""
    with folder_in_memory() as folder:
        path = written(folder, made.calls(3))
        data = bytearray(path.read_bytes())
        at = at * len(data) // 4000
        data[at : at + len(noise)] = noise
        path.write_bytes(data)
        read_or_refused(SqliteWriter.read, path)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_read_only_folder() -> None:
    """A trace on read-only ground can be read."""
    with unprivileged() as folder:
        path = written(folder, made.calls(2))
        path.chmod(0o400)
        folder.chmod(0o500)
        assert len(list(SqliteWriter.read(str(path)))) == 4
        folder.chmod(0o700)


def test_missing_file(tmp_path: Path) -> None:
    """Reading what is not there says so, and makes nothing."""
    with pytest.raises(ReadError, match="No such file"):
        list(SqliteWriter.read(str(tmp_path / "none.db")))
    assert not list(tmp_path.iterdir())


def version_1(path: Path) -> Path:
    """A trace as the first version of the tables had it."""
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
    connection.executescript("pragma application_id = 0x476c6d70; pragma user_version = 1; pragma journal_mode = wal")
    connection.close()
    return path


def test_version_1_is_read(tmp_path: Path) -> None:
    """A file of the first version is read as it is, without being changed to another one."""
    path = version_1(tmp_path / "old.db")
    stages = [entry.stage for entry in SqliteWriter.read(str(path))]
    assert stages == ["START", "START", "END", "START", "EXCEPTION", "SUSPEND", "START"]
    assert ask(path, "pragma user_version") == [(1,)]


def test_version_1_is_written_on(tmp_path: Path) -> None:
    """A writer brings it up to date; what was there and what comes is all there, in the views too."""
    path = version_1(tmp_path / "old.db")
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(20, first=8))
    writer.close()
    assert ask(path, "select count(*), count(distinct call_id) from entries") == [(47, 24)]
    assert ask(path, "select count(*) from calls where stage = 'END'") == [(21,)]
    assert len(list(SqliteWriter.read(str(path)))) == 47

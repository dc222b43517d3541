"""What is asked of a database in SQL is what reading all its entries gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.errors import ReadError
from glimpse.traces.calls import finished_calls
from glimpse.traces.failures import Failures
from glimpse.traces.filters import Selection
from glimpse.traces.stats import TopTable
from glimpse.views import database
from glimpse.views.database import database_failures, database_table
from glimpse.views.sources import entry_of, recognise
from glimpse.views.statistics import failures_of, top_table
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.memory import folder_in_memory
from tests.traces.recording import Recorder
from tests.traces.strategies import programs
from tests.traces.test_failures import summary
from tests.traces.test_stats import close
from tests.views.test_sources import written
from tests.writers import entries as made

CHOICES = (
    Selection(functions=("app.main", "lib.walk")), Selection(depth=2), Selection(min_ms=3), Selection(errors=True),
    Selection(threads=("Main*",)), Selection(args=("1",)), Selection(functions=("*",), errors=True),
)  # fmt: skip


@given(program=programs, chosen=st.sampled_from(CHOICES))
@settings(max_examples=40)
def test_the_same_as_from_entries(program: Recorder, chosen: Selection) -> None:
    """Any program gives the same table and the same failures, also of calls that are chosen."""
    table, failures = TopTable(), Failures()
    table.add_calls(finished_calls(program.entries))
    failures.add_calls(finished_calls(program.entries))
    with folder_in_memory() as folder:
        path = written(program, "sqlite", folder / "t.db")
        asked = database_table(str(path))
        found = summary(failures_of([recognise(str(path))], Selection()))
        selected = summary(failures_of([recognise(str(path))], chosen))
        some = top_table([recognise(str(path))], chosen).rows()
    assert sorted(asked.rows(), key=lambda row: row["function"]) == close(table.rows())
    assert asked.unfinished == table.unfinished
    assert found == summary(failures)
    table, failures = TopTable(), Failures()
    failures.add_calls(filter(chosen.selects, finished_calls(program.entries)))
    table.add_calls(filter(chosen.selects, finished_calls(program.entries)))
    assert selected == summary(failures)
    assert sorted(some, key=lambda row: row["function"]) == close(table.rows())


def test_generators_take_their_active_time(tmp_path: Path) -> None:
    """The time of a suspended generator is its caller's."""
    program = Recorder()
    with program.call("app.main"):
        generator = program.start("app.numbers")
        program.spend(100)
        program.end(generator, active_ms=2.0, yields=10)
    rows = database_table(str(written(program, "sqlite", tmp_path / "t.db"))).rows()
    assert {row["function"]: row["self_ms"] for row in rows} == {"app.main": 98.0, "app.numbers": 2.0}


def test_damage_is_one_error(tmp_path: Path) -> None:
    """Numbers that stand for nothing are reported, not raised as they come."""
    program = Recorder()
    program.leaf("app.main")
    path = written(program, "sqlite", tmp_path / "t.db")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM sites")
    connection.commit()
    connection.close()
    with pytest.raises(ReadError, match=r"t\.db: "):
        database_table(str(path))


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of as many calls as are worth a summary, and its writer closed."""
    monkeypatch.setattr(database, "_WORTH_KEEPING", 250)
    path = tmp_path / "t.db"
    writer = SqliteWriter(str(path))
    writer.write_batch(made.calls(250))
    writer.close()
    return path


def test_a_summary_is_kept_until_somebody_writes(many: Path) -> None:
    """The second reader is told what the first one has counted, and a third one counts what came meanwhile."""
    path = many
    first = database_table(str(path))
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("select value from summaries").fetchone()[0]
        second = database_table(str(path))
        assert (second.rows(), second.unfinished) == (first.rows(), first.unfinished)
        connection.execute("update summaries set value = ?", (kept.replace("250,", "7,"),))
        connection.commit()
    assert database_table(str(path)).rows()[0]["calls"] == 7
    writer = SqliteWriter(str(path))
    writer.write_batch([made.start(1, pid=9), made.end(2, 1, pid=9), made.start(3, pid=9)])
    writer.close()
    third = database_table(str(path))
    assert (third.rows()[0]["calls"], third.unfinished) == (251, 1)


@pytest.mark.parametrize("text", ["{", "[]", '{"rows": [{}], "unfinished": 0}', '{"rows": [], "unfinished": "x"}'])
def test_a_summary_that_is_none_is_not_believed(many: Path, text: str) -> None:
    """What stands in its place is counted again."""
    with closing(sqlite3.connect(many)) as connection:
        connection.execute("insert into summaries values ('top', ?)", (text,))
        connection.commit()
    assert database_table(str(many)).rows()[0]["calls"] == 250


def test_packs_are_counted_as_rows_are(tmp_path: Path) -> None:
    """While somebody writes, calls in packs and calls with rows give the same table as their entries."""
    writer = SqliteWriter(str(tmp_path / "t.db"))
    program = Recorder()
    with program.call("app.main"):
        for _ in range(30):
            with program.call("app.step"):
                program.leaf("app.leaf", ms=3)
            program.spend(2)
    entries = [entry_of(dict(entry)) for entry in program.entries]
    for at in range(0, len(entries), 50):
        writer.write_batch(entries[at : at + 50])
    table = TopTable()
    table.add_calls(finished_calls(program.entries))
    asked = database_table(str(tmp_path / "t.db"))
    assert sorted(asked.rows(), key=lambda row: row["function"]) == close(table.rows())
    writer.close()


def test_calls_that_no_row_has_room_for(tmp_path: Path) -> None:
    """Very deep calls are counted, found and told as all others are."""
    program = Recorder()
    with suppress(ValueError), program.call("app.main"):
        program.leaf("app.usual")
        with program.call("app.deep"):
            raise ValueError("deep")
    for entry in program.entries:
        if entry["function"] == "app.deep":
            entry["depth"] = 1 << 15
    source = recognise(str(written(program, "sqlite", tmp_path / "t.db")))
    assert database_failures(source.name) is None
    (failure,) = failures_of([source], Selection()).rows()
    assert (failure.function, [call.function for call in failure.example.path()]) == (
        "app.deep",
        ["app.main", "app.deep"],
    )
    assert [row["calls"] for row in top_table([source], Selection(functions=("app.deep",))).rows()] == [1]
    assert len(top_table([source], Selection()).rows()) == 3

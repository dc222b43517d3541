"""What is asked of a database in SQL is what reading all its entries gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from glimpse.errors import ReadError
from glimpse.traces.calls import finished_calls
from glimpse.traces.failures import Failures
from glimpse.traces.stats import TopTable
from glimpse.views.database import database_failures, database_table
from tests.traces.recording import Recorder
from tests.traces.strategies import programs
from tests.traces.test_failures import summary
from tests.traces.test_stats import close
from tests.views.test_sources import written


@given(program=programs)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_as_from_entries(program: Recorder, tmp_path: Path) -> None:
    """Any program gives the same table and the same failures."""
    path = tmp_path / "t.db"
    path.unlink(missing_ok=True)
    written(program, "sqlite", path)
    table, failures = TopTable(), Failures()
    table.add_calls(finished_calls(program.entries))
    failures.add_calls(finished_calls(program.entries))
    asked = database_table(str(path))
    assert sorted(asked.rows(), key=lambda row: row["function"]) == close(table.rows())
    assert asked.unfinished == table.unfinished
    assert summary(database_failures(str(path))) == summary(failures)


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
    import sqlite3

    program = Recorder()
    program.leaf("app.main")
    path = written(program, "sqlite", tmp_path / "t.db")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM sites")
    connection.commit()
    connection.close()
    with pytest.raises(ReadError, match=r"t\.db: "):
        database_table(str(path))

"""Statistics by function."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given

from glimpse.traces import stats
from glimpse.traces.calls import finished_calls
from glimpse.traces.lines import Damage
from glimpse.traces.stats import COLUMNS, TopTable
from tests.traces.recording import Recorder
from tests.traces.strategies import programs


def table_of_lines(program: Recorder, separators: tuple[str, str] = (",", ":")) -> TopTable:
    """The table that the fast way makes."""
    table = TopTable()
    text = "".join(json.dumps(entry, separators=separators) + "\n" for entry in program.entries)
    table.add_lines(io.BytesIO(text.encode()), Damage("t"))
    return table


def table_of_calls(program: Recorder) -> TopTable:
    """The table that the general way makes."""
    table = TopTable()
    table.add_calls(finished_calls(program.entries))
    return table


def close(rows: list[dict[str, Any]]) -> list[Any]:
    """Rows to be compared up to rounding, in the order of names."""
    return [
        {
            name: value if isinstance(value, str) else pytest.approx(value, rel=1e-9, abs=1e-5)
            for name, value in row.items()
        }
        for row in sorted(rows, key=lambda row: row["function"])
    ]


@given(programs)
def test_the_fast_way_agrees_with_the_general_one(program: Recorder) -> None:
    """Lines counted without being parsed give the same table as calls put together, compact or spaced."""
    expected = table_of_calls(program)
    for table in (table_of_lines(program), table_of_lines(program, (", ", ": "))):
        rows = sorted(table.rows(), key=lambda row: row["function"])
        assert rows == close(expected.rows())
        assert table.unfinished == expected.unfinished


def test_the_columns() -> None:
    """Every value of a row, on a case worked out by hand."""
    program = Recorder()
    with program.call("app.main", ms=4):
        for duration in (1, 2, 3):
            program.leaf("app.step", ms=duration)
    with pytest.raises(ValueError, match="no"), program.call("app.main", ms=6):
        raise ValueError("no")
    main, step = sorted(table_of_lines(program).rows(), key=lambda row: row["function"])
    assert tuple(main) == COLUMNS
    assert step == {
        "function": "app.step", "calls": 3, "errors": 0, "total_ms": 6.0, "self_ms": 6.0, "mean_ms": 2.0,
        "p50_ms": 2.0, "p95_ms": 2.9, "max_ms": 3.0,
    }  # fmt: skip
    assert (main["calls"], main["errors"], main["total_ms"], main["self_ms"]) == (2, 1, 16.0, 10.0)


def test_exceptions_alone_are_counted() -> None:
    """At level ERROR there are no STARTs, and nothing counts as unfinished."""
    program = Recorder()
    program.fail(program.start("app.main"), ValueError())
    program.entries = [dict(program.entries[1], entry_id=1, call_id=1)]
    table = table_of_lines(program)
    assert [(row["calls"], row["errors"]) for row in table.rows()] == [(1, 1)]
    assert table.unfinished == 0


def test_a_cut_line_hides_nothing_behind_it() -> None:
    """An entry right behind a fragment is counted."""
    program = Recorder()
    program.leaf("app.one")
    start, end = (json.dumps(entry, separators=(",", ":")) for entry in program.entries)
    table, damage = TopTable(), Damage("t")
    table.add_lines(io.BytesIO(f'{start}\n{{"entry_id":9,"cal{end}\nrubbish\n'.encode()), damage)
    assert [row["calls"] for row in table.rows()] == [1]
    assert damage.skipped == 1


def test_memory_for_parents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls whose parents never end do not pile up."""
    monkeypatch.setattr(stats, "MOST_PARENTS", 50)
    program = Recorder()
    for _ in range(300):
        program.end(program.start("app.late", parent=program.start("app.never", thread="other"), thread="t"))
    text = "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in program.entries)
    table = TopTable()
    for line in text.splitlines(keepends=True):
        table.add_lines(io.BytesIO(line.encode()), Damage("t"))
    assert max(len(sums) for sums in table._children_ms.values()) <= 51
    assert [row["calls"] for row in table.rows()] == [300]

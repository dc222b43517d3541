"""Statistics by function."""

from __future__ import annotations

from typing import Any

import pytest

from glimpse.traces.calls import finished_calls
from glimpse.traces.stats import COLUMNS, TopTable
from tests.traces.recording import Recorder


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


def test_the_columns() -> None:
    """Every value of a row, on a case worked out by hand."""
    program = Recorder()
    with program.call("app.main", ms=4):
        for duration in (1, 2, 3):
            program.leaf("app.step", ms=duration)
    with pytest.raises(ValueError, match="no"), program.call("app.main", ms=6):
        raise ValueError("no")
    main, step = sorted(table_of_calls(program).rows(), key=lambda row: row["function"])
    assert tuple(main) == COLUMNS
    assert step == {
        "function": "app.step", "calls": 3, "errors": 0, "total_ms": 6.0, "self_ms": 6.0, "mean_ms": 2.0,
        "p50_ms": 2.0, "p95_ms": 2.9, "max_ms": 3.0,
    }  # fmt: skip
    assert (main["calls"], main["errors"], main["total_ms"], main["self_ms"]) == (2, 1, 16.0, 10.0)

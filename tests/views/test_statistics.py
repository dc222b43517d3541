"""Each format's fastest way gives the same answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from glimpse.traces.filters import Selection
from glimpse.views.sources import open_sources
from glimpse.views.statistics import failures_of, selected_calls, top_table
from tests.traces.recording import shop
from tests.views.test_sources import PATHS, written


@pytest.mark.parametrize("kind", PATHS)
def test_formats_agree(tmp_path: Path, kind: str) -> None:
    """The same table and the same failures, with their paths, from every format."""
    plain = open_sources([str(shop(60).save(tmp_path / "plain.jsonl"))])
    other = open_sources([str(written(shop(60), kind, tmp_path / "other"))])
    everything = Selection()
    assert [row["function"] for row in top_table(other, everything).rows()] == [
        row["function"] for row in top_table(plain, everything).rows()
    ]
    for mine, theirs in zip(top_table(other, everything).rows(), top_table(plain, everything).rows(), strict=True):
        assert mine == {
            name: value if isinstance(value, str) else pytest.approx(value, abs=1e-5) for name, value in theirs.items()
        }
    found = [
        [(row.type, row.function, row.count, [call.args for call in row.example.path()]) for row in failures.rows()]
        for failures in (failures_of(plain, everything), failures_of(other, everything))
    ]
    assert found[0] == found[1]


def test_a_selection_counts_whole_times(tmp_path: Path) -> None:
    """Leaving calls out does not change the own time of those that stay."""
    sources = open_sources([str(shop(10).save(tmp_path / "t.jsonl"))])
    whole = {row["function"]: row for row in top_table(sources, Selection()).rows()}
    (row,) = top_table(sources, Selection(functions=("load_orders",))).rows()
    assert row == whole["shop.load.load_orders"]
    assert [call.function for call in selected_calls(sources, Selection(functions=("open_csv",)))] == [
        "shop.load.open_csv"
    ]

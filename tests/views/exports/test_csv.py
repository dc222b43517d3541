"""Comma-separated values."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces.calls import call_events
from glimpse.views.exports.csv import COLUMNS, write
from tests.traces.recording import Recorder, shop


def rows(program: Recorder) -> list[dict[str, str]]:
    """The rows of a program."""
    stream = io.StringIO(newline="")
    write(call_events(program.entries), stream)
    stream.seek(0)
    return list(csv.DictReader(stream))


def test_a_row_a_call() -> None:
    """Every call with its values; what is unknown is empty."""
    found = rows(shop(3))
    assert tuple(found[0]) == COLUMNS
    assert len(found) == sum(entry["stage"] == "START" for entry in shop(3).entries)
    total = next(row for row in found if row["call_id"] == "6")
    assert (total["function"], total["result"], total["duration_ms"], total["error_type"]) == (
        "shop.models.Order.total",
        "0.0",
        "0.05",
        "",
    )
    unfinished = [row for row in found if row["finished"] == "False"]
    assert [(row["function"], row["duration_ms"], row["self_ms"]) for row in unfinished] == [
        ("shop.worker.handle", "", "")
    ]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=40))
def test_any_text_survives(text: str) -> None:
    """Separators and quotes in values come back as they were."""
    program = Recorder()
    program.leaf("app.main", "n=1", text)
    assert rows(program)[0]["result"] == text

"""Traces as Python objects."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from glimpse.entry import LogEntry
from glimpse.errors import GlimpseError, ReadError
from glimpse.traces.tree import Fold, Node
from glimpse.views import load
from tests.traces.recording import Recorder, shop


def test_entries_calls_tree(tmp_path: Path) -> None:
    """Each view reads the trace again; paths may be objects."""
    program = shop(10)
    trace = load(program.save(tmp_path / "t.jsonl"))
    assert list(trace) == [LogEntry.from_dict(entry) for entry in program.entries]
    assert {call.function for call in trace.calls(lambda call: call.failed)} == {
        "shop.mail.Mailer.send",
        "shop.mail.send_all",
    }
    roots = trace.tree()
    assert len(roots) == 5
    assert isinstance(roots[0], Node)
    assert [child.call.function for child in roots[0] if isinstance(child, Node)][0] == "shop.load.load_orders"  # noqa: RUF015
    assert any(isinstance(child, Fold) for root in trace.tree(fold=True) for child in next(iter(root)))  # type: ignore[arg-type, call-overload]
    assert trace.top()[0]["function"] == "shop.mail.Mailer.send"
    assert [failure.type for failure in trace.errors()] == ["ConnectionRefusedError"]


def test_nothing_there(tmp_path: Path) -> None:
    """A trace that cannot be read is said at once."""
    with pytest.raises(ReadError, match="no such file"):
        load(tmp_path / "t.jsonl")


def test_dataframe(tmp_path: Path) -> None:
    """A row for each call, with numbers as numbers and times as times."""
    pytest.importorskip("pandas")
    frame = load(shop(10).save(tmp_path / "t.jsonl")).to_dataframe()
    assert len(frame) == sum(entry["stage"] == "START" for entry in shop(10).entries)
    assert frame["duration_ms"].sum() > 0
    assert str(frame["timestamp"].dtype).startswith("datetime64")
    assert frame.loc[frame["call_id"] == 2, "function"].item() == "shop.load.load_orders"


def test_dataframe_of_unusual_numbers_and_times(tmp_path: Path) -> None:
    """Ids of more than 64 bits stay whole; a time that is none is missing, and nothing warns."""
    pytest.importorskip("pandas")
    program = Recorder()
    program.leaf("app.main")
    program.leaf("app.other")
    for entry in program.entries:
        entry["call_id"] += 1 << 64
    program.entries[0]["timestamp"] = program.entries[1]["timestamp"] = "yesterday"
    frame = load(program.save(tmp_path / "t.jsonl")).to_dataframe()
    assert list(frame["call_id"]) == [(1 << 64) + 1, (1 << 64) + 3]
    assert list(frame["timestamp"].isna()) == [True, False]


def test_without_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear error says what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(GlimpseError, match="pip install pandas"):
        load(shop(1).save(tmp_path / "t.jsonl")).to_dataframe()


def test_html_is_escaped(tmp_path: Path) -> None:
    """Nothing that a trace holds is markup in a notebook."""
    program = Recorder()
    program.leaf("app.<script>alert(1)</script>")
    html = load(program.save(tmp_path / "<b>.jsonl"))._repr_html_()
    assert "<script>" not in html
    assert "<b>.jsonl" not in html
    assert "app.&lt;script&gt;alert(1)&lt;/script&gt;" in html

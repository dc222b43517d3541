"""``glimpse top``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.traces.stats import COLUMNS
from tests.traces.recording import shop


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command prints."""
    assert main(["top", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table in 80 columns, what was left out, and what is unfinished."""
    text = run(capsys, shop(100).save(tmp_path / "t.jsonl"), "-n", 2)
    assert max(map(len, text.splitlines())) <= 80
    assert "… 9 more functions" in text
    assert text.endswith("1 call not finished, and not counted\n")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All functions, the promised keys, numbers as numbers."""
    rows = json.loads(run(capsys, shop(100).save(tmp_path / "t.jsonl"), "--json"))
    assert len(rows) == 11
    assert all(tuple(row) == COLUMNS for row in rows)
    assert {row["function"]: row["calls"] for row in rows}["shop.load.parse_item"] == 100


def test_order_and_filters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another order, only some functions, Markdown."""
    path = shop(100).save(tmp_path / "t.jsonl")
    rows = json.loads(run(capsys, path, "--json", "--sort", "calls", "-k", "shop.load", "-n", 2))
    assert [row["function"] for row in rows] == ["shop.load.parse_item", "shop.load.load_orders"]
    assert run(capsys, path, "--format", "md").startswith("| function | calls |")
    assert run(capsys, path, "-k", "nothing") == "No finished call is like that.\n"


def test_an_empty_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No calls yet is an answer."""
    path = tmp_path / "t.jsonl"
    path.touch()
    assert run(capsys, path) == "The trace has no finished calls yet.\n"
    assert run(capsys, path, "--json") == "[]\n"

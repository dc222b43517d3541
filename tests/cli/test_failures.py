"""``glimpse errors``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.traces.recording import Recorder, shop


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command prints."""
    assert main(["errors", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The most frequent kind first, each with its way, and a line about all."""
    text = run(capsys, shop(1000).save(tmp_path / "t.jsonl"))
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("ValueError: could not convert string to float: '12,50'                   3 times\n")
    assert "    └ load.load_orders(path='orders.csv', strict=False)" in text
    assert text.endswith("\n4 exceptions of 2 kinds\n")


def test_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left out is said."""
    text = run(capsys, shop(1000).save(tmp_path / "t.jsonl"), "-n", 1)
    assert "ConnectionRefusedError" not in text
    assert "… 1 more kind (-n 0 shows all)" in text


def test_json_markdown_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs and documents, and with tracebacks."""
    path = shop(1000).save(tmp_path / "t.jsonl")
    rows = json.loads(run(capsys, path, "--json"))
    assert [(row["type"], row["count"]) for row in rows] == [("ValueError", 3), ("ConnectionRefusedError", 1)]
    assert run(capsys, path, "--format", "md").startswith("### `ValueError: could not")
    assert "Traceback (most recent call last):" in run(capsys, path, "--traceback")


def test_filters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only exceptions of the calls that are chosen."""
    path = shop(1000).save(tmp_path / "t.jsonl")
    text = run(capsys, path, "-k", "parse_item", "--args", "'id': '37'")
    assert text.endswith("1 exception of 1 kind\n")
    assert run(capsys, path, "--service", "other") == "No exception is like that.\n"


def test_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program without failures."""
    program = Recorder()
    program.leaf("app.main")
    assert run(capsys, program.save(tmp_path / "t.jsonl")) == "No exceptions.\n"

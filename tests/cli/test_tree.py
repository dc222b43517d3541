"""``glimpse tree``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.traces.recording import Recorder, shop


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command prints."""
    assert main(["tree", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole tree in 80 columns, with the totals at its end."""
    text = run(capsys, shop(1000).save(tmp_path / "t.jsonl"))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "MainThread · pid 4711 · shop"
    assert " 199 ms  │ ├ … 996 more calls of parse_item, 199 ms ✗ 1 failed" in lines
    assert lines[-1] == "2,137 calls of 11 functions in 548 ms · 5 ended in an exception · 1 unfinished"


def test_all_shows_every_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is folded on request, and the number of those shown can be chosen."""
    path = shop(50).save(tmp_path / "t.jsonl")
    assert run(capsys, path, "--all").count("parse_item(") == 50
    assert run(capsys, path, "--keep", 10).count("parse_item(") == 11


def test_json_is_the_same_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Calls and folds in the order of the tree, with their levels; whole with --all."""
    path = shop(50).save(tmp_path / "t.jsonl")
    rows = json.loads(run(capsys, path, "--json"))
    assert [row["level"] for row in rows[:4]] == [1, 2, 3, 3]
    assert [row["folded"] for row in rows if "folded" in row][0] == 47  # noqa: RUF015
    everything = json.loads(run(capsys, path, "--json", "--all"))
    assert len(everything) == sum(entry["stage"] == "START" for entry in shop(50).entries)


def test_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nested lists."""
    text = run(capsys, shop(50).save(tmp_path / "t.jsonl"), "--format", "md")
    assert text.startswith("### `MainThread · pid 4711 · shop`\n\n- `shop.main.main(path='orders.csv')`")


def test_filters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is chosen, and the way to it."""
    path = shop(50).save(tmp_path / "t.jsonl")
    text = run(capsys, path, "-k", "parse_item", "--args", "'id': '7'")
    assert "in main › load_orders" in text
    assert text.count("parse_item(") == 1
    assert "Order.total(quantity=2)" in text
    assert run(capsys, path, "--error").count("✗") == 3
    assert run(capsys, path, "--thread", "nobody").startswith("No call is like that.\n")


def test_services(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of two services make one tree by their trace ids."""
    client = Recorder(pid=1, ids=True, service="web")
    server = Recorder(pid=1, ids=True, service="pay", start_us=client.now_us + 10)
    request = client.start("web.pay")
    server.end(server.start("pay.charge", trace_id=request["trace_id"], parent_span_id=request["span_id"]))
    client.spend(1)
    client.end(request)
    text = run(capsys, server.save(tmp_path / "b.jsonl"), client.save(tmp_path / "a.jsonl"))
    assert "└ [pay pid 1] pay.charge()" in text


def test_an_empty_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No calls yet is an answer."""
    path = tmp_path / "t.jsonl"
    path.touch()
    assert run(capsys, path) == "The trace has no calls yet.\n"
    assert run(capsys, path, "--json") == "[]\n"


def test_a_cut_trace_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a killed program left is shown, with a note on standard error."""
    path = shop(5).save(tmp_path / "t.jsonl")
    path.write_bytes(path.read_bytes()[:2000])
    assert main(["tree", str(path)]) == 0
    captured = capsys.readouterr()
    assert "▶ unfinished" in captured.out
    assert "1 entry is cut off" in captured.err


def test_a_deep_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Thousands of levels print as text, JSON and Markdown."""
    program = Recorder()
    for level in range(5_000):
        program.start(f"app.f{level % 30}")
    path = program.save(tmp_path / "t.jsonl")
    assert run(capsys, path).count("\n") == 5_003
    assert len(json.loads(run(capsys, path, "--json"))) == 5_000
    assert run(capsys, path, "--format", "md").count("- `") == 5_000

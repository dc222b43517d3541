"""``glimpse show``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.traces.recording import Recorder, shop


def test_a_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the number that the other commands show, with or without its sign."""
    path = str(shop(5).save(tmp_path / "t.jsonl"))
    assert main(["show", "2", path]) == 0
    text = capsys.readouterr().out
    assert text.startswith("#2 shop.load.load_orders\n")
    assert "called by\n  shop.main.main(path='orders.csv')  #1" in text
    assert main(["show", "#2", path]) == 0
    assert capsys.readouterr().out == text


def test_json_and_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list, since several processes may have the number; with the way and the calls below."""
    path = str(shop(5).save(tmp_path / "t.jsonl"))
    assert main(["show", "2", path, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [call["function"] for call in row["path"]] == ["shop.main.main"]
    assert row["children"][0]["function"] == "shop.load.open_csv"
    assert main(["show", "2", path, "--format", "md"]) == 0
    assert capsys.readouterr().out.startswith("## Call 2: ")


def test_numbers_of_any_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other writers may have their own, negative ones too."""
    for number in (1 << 64, -(1 << 70)):
        program = Recorder()
        program.leaf("app.main")
        for entry in program.entries:
            entry["call_id"] = entry["entry_id"] = number
        path = str(program.save(tmp_path / "t.jsonl"))
        assert main(["show", str(number), path]) == 0
        assert capsys.readouterr().out.startswith(f"#{number} app.main\n")


def test_a_process_chooses_among_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PID:NUMBER is one of several calls with the same number."""
    paths = []
    for pid in (1, 2):
        program = Recorder(pid=pid)
        program.leaf(f"app.of_{pid}")
        paths.append(str(program.save(tmp_path / f"{pid}.jsonl")))
    assert main(["show", "1", *paths]) == 0
    assert capsys.readouterr().out.count("#1 app.of_") == 2
    assert main(["show", "2:1", *paths]) == 0
    assert capsys.readouterr().out.startswith("#1 app.of_2\n")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("99999", "no call 99999 in "),
        ("x", "option CALL_ID: bad value 'x'; accepted: a number, or PID:NUMBER"),
        ("a:1", "a:1"),
    ],
)
def test_no_such_call(number: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One clear line."""
    assert main(["show", number, str(shop(5).save(tmp_path / "t.jsonl"))]) == 2
    assert message in capsys.readouterr().err


def test_options_between_the_call_and_the_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments come in any order."""
    path = str(shop(5).save(tmp_path / "t.jsonl"))
    assert main(["show", "1", path, "--json"]) == 0
    expected = capsys.readouterr().out
    for arguments in (["1", "--json", path], ["--json", "1", path]):
        assert main(["show", *arguments]) == 0
        assert capsys.readouterr().out == expected
    assert main(["tree", path, "--all", path]) == 0


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_a_call_far_below(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of tens of thousands of calls that led to it, the first and last are shown; for programs, all."""
    program = Recorder()
    for _ in range(20_000):
        program.start("app.down")
    path = str(program.save(tmp_path / "t.jsonl"))
    assert main(["show", "20000", path, "--format", form]) == 0
    text = capsys.readouterr().out
    if form == "json":
        assert len(json.loads(text)[0]["path"]) == 19_999
    else:
        assert "… 19,979 more calls" in text
        assert "#10\n" in text or "(#10)" in text
        assert "#19990" in text
        assert len(text) < 10_000

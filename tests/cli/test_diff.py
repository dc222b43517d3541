"""``glimpse diff``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.traces.recording import Recorder


def trace(path: Path, ms: float, *, fails: bool = False) -> str:
    """A trace of a function that takes so long."""
    program = Recorder()
    for number in range(40):
        program.leaf("app.work", f"n={number}", ms=ms + number / 1000)
    if fails:
        program.fail(program.start("app.work"), ValueError("bad"))
    return str(program.save(path))


def test_the_same_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing changed, and no limit is broken."""
    path = trace(tmp_path / "a.jsonl", 10)
    assert main(["diff", path, path, "--fail-on", "slower=20%,new-errors"]) == 0
    text = capsys.readouterr().out
    assert "No difference beyond noise.\n" in text
    assert text.endswith("ok slower=20%\nok new-errors\n")


def test_broken_limits_are_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 for CI if something is slower, or fails, that must not."""
    before, after = trace(tmp_path / "a.jsonl", 10), trace(tmp_path / "b.jsonl", 15, fails=True)
    assert main(["diff", before, after]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines()[1:])) <= 80
    assert "New errors: 1\n  ValueError: bad (1 time)\n    raised in app.work\n" in text
    assert main(["diff", before, after, "--fail-on", "slower=20%"]) == 1
    assert "✗ slower=20%: 1" in capsys.readouterr().out
    assert main(["diff", before, after, "--fail-on", "slower=60%"]) == 0
    assert main(["diff", before, after, "--fail-on", "new-errors"]) == 1
    assert main(["diff", after, before, "--fail-on", "slower=0%,new-errors"]) == 0


def test_json_and_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs and documents."""
    before, after = trace(tmp_path / "a.jsonl", 10), trace(tmp_path / "b.jsonl", 20)
    assert main(["diff", before, after, "--json", "--fail-on", "slower=20%"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [change["kind"] for change in found["changes"]] == ["slower"]
    assert found["failed_on"] == ["slower"]
    assert found["before"]["calls"] == 40
    assert main(["diff", before, after, "--format", "md"]) == 0
    assert "| slower | `app.work` |" in capsys.readouterr().out


def test_filters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only some functions are compared."""
    before, after = trace(tmp_path / "a.jsonl", 10), trace(tmp_path / "b.jsonl", 20)
    assert main(["diff", before, after, "-k", "other"]) == 0
    assert "0 → 0 calls" in capsys.readouterr().out

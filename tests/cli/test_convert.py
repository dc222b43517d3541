"""``glimpse convert``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.entry import LogEntry
from glimpse.views.sources import recognise
from tests.traces.recording import Recorder, shop


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.db", "t.journal", "t.jsonl.gz", "t.ndjson"])
def test_there_and_back(name: str, tmp_path: Path) -> None:
    """Every format holds every entry as it was."""
    program = shop(20)
    source, target, back = program.save(tmp_path / "in.jsonl"), tmp_path / name, tmp_path / "back.jsonl"
    assert main(["convert", str(source), str(target)]) == 0
    assert main(["convert", str(target), str(back)]) == 0
    lines = [json.loads(line) for line in back.read_text(encoding="utf-8").splitlines()]
    key = lambda entry: entry["entry_id"]  # noqa: E731 - used twice, here only
    assert sorted(lines, key=key) == [LogEntry.from_dict(entry).to_dict() for entry in program.entries]
    left = {path.name for path in tmp_path.iterdir() if not path.name.endswith(("-wal", "-shm"))}
    assert left == {"in.jsonl", name, "back.jsonl"}


def test_packed(tmp_path: Path) -> None:
    """A name that ends in .gz is packed."""
    target = tmp_path / "t.jsonl.gz"
    assert main(["convert", str(shop(2).save(tmp_path / "in.jsonl")), str(target)]) == 0
    assert gzip.decompress(target.read_bytes()).startswith(b'{"entry_id":1')


def test_several_become_one(tmp_path: Path) -> None:
    """Merged by time."""
    names = []
    for pid in (1, 2):
        program = Recorder(pid=pid)
        program.leaf("app.main", ms=pid)
        names.append(str(program.save(tmp_path / f"{pid}.jsonl")))
    assert main(["convert", *names, str(tmp_path / "all.jsonl")]) == 0
    assert [record["pid"] for record in recognise(str(tmp_path / "all.jsonl")).records()] == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("target", "more", "message"),
    [
        ("out.txt", [], "the name does not say which format"),
        ("out.txt", ["--to", "xml"], "option --to: bad value 'xml'"),
        ("out.db.gz", [], "sqlite cannot be packed"),
        ("in.jsonl", [], "exists; --force overwrites it"),
    ],
)
def test_bad_targets(
    target: str, more: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear line, and nothing is written."""
    source = shop(2).save(tmp_path / "in.jsonl")
    assert main(["convert", str(source), str(tmp_path / target), *more]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_bad_source_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A source that turns out to be something else leaves no half-written target."""
    source = tmp_path / "in.jsonl"
    source.write_text('{"a": 1}\n')
    assert main(["convert", str(source), str(tmp_path / "out.jsonl")]) == 2
    assert "not a Glimpse trace" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]

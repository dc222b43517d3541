"""``glimpse export``."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.views.exports import EXPORTS
from tests.traces.recording import Recorder, shop


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command prints."""
    assert main(["export", *map(str, arguments)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", EXPORTS)
def test_to_a_file_or_standard_output(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same either way; a file is not overwritten unasked."""
    path, out = shop(5).save(tmp_path / "t.jsonl"), tmp_path / "out"
    text = run(capsys, "--to", name, path)
    assert run(capsys, "--to", name, path, "-o", out) == ""
    assert out.read_text(encoding="utf-8") == text
    assert main(["export", "--to", name, str(path), "-o", str(out)]) == 2
    assert "exists; --force overwrites it" in capsys.readouterr().err
    assert run(capsys, "--to", name, path, "-o", out, "--force") == ""
    assert run(capsys, "--to", name, path, "-o", "-") == text


def test_sqlite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A database that the readers take, whole or with an error."""
    path, out = shop(5).save(tmp_path / "t.jsonl"), tmp_path / "t.db"
    assert run(capsys, "--to", "sqlite", path, "-o", out) == ""
    assert main(["top", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 11
    for output in ([], ["-o", "-"]):
        assert main(["export", "--to", "sqlite", str(path), *output]) == 2
        assert "add -o FILE" in capsys.readouterr().err


def test_a_selection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Chosen calls bring what is below them."""
    path = shop(5).save(tmp_path / "t.jsonl")
    rows = list(
        csv.DictReader(io.StringIO(run(capsys, "--to", "csv", path, "-k", "parse_item", "--args", "'id': '3'")))
    )
    assert [row["function"] for row in rows] == ["shop.models.Order.total", "shop.load.parse_item"]
    rows = list(csv.DictReader(io.StringIO(run(capsys, "--to", "csv", path, "--min-duration", "100ms"))))
    assert {row["function"] for row in rows if row["finished"] == "True"} == {
        "shop.main.main", "shop.mail.Mailer.send", "shop.mail.send_all",
    }  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_selection_keeps_the_nesting(
    packed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls chosen by how they ended stand below the chosen calls that made them, also from standard input."""
    path = shop(5).save(tmp_path / "t.jsonl")
    if packed:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    text = run(capsys, "--to", "folded", "-" if packed else path, "--min-duration", "100ms")
    paths = {line.rpartition(" ")[0].partition(";")[2] for line in text.splitlines()}
    assert "shop.main.main;shop.mail.send_all;shop.mail.Mailer.send" in paths
    assert not any(each.startswith("shop.mail") for each in paths)


def test_damage_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that is read twice has its damage told as it is."""
    path = shop(5).save(tmp_path / "t.jsonl")
    path.write_bytes(b"rubbish\n" + path.read_bytes())
    notes = []
    for arguments in ([], ["--error"]):
        assert main(["export", "--to", "csv", str(path), *arguments]) == 0
        notes.append(capsys.readouterr().err)
    assert notes[0] == notes[1] != ""


@pytest.mark.parametrize("name", EXPORTS)
def test_text_that_utf_8_cannot_hold(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lone surrogates are escaped, in files and on standard output."""
    program = Recorder()
    program.leaf("app.\ud800", args="x='\udfff'")
    path, out = str(tmp_path / "t.json"), tmp_path / "out"
    Path(path).write_text(json.dumps(program.entries), encoding="ascii")
    run(capsys, "--to", name, path, "-o", out)
    assert "d800" in out.read_bytes().decode()
    done = subprocess.run(
        [sys.executable, "-m", "glimpse", "export", "--to", name, path],
        capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.stdout.replace(b"\r\n", b"\n") == out.read_bytes()


def test_a_format_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """One clear line with the nearest."""
    assert main(["export", "--to", "crome"]) == 2
    assert "did you mean 'chrome'?" in capsys.readouterr().err

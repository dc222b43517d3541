"""``glimpse tail``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.entry import LogEntry
from glimpse.views.sources import writer_class
from tests.traces.recording import shop


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command prints."""
    assert main(["tail", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_the_last_entries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten of them, or as many as asked for, from any format."""
    path = shop(20).save(tmp_path / "t.jsonl")
    entries = [json.loads(line) for line in run(capsys, path, "--json").splitlines()]
    assert [entry["entry_id"] for entry in entries] == [entry["entry_id"] for entry in shop(20).entries[-10:]]
    array = tmp_path / "t.json"
    array.write_text(json.dumps(shop(20).entries))
    assert run(capsys, array) == run(capsys, path)
    assert run(capsys, path, "-n", 1).endswith("← main 353 ms → None                                            #1\n")


def test_filters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last ones of those chosen."""
    path = shop(20).save(tmp_path / "t.jsonl")
    text = run(capsys, path, "-n", 2, "--error")
    assert text.count("✗ ConnectionRefusedError") == 2


def test_what_is_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is an error, unless there is nothing in it, or nothing that was asked for."""
    path = tmp_path / "t.jsonl"
    path.write_text("hello\nworld\n")
    for arguments in ([], ["-f"]):
        assert main(["tail", str(path), *arguments]) == 2
        assert "not a Glimpse trace: no entry in it; line 1 begins 'hello'" in capsys.readouterr().err
    path.write_text("")
    assert run(capsys, path) == ""
    assert run(capsys, shop(2).save(path), "-k", "nothing.like.that") == ""


def test_what_cannot_be_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be read once only, said in one line."""
    path = str(shop(2).save(tmp_path / "t.jsonl"))
    for traces in ([path, "-"], ["-"]):
        assert main(["tail", "-f", *traces]) == 2
        assert "what is packed or comes through a pipe cannot be followed" in capsys.readouterr().err


def follow(path: Path) -> list[str]:
    """The command that follows a trace."""
    return [sys.executable, "-m", "glimpse", "tail", "-f", "--json", str(path)]


def test_following_a_database(tmp_path: Path) -> None:
    """Entries show up once each, the last ones first, then those that are added."""
    path = tmp_path / "t.db"
    entries = [LogEntry.from_dict(entry) for entry in shop(2).entries]
    writer = writer_class("sqlite")(db_path=str(path))
    writer.write_batch(entries[:20])
    with subprocess.Popen(follow(path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())["entry_id"] for _ in range(10)]
        writer.write_batch(entries[20:24])
        seen += [json.loads(process.stdout.readline())["entry_id"] for _ in range(4)]
        process.kill()
    writer.close()
    assert seen == list(range(11, 25))


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C")
def test_following_a_program(tmp_path: Path) -> None:
    """Entries show up as they are written, from before the file exists until Ctrl-C."""
    lines = shop(2).save(tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    path = tmp_path / "t.jsonl"
    with subprocess.Popen(follow(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "waiting for" in process.stderr.readline()
        with path.open("a") as file:
            for line in lines[:6]:
                file.write(line)
                file.flush()
                assert json.loads(process.stdout.readline()) == json.loads(line)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == ""

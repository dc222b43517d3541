"""``glimpse tail``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

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


WRITES = """
import sys, time
from glimpse import Config, Tracer, TracingPolicy
dest, option, path = sys.argv[1:]
tracer = Tracer(Config(dest=dest, params={option: path}, flush_interval=0.05), TracingPolicy())

@tracer.trace_function
def outer():
    for number in range(1_000_000):
        inner(number)
        time.sleep(0.002)

@tracer.trace_function
def inner(number):
    return number

outer()
"""
"""A program that never ends, and whose first call is open all the time."""


def entries_of(process: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    """So many entries that a command shows."""
    assert process.stdout is not None
    return [json.loads(process.stdout.readline()) for _ in range(count)]


def left(process: subprocess.Popen[str]) -> tuple[list[dict[str, Any]], int, str]:
    """The rest of the entries that a command shows, its exit code and what it says beside them."""
    assert process.stdout is not None
    assert process.stderr is not None
    return [json.loads(line) for line in process.stdout], process.wait(60), process.stderr.read()


@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C")
@pytest.mark.parametrize("dest", ["jsonl", "json", "sqlite", "journal"])
def test_following_a_program_that_writes(dest: str, tmp_path: Path) -> None:
    """Each entry once and in order: from before there is a file, and from the middle; until the program is killed."""
    path = tmp_path / "trace"
    option = "db_path" if dest == "sqlite" else "log_path"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(follow(path), **pipes) as early:
        assert early.stderr is not None
        assert "waiting for" in early.stderr.readline()
        program = subprocess.Popen([sys.executable, "-c", WRITES, dest, option, str(path)])
        try:
            seen = entries_of(early, 60)
            with subprocess.Popen([*follow(path), "-k", "inner"], **pipes) as late:
                more = entries_of(late, 60)
                program.kill()
                late.send_signal(signal.SIGINT)
                assert left(late)[1:] == (130, "")
        finally:
            program.kill()
            program.wait()
        early.send_signal(signal.SIGINT)
        rest, *ended = left(early)
    assert ended == [130, ""]
    seen += rest
    numbers = [entry["entry_id"] for entry in seen]
    assert numbers == list(range(1, len(seen) + 1))
    assert {entry["parent_id"] for entry in seen[1:]} == {1}
    first = more[0]["entry_id"]
    assert [entry["entry_id"] for entry in more] == list(range(first, first + 60))


def test_several_at_once(tmp_path: Path) -> None:
    """Files of different formats are followed together, in the order of time; the last ones are those of all."""
    path, database = tmp_path / "t.jsonl", tmp_path / "t.db"
    lines = shop(2).save(path).read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:30]))
    entries = [LogEntry.from_dict(entry) for entry in shop(2).entries]
    writer = writer_class("sqlite")(db_path=str(database))
    writer.write_batch(entries[:20])
    command = [*follow(path), str(database), "-n", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert [entry["entry_id"] for entry in entries_of(process, 4)] == [27, 28, 29, 30]
        writer.write_batch(entries[20:24])
        assert [entry["entry_id"] for entry in entries_of(process, 4)] == [21, 22, 23, 24]
        with path.open("a") as file:
            file.write(lines[30])
        assert [entry["entry_id"] for entry in entries_of(process, 1)] == [31]
        process.kill()
    writer.close()


@pytest.mark.skipif(sys.platform == "win32", reason="asks the pipe")
def test_whoever_reads_goes(tmp_path: Path) -> None:
    """The command ends quietly, though nothing comes that it could fail to write."""
    path = shop(2).save(tmp_path / "t.jsonl")
    with subprocess.Popen(follow(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert len(entries_of(process, 10)) == 10
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


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

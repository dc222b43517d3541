"""The front of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glimpse.cli import main
from glimpse.cli.front import COMMANDS
from tests.traces.recording import shop


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments, with --help and with help, the commands are listed within 80 columns."""
    for arguments in ([], ["--help"], ["-h"], ["help"]):
        assert main(arguments) == 0
        text = capsys.readouterr().out
        assert all(f"  {name} " in text for name in COMMANDS)
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Help ends with examples, asked for either way, and fits the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"glimpse {command} " in text.partition("examples:")[2]
    assert max(map(len, text.splitlines())) <= 80
    assert main(["help", command]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tre"], "no command 'tre'; did you mean 'tree'?"),
        (["frobnicate"], "no command 'frobnicate'; commands: run, init"),
        (["tree", "--fuction", "x"], "unknown argument '--fuction'; did you mean --function?"),
        (["tree", "--min-duration", "fast"], "option --min-duration: bad duration 'fast'; accepted:"),
        (["tree", "--since", "soon"], "option --since: bad time 'soon'; accepted:"),
        (["tree", "--format", "xml"], "option --format: bad value 'xml'; accepted: text, md, json"),
        (["tree", "--color", "pink"], "option --color: bad value 'pink'; accepted: auto, always, never"),
        (["tree", "--width", "-3"], "option --width: bad value '-3'"),
        (["tree", "--width"], "argument --width: expected one argument"),
        (["tree", "--pid", "x"], "option --pid: bad value 'x'; accepted: a whole number from 0"),
        (["tree", "--depth", "0"], "option --depth: bad value '0'; accepted: a whole number from 1"),
        (["top", "--sort", "speed"], "option --sort: bad value 'speed'; accepted: self, total"),
        (["top", "-n", "many"], "option -n: bad value 'many'"),
        (["tree", "missing.jsonl"], "missing.jsonl: no such file or directory"),
        (["show"], "the following arguments are required: CALL_ID"),
        (["diff", "only-one"], "the following arguments are required: AFTER"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing on standard output, and one line that names what is wrong."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("glimpse: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version stands alone."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("glimpse ")


@given(
    command=st.sampled_from(("tree", "top", "errors", "tail", "show 1", "export --to csv")),
    data=st.binary(max_size=400),
)
@example(command="tree", data=b'[{"entry_id":1')
@example(command="top", data=b"SQLite format 3\x00" + b"\0" * 100)
@example(command="tree", data=b"glimpse-journal 1\n\xf5E")
@example(command="errors", data=b"\x1f\x8b\x08\x00broken")
@example(command="top", data=b"[" * 5000)
@example(command="errors", data=b'{"stage":"EXCEPTION"}\n' * 3)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rubbish_is_refused_or_empty(
    command: str, data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file makes a command fail with anything but one clear line."""
    path = tmp_path / "rubbish"
    path.write_bytes(data)
    name, *rest = command.split()
    assert main([name, *rest, str(path)]) in {0, 2}
    captured = capsys.readouterr()
    assert captured.err.count("\n") <= 2
    assert "Traceback" not in captured.err


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_trace_is_read_as_far_as_possible(
    data: st.DataObject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes changed, cut or inserted anywhere: an answer, or one clear line; never control characters."""
    text = bytearray(shop(3).save(tmp_path / "good.jsonl").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        begin = data.draw(st.integers(0, len(text)))
        text[begin : begin + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=20))
    path = tmp_path / "damaged.jsonl"
    path.write_bytes(text)
    for command in ("tree", "top", "errors"):
        assert main([command, str(path)]) in {0, 2}
        out = capsys.readouterr().out
        assert not [character for character in out if character < " " and character != "\n"]


def glimpse(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "glimpse", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    """A reader that has seen enough ends the command without a message."""
    path = shop(3000).save(tmp_path / "t.jsonl")
    command = [sys.executable, "-m", "glimpse", "tree", "--all", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 0
    assert errors == b""


def test_standard_input(tmp_path: Path) -> None:
    """A dash reads what is piped in."""
    path = shop(3).save(tmp_path / "t.jsonl")
    done = glimpse("top", "-", "-n", "1", input=path.read_text())
    assert (done.returncode, done.stderr) == (0, "")
    assert "shop.mail.Mailer.send" in done.stdout


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    """Where the stream cannot encode a character, lines are ASCII and values are escaped."""
    path = shop(3).save(tmp_path / "t.jsonl")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = glimpse("tree", str(path), env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "| |- " in done.stdout or "|" in done.stdout
    assert done.stdout.isascii()


def test_only_what_a_command_needs_is_imported(tmp_path: Path) -> None:
    """Starting a reader loads neither the rewriter nor the other commands."""
    path = shop(3).save(tmp_path / "t.jsonl")
    script = (
        "import sys; from glimpse.cli import main; main(['top', sys.argv[1]]);"
        "bad = {'libcst', 'asyncio', 'glimpse.tracer', 'glimpse.cli.tree', 'sqlite3', 'ast'} & set(sys.modules);"
        "sys.exit(str(bad) if bad - {'ast'} else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

"""``glimpse run``: programs run as a user runs them, and what stands on the terminal afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glimpse.cli.run import split_arguments
from tests.support import Run, assert_complete, run_python, write_files, write_policy
from tests.support.process import clean_environment

PROGRAM = """
    import sys, os

    def greet(name):
        return f"hello {name}"

    def main(arguments):
        print(greet("you"), arguments, __name__, __spec__, os.path.basename(sys.argv[0]))
        if "fail" in arguments:
            raise LookupError("no such thing")
        if "exit" in arguments:
            sys.exit(5)

    main(sys.argv[1:])
"""


def glimpse(*arguments: str | Path, cwd: Path, expect: int | None = 0, env: dict[str, str] | None = None) -> Run:
    """Run the command line in a process of its own."""
    run = run_python("-m", "glimpse", *arguments, cwd=cwd, expect=expect, env=env or {})
    assert_complete(run.entries)
    return run


def test_script_with_policy(tmp_path: Path) -> None:
    """The script gets its arguments, and the summary says how much, what stood out and where it is."""
    write_files(tmp_path, {"app.py": PROGRAM})
    write_policy(tmp_path, "app")
    run = glimpse("run", "app.py", "--level", "-x", "a b", cwd=tmp_path)
    assert run.stdout == "hello you ['--level', '-x', 'a b'] __main__ None app.py\n"
    pattern = r"glimpse: 4 entries, 2 functions, 0 errors, slowest __main__\.main [\d.]+ .s; in (.*)\n"
    found = re.fullmatch(pattern, run.stderr)
    assert found, run.stderr
    assert found[1] == str(tmp_path / "glimpse.jsonl")
    assert [entry["function"] for entry in run.entries if entry["stage"] == "START"] == [
        "__main__.main",
        "__main__.greet",
    ]


def test_without_policy(tmp_path: Path) -> None:
    """Without a policy, what lies beside the script is recorded, and a note says so."""
    write_files(tmp_path, {"code/app.py": "import helper\nhelper.f()\n", "code/helper.py": "def f(): return 1\n"})
    run = glimpse("run", "code/app.py", cwd=tmp_path)
    note, summary = run.stderr.splitlines()
    assert note == "glimpse: no policy file found; recording app, helper (see glimpse init)"
    assert "1 function" in summary
    assert [entry["function"] for entry in run.entries] == ["helper.f", "helper.f"]


def test_module(tmp_path: Path) -> None:
    """A module with arguments, as ``python -m`` runs it."""
    write_files(
        tmp_path, {"tool/__init__.py": "", "tool/__main__.py": "import sys\ndef f(): print(sys.argv[1:])\nf()\n"}
    )
    run = glimpse("run", "-q", "-m", "tool", "-m", "x", cwd=tmp_path)
    assert run.stdout == "['-m', 'x']\n"
    assert run.stderr == "glimpse: no policy file found; recording tool (see glimpse init)\n"
    assert [entry["function"] for entry in run.entries] == ["__main__.f", "__main__.f"]


def test_any_program(tmp_path: Path) -> None:
    """After ``--``, any program: the Python processes in it are recorded, and counted together."""
    write_files(tmp_path, {"a.py": "def f(): return 1\nf()\n"})
    write_policy(tmp_path, "a")
    script = f'"{sys.executable}" a.py; "{sys.executable}" a.py'
    run = glimpse("run", "--", "sh", "-c", script, cwd=tmp_path)
    assert "glimpse: 4 entries of 2 processes, 1 function" in run.stderr
    assert len({entry["pid"] for entry in run.entries}) == 2


@pytest.mark.parametrize(("how", "code"), [("fail", 1), ("exit", 5)])
def test_program_that_fails(tmp_path: Path, how: str, code: int) -> None:
    """Exit code and traceback are the program's own, and its trace is complete."""
    write_files(tmp_path, {"app.py": PROGRAM})
    write_policy(tmp_path, "app")
    plain = run_python("app.py", how, cwd=tmp_path, expect=code)
    traced = glimpse("run", "app.py", how, cwd=tmp_path, expect=code)
    assert traced.stdout == plain.stdout
    *own, summary = traced.stderr.splitlines()
    assert own == plain.stderr.splitlines()
    assert "1 error," in summary
    assert traced.entries[-1]["stage"] == "EXCEPTION"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_program_that_a_signal_ends(tmp_path: Path) -> None:
    """What we are sent goes to the program, and whoever started us sees the end that it had."""
    text = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
    write_files(tmp_path, {"app.py": text + "print('go', flush=True)\ntime.sleep(60)\n", "bad.py": KILLED})
    write_policy(tmp_path, "app", "bad")
    command = [sys.executable, "-m", "glimpse", "run", "-q"]
    with subprocess.Popen(
        [*command, "app.py"], cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        process.terminate()
        assert process.wait(30) == 9
    command[-1:] = ["bad.py"]
    killed = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert "no process lived to count its entries" in killed.stderr


KILLED = """
import os, signal, time
def work(): return 1
work()
time.sleep(1)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.once
def test_where_it_is_written(tmp_path: Path) -> None:
    """``--out`` names the file of any destination that has one; programs that change their folder write there too."""
    text = "import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')\ndef f(): return 1\nf()\n"
    write_files(tmp_path, {"app.py": text})
    write_policy(tmp_path, "app")
    glimpse("run", "-o", "own.jsonl", "app.py", cwd=tmp_path)
    glimpse("run", "--dest", "json", "--out", "own.json", "app.py", cwd=tmp_path)
    glimpse("run", "--dest", "sqlite", "-o", "own.db", "app.py", cwd=tmp_path)
    run = glimpse("run", "app.py", cwd=tmp_path)
    assert len((tmp_path / "own.jsonl").read_text().splitlines()) == 2
    assert len(json.loads((tmp_path / "own.json").read_text())) == 2
    assert (tmp_path / "own.db").read_bytes().startswith(b"SQLite format 3")
    assert len(run.entries) == 2
    assert not list((tmp_path / "sub").iterdir())


@pytest.mark.once
def test_second_run_is_summed_up_alone(tmp_path: Path) -> None:
    """The summary is about this run, also where the file holds an earlier one."""
    write_files(tmp_path, {"app.py": PROGRAM})
    write_policy(tmp_path, "app")
    glimpse("run", "app.py", "fail", cwd=tmp_path, expect=1)
    run = glimpse("run", "app.py", cwd=tmp_path)
    assert "4 entries, 2 functions, 0 errors" in run.stderr
    assert len(run.entries) == 8


def test_nothing_recorded(tmp_path: Path) -> None:
    """That nothing was recorded is said, with a way to find out why."""
    write_files(tmp_path, {"app.py": "print('runs')\n"})
    write_policy(tmp_path, "elsewhere")
    run = glimpse("run", "app.py", cwd=tmp_path)
    assert run.stdout == "runs\n"
    assert run.stderr == ("glimpse: nothing was recorded: no included function was called (see glimpse explain NAME)\n")


def test_project_configuration_of_the_script(tmp_path: Path) -> None:
    """``pyproject.toml`` is that of the script's project, not that of where the command is run or installed."""
    table = '[tool.glimpse]\nlevel = "ERROR"\nparams = {log_path = "project.jsonl"}\n'
    write_files(tmp_path, {"project/pyproject.toml": table, "project/app.py": PROGRAM})
    run = glimpse("run", "project/app.py", "fail", cwd=tmp_path, expect=1)
    log = tmp_path / "project/project.jsonl"
    assert str(log) in run.stderr
    assert [json.loads(line)["stage"] for line in log.read_text().splitlines()] == ["EXCEPTION"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "nothing to run"),
        (["run", "absent.py"], "no script 'absent.py'"),
        (["run", "sh"], "write: glimpse run -- sh"),
        (["run", "--", "surely-absent"], "no program 'surely-absent' on PATH"),
        (["run", "--"], "after --, a program is wanted"),
        (["run", "-m"], "a module is wanted"),
        (["run", "--levl", "INFO", "app.py"], "did you mean --level?"),
        (["run", "--level", "LOUD", "app.py"], "option --level: bad value 'LOUD'; accepted: DEBUG, INFO, ERROR"),
        (["run", "--dest", "jsnol", "app.py"], "did you mean 'jsonl'?"),
        (["run", "--policy", "absent.json", "app.py"], "absent.json"),
        (["run", "--policy", "p.json", "-i", "app", "app.py"], "either --policy or --include"),
        (["run", "-i", "not a name", "app.py"], "not a name"),
        (["run", "--dest", "mongo", "-o", "x", "app.py"], "option --out"),
    ],
)
def test_bad_input(tmp_path: Path, arguments: list[str], said: str) -> None:
    """One line says what is wrong, nothing is run, and the exit code is 2."""
    write_files(tmp_path, {"app.py": "print('run')\n", "p.json": "{}"})
    run = glimpse(*arguments, cwd=tmp_path, expect=2)
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert said in run.stderr


def test_arguments_are_split_at_the_program() -> None:
    """Our options end where the program begins, whatever its own look like."""
    assert split_arguments(["-q", "--dest", "json", "a.py", "-q"]) == (["-q", "--dest", "json"], ["a.py", "-q"])
    assert split_arguments(["--dest=json", "-m", "mod", "-m"]) == (["--dest=json", "-m"], ["mod", "-m"])
    assert split_arguments(["-i", "shop", "--", "prog", "--"]) == (["-i", "shop"], ["--", "prog", "--"])
    assert split_arguments(["--help"]) == (["--help"], [])


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_interrupt_from_the_terminal(tmp_path: Path) -> None:
    """Ctrl-C reaches the program once; we wait for what it does about it and sum up."""
    text = """
        import time
        def work():
            try:
                print("go", flush=True)
                for _ in range(600):  # a signal just before a long sleep would wait for its end
                    time.sleep(0.1)
            except KeyboardInterrupt:
                time.sleep(0.2)
                print("cleaned up", flush=True)
        work()
    """
    write_files(tmp_path, {"app.py": text})
    write_policy(tmp_path, "app")
    command = [sys.executable, "-m", "glimpse", "run", "app.py"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(), stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "cleaned up\n")
    assert error.startswith("glimpse: 2 entries")

"""Recording through forks, exits and threads, in processes of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.entries import assert_complete
from tests.support.process import run_python
from tests.support.project import write_files

APP = """
    import os, sys, threading

    def work(n):
        return n * 2

    def stop(code):
        sys.exit(code)

    def boom():
        raise RuntimeError("over")

    def endless():
        while True:
            yield work(1)
"""
START = """
    import glimpse, os, sys, threading, time
    glimpse.install(glimpse.TracingPolicy(included_packages=["app"]), glimpse.Config(params={"log_path": "log.jsonl"}))
    import app
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module to trace."""
    return write_files(tmp_path, {"app.py": APP})


def run(folder: Path, code: str, expect: int | None = 0) -> list[dict[str, object]]:
    """The entries of a program that installs the hook, imports ``app`` and goes on with ``code``."""
    ran = run_python(cwd=folder, code=dedent(START) + dedent(code), log="log.jsonl", expect=expect)
    assert "glimpse" not in ran.stderr
    return ran.entries


@pytest.mark.parametrize(
    ("code", "exit_code", "calls"),
    [
        ("app.work(1)", 0, 1),
        ("app.work(1); app.stop(3)", 3, 2),
        ("app.work(1); app.boom()", 1, 2),
        ("import atexit; atexit.register(app.work, 1)", 0, 1),
        ("t = threading.Thread(target=app.work, args=(1,)); t.start()", 0, 1),
        ("held = app.endless(); next(held)", 0, 2),
        (
            "import signal; signal.signal(15, lambda *a: sys.exit(0)); app.work(1); os.kill(os.getpid(), 15)",
            0,
            1,
        ),
    ],
    ids=["end", "sys.exit", "exception", "atexit", "thread", "suspended generator", "handled SIGTERM"],
)
def test_every_way_out_leaves_a_complete_trace(folder: Path, code: str, exit_code: int, calls: int) -> None:
    """Each START has its end, however the program ended."""
    entries = run(folder, code, exit_code)
    assert_complete(entries)
    assert sum(entry["stage"] == "START" for entry in entries) == calls


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_neither_loses_nor_doubles_entries(folder: Path) -> None:
    """What was in the buffer at the fork is written once, by the parent; the child goes on under its own pid."""
    entries = run(
        folder,
        """
        app.work(1)
        for number in range(3):
            child = os.fork()
            if not child:
                app.work(10 + number)
                sys.exit(0)
            os.waitpid(child, 0)
        app.work(2)
        """,
    )
    starts = [entry["args"] for entry in entries if entry["stage"] == "START"]
    assert sorted(starts) == sorted(["work(n=1)", "work(n=10)", "work(n=11)", "work(n=12)", "work(n=2)"])
    assert len({entry["pid"] for entry in entries}) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_sees_no_thread_of_ours(folder: Path) -> None:
    """From 3.12 on the interpreter warns of forking beside threads: there is nothing to warn of."""
    run(
        folder,
        """
        import warnings; warnings.simplefilter("error")
        app.work(1); time.sleep(0.3)
        child = os.fork()
        if not child:
            os._exit(0)
        sys.exit(os.waitpid(child, 0)[1])
        """,
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_children_lose_nothing(folder: Path, method: str) -> None:
    """A worker process ends without the interpreter's exit functions; its entries are written all the same."""
    if sys.platform == "win32" and method != "spawn":
        pytest.skip("needs fork")
    write_files(
        folder,
        {
            "main.py": f"""
            import multiprocessing
            import app

            if __name__ == "__main__":
                context = multiprocessing.get_context({method!r})
                worker = context.Process(target=app.work, args=(21,))
                worker.start()
                worker.join()
            """,
            "glimpse-policy.json": '{"version": "1.0", "included_packages": ["app"]}',
        },
    )
    ran = run_python("main.py", cwd=folder, env={"GLIMPSE_AUTO": "1", "PYTHONPATH": str(folder)})
    assert [entry["args"] for entry in ran.entries if entry["stage"] == "START"] == ["work(n=21)"]
    assert_complete(ran.entries)


def test_what_was_flushed_survives_a_kill(folder: Path) -> None:
    """After the flush interval, entries are on disk; a kill leaves whole lines."""
    entries = run(folder, "app.work(1); time.sleep(0.6); app.work(2); os.kill(os.getpid(), 9)", expect=-9)
    assert [entry["args"] for entry in entries if entry["stage"] == "START"][:1] == ["work(n=1)"]

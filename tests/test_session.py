"""Recording through forks, exits and threads, in processes of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import glimpse
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
    code = """
        import warnings
        warnings.simplefilter("always")
        os.waitpid(os.fork() or os._exit(0), 0)
        for number in range(3):
            app.work(number)
            time.sleep(0.3)
            os.waitpid(os.fork() or os._exit(0), 0)
            os.waitpid(os.fork() or app.work(10) and os._exit(0), 0)
        """
    ran = run_python(cwd=folder, code=dedent(START) + dedent(code), log="log.jsonl")
    assert ran.stderr == ""
    assert sum(entry["stage"] == "END" for entry in ran.entries if entry["args"] != "work(n=10)") == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("event", ["app.work(7)", "next(held)"], ids=["call", "generator"])
def test_after_a_fork_entries_are_written_in_time(folder: Path, event: str) -> None:
    """What comes next is on disk after the flush interval, in the call that forked as in a new one."""
    code = f"""
        held = app.endless(); next(held)
        for _ in range(2):
            os.waitpid(os.fork() or os._exit(0), 0)
        before = os.path.getsize("log.jsonl")
        {event}
        deadline = time.monotonic() + 60
        while os.path.getsize("log.jsonl") == before:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        held.close()
        """
    entries = run(folder, code)
    assert_complete(entries)
    assert len({(entry["pid"], entry["thread"]) for entry in entries}) == 1


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


@pytest.mark.parametrize(
    ("way", "dest"), [("run", "jsonl"), ("auto", "jsonl"), ("auto", "json"), ("auto", "sqlite"), ("auto", "journal")]
)
def test_entries_at_debug_name_the_file_of_script_and_modules(folder: Path, way: str, dest: str) -> None:
    """Also what is written when the script has ended, and the interpreter has taken its ``__file__`` away."""
    write_files(folder, {"script.py": "import app\n\ndef main(n):\n    return app.work(n)\n\nmain(2)\n"})
    env = {"GLIMPSE_INCLUDE": "script,app", "GLIMPSE_LEVEL": "DEBUG", "GLIMPSE_DEST": dest}
    if way == "run":
        run_python("-m", "glimpse", "run", "script.py", cwd=folder, env=env)
    else:
        run_python("script.py", cwd=folder, env={**env, "GLIMPSE_AUTO": "1"})
    trace = "glimpse.db" if dest == "sqlite" else f"glimpse.{dest}"
    entries = list(glimpse.load(folder / trace).entries())
    script = ("__main__.main", str(folder / "script.py"), 3)
    module = ("app.work", str(folder / "app.py"), 4)
    assert [(entry.function, entry.file, entry.line) for entry in entries] == [script, module, module, script]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_files_at_debug_in_the_child_of_a_fork(folder: Path) -> None:
    """A journal is read process by process: each says the files of its modules, those from before the fork too."""
    code = """
        import glimpse, os
        policy = glimpse.TracingPolicy(included_packages=["app", "late"])
        glimpse.install(policy, glimpse.Config(dest="journal", level="DEBUG"))
        import app
        app.work(1)
        child = os.fork()
        if not child:
            import late
            late.work(app.work(2))
        else:
            os.waitpid(child, 0)
    """
    write_files(folder, {"late.py": APP})
    run_python(code=code, cwd=folder)
    entries = glimpse.load(folder / "glimpse.journal").entries()
    found = [(entry.function, entry.file) for entry in entries]
    app, late = (("app.work", str(folder / "app.py")), ("late.work", str(folder / "late.py")))
    assert found == [app, app, app, app, late, late]

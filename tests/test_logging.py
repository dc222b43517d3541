"""A log line leads to the call that wrote it: by factory, filter and structlog, in threads and tasks."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import glimpse
from tests.support import Run, pages, run_python, write_files, write_policy

example = partial(pages.example, "docs/logging.md")
SHOP = """
import logging

log = logging.getLogger("shop")

def price(item):
    log.warning("price of %s", item)
    return {"tea": 3.5}[item]

def checkout(items):
    log.warning("checkout")
    found = [price(item) for item in items]
    log.warning("done")
    return found
"""
_LINE = re.compile(r"(\w[\w ]*?) (?:call=|\[)?(\d+:\d+|-)\]?")


def run_shop(tmp_path: Path, program: str, **env: str) -> Run:
    """Run a program beside ``shop``, traced from its start."""
    policy = write_policy(write_files(tmp_path, {"shop.py": SHOP, "main.py": program}), "shop")
    return run_python("main.py", cwd=tmp_path, env={"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy), **env})


def told(run: Run) -> list[tuple[str, str]]:
    """What each line says, and the function of the call that it names."""
    calls = {f"{entry['pid']}:{entry['call_id']}": entry["args"] for entry in run.entries if entry["stage"] == "START"}
    found = [match.groups() for line in run.stderr.splitlines() if (match := _LINE.search(line))]
    return [(text.split("shop ")[-1], calls.get(call, call)) for text, call in found]


@pytest.mark.parametrize("way", ["factory", "filter"])
def test_each_line_names_its_call(tmp_path: Path, way: str) -> None:
    """Before, between and after calls within, and outside of any."""
    run = run_shop(
        tmp_path,
        f"{example(f'python {way}')}\nimport shop\nlogging.warning('outside')\nshop.checkout(['tea'])\n",
    )
    assert [(text.split("root ")[-1], call) for text, call in told(run)] == [
        ("outside", "-"),
        ("checkout", "checkout(items=['tea'])"),
        ("price of tea", "price(item='tea')"),
        ("done", "checkout(items=['tea'])"),
    ]


@pytest.mark.parametrize(
    "dest", ["jsonl", *(pytest.param(dest, marks=pytest.mark.once) for dest in ("json", "sqlite", "journal"))]
)
def test_glimpse_show_finds_it(tmp_path: Path, dest: str) -> None:
    """Whatever the entries are written to."""
    program = f"{example('python factory')}\nimport shop\nfor _ in range(200):\n    shop.checkout(['tea'] * 3)\n"
    trace_id = "true" if dest == "journal" else "false"
    run = run_shop(tmp_path, program, GLIMPSE_DEST=dest, GLIMPSE_TRACE_ID=trace_id)
    lines = run.stderr.splitlines()
    assert len(lines) == 1000
    name = {"sqlite": "glimpse.db"}.get(dest, f"glimpse.{dest}")
    for line, function in ((lines[700], "checkout"), (lines[701], "price")):
        call = line.rpartition("[")[2].rstrip("]")
        shown = run_python("-m", "glimpse", "show", call, name, cwd=tmp_path).stdout
        assert f"{function}(" in shown.splitlines()[0] + shown.splitlines()[1]


def test_threads_and_tasks(tmp_path: Path) -> None:
    """Each line is told of the thread and the task that it was logged in."""
    program = """
import asyncio, logging, threading
import glimpse.logging, shop
glimpse.logging.install()
logging.basicConfig(format="%(message)s [%(glimpse_call)s]")

async def main():
    await asyncio.gather(*(shop.serve(n) for n in range(5)))

asyncio.run(main())
threads = [threading.Thread(target=shop.work, args=(n,)) for n in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    more = """
async def serve(n):
    import asyncio
    for _ in range(3):
        await asyncio.sleep(0)
        log.warning("task %s", n)

def work(n):
    for _ in range(50):
        log.warning("thread %s", n)
"""
    policy = write_policy(write_files(tmp_path, {"shop.py": SHOP + more, "main.py": program}), "shop")
    run = run_python("main.py", cwd=tmp_path, env={"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)})
    lines = told(run)
    assert len(lines) == 5 * 3 + 5 * 50
    names = {"task": "serve", "thread": "work"}
    assert [call for _, call in lines] == [f"{names[text.split()[0]]}(n={text.split()[1]})" for text, _ in lines]


def test_structlog(tmp_path: Path) -> None:
    """The processor adds the call, and nothing outside of calls."""
    pytest.importorskip("structlog")
    program = f"{example('python structlog')}\nimport glimpse\nlog = structlog.get_logger()\nlog.info('outside')\n"
    program += "import shop\nshop.logged = lambda: log.info('inside')\nshop.inside()\n"
    files = {"shop.py": SHOP + "\ndef inside():\n    logged()\n", "main.py": program}
    policy = write_policy(write_files(tmp_path, files), "shop")
    run = run_python("main.py", cwd=tmp_path, env={"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)})
    pid = run.entries[0]["pid"]
    outside, inside = run.stdout.splitlines()
    assert outside == "event='outside'"
    assert sorted(inside.split()) == ["event='inside'", f"glimpse_call='{pid}:1'"]


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    """Threads are told from greenlets as soon as these may come: a thread that has tried to import them is itself."""
    program = f"{example('python factory')}\nimport shop\nshop.price('tea')\ntry:\n    import greenlet\n"
    program += "except ImportError:\n    pass\nshop.checkout(['tea'])\n"
    files = {"greenlet.py": "raise ImportError('not this one')\n"}
    run = run_shop(write_files(tmp_path, files), program)
    whole, part = "checkout(items=['tea'])", "price(item='tea')"
    assert [call for _, call in told(run)] == [part, whole, part, whole]


def test_uninstall_restores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The factory that was there before is there again; one that came after it is left, and works."""
    import logging

    import glimpse.logging

    before = logging.getLogRecordFactory()
    glimpse.logging.install()
    glimpse.logging.install()
    assert logging.makeLogRecord({}).glimpse_call == "-"  # type: ignore[attr-defined]
    ours = logging.getLogRecordFactory()
    glimpse.logging.uninstall()
    assert logging.getLogRecordFactory() is before
    glimpse.logging.install()

    def theirs(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return ours(*args, **kwargs)

    logging.setLogRecordFactory(theirs)
    try:
        glimpse.logging.uninstall()
        assert logging.getLogRecordFactory() is theirs
        assert not hasattr(logging.makeLogRecord({}), "glimpse_call")
    finally:
        logging.setLogRecordFactory(before)


def test_without_a_recorder_there_is_no_call() -> None:
    """Nothing is asked of anybody."""
    assert glimpse.current_call() is None

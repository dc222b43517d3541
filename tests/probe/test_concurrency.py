"""Many threads and many tasks at once: every call is recorded, in its own thread's or task's tree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from glimpse import Config
from tests.support import plain_and_traced, write_files, write_policy
from tests.support.entries import Entry, assert_complete
from tests.support.process import run_python

THREADS, CALLS = 8, 500
TASKS = 10_000
BUSY_CALLS = 2_500
BUFFER = Config().buffer_size

PROGRAM = """
import asyncio, threading
def inner(name, n): return n
def outer(name, n): return inner(name, n)
def worker(name, barrier, calls):
    barrier.wait()
    for n in range(calls):
        outer(name, n)
def threads(count, calls):
    barrier = threading.Barrier(count)
    started = [threading.Thread(target=worker, args=(f"w{i}", barrier, calls), name=f"w{i}") for i in range(count)]
    for thread in started: thread.start()
    for thread in started: thread.join()
async def step(n):
    await asyncio.sleep(0)
    return inner("step", n)
async def task(n):
    await asyncio.sleep(0)
    return await step(n)
async def tasks(count):
    await asyncio.gather(*(asyncio.create_task(task(n), name=f"t{n}") for n in range(count)))
"""


def recorded(folder: Path, work: str) -> list[Entry]:
    """The entries that this work leaves."""
    (folder / "busy.py").write_text(PROGRAM, encoding="utf-8")
    code = (
        "import asyncio, glimpse\n"
        "glimpse.install(glimpse.TracingPolicy(included_packages=['busy']), glimpse.Config())\n"
        f"import busy\n{work}\n"
    )
    entries = run_python(cwd=folder, code=code).entries
    assert_complete(entries)
    return entries


def starts(entries: list[Entry], function: str) -> list[Entry]:
    """The STARTs of a function of the program."""
    return [each for each in entries if each["stage"] == "START" and each["function"] == f"busy.{function}"]


def test_eight_threads_have_their_own_trees(tmp_path: Path) -> None:
    """Each thread's calls are all there, below its own, whatever the others do."""
    entries = recorded(tmp_path, f"busy.threads({THREADS}, {CALLS})")
    outer = {each["call_id"]: each for each in starts(entries, "outer")}
    inner = starts(entries, "inner")
    assert Counter(each["thread"] for each in inner) == {f"w{number}": CALLS for number in range(THREADS)}
    assert len({each["parent_id"] for each in inner}) == THREADS * CALLS
    for each in inner:
        parent = outer[each["parent_id"]]
        assert parent["thread"] == each["thread"]
        assert parent["args"] == each["args"].replace("inner", "outer")
        assert (each["depth"], parent["depth"]) == (3, 2)


@pytest.mark.once
def test_threads_do_not_keep_the_one_that_drains_from_it(tmp_path: Path) -> None:
    """Of eight threads that never wait, the one that empties the buffer gets its turn before it is full."""
    (tmp_path / "busy.py").write_text(PROGRAM, encoding="utf-8")
    code = (
        "import glimpse\n"
        "tracer = glimpse.install(glimpse.TracingPolicy(included_packages=['busy']), glimpse.Config())\n"
        f"import busy\nbusy.threads({THREADS}, {BUSY_CALLS})\nprint(tracer.stats()['high_water'])\n"
    )
    run = run_python(cwd=tmp_path, code=code)
    assert len(run.entries) > BUFFER
    assert 1_000 < int(run.stdout) < BUFFER // 4


@pytest.mark.once
def test_ten_thousand_tasks_have_their_own_trees(tmp_path: Path) -> None:
    """Tasks that wait between each other's steps: every call is below its own task's, and names it."""
    entries = recorded(tmp_path, f"asyncio.run(busy.tasks({TASKS}))")
    calls = {each["call_id"]: each for each in entries if each["stage"] == "START"}
    tasks = starts(entries, "task")
    assert sorted(each["task"] for each in tasks) == sorted(f"t{number}" for number in range(TASKS))
    assert {each["args"] for each in tasks} == {f"task(n={each['task'][1:]})" for each in tasks}
    for name, above in (("step", "task"), ("inner", "step")):
        found = starts(entries, name)
        assert len(found) == TASKS
        for each in found:
            parent = calls[each["parent_id"]]
            assert (parent["function"], parent["task"]) == (f"busy.{above}", each["task"])


NAMED = """
    import threading

    seen = []
    native = threading.get_ident

    def ident(): return native()

    class Own(threading.Thread):
        @property
        def name(self):
            seen.append(1)
            return "own"

        def run(self): work()

    def work(): pass

    if __name__ == "__main__":
        threads = [Own(), threading.Thread(target=work)]
        threads[0].start()
        threads[0].join()
        threading.get_ident = ident
        threads[1].start()
        threads[1].join()
        threading.get_ident = native
        print(len(seen))
"""


def test_naming_a_thread_runs_no_traced_code_of_the_program(tmp_path: Path) -> None:
    """A thread whose name is a property, and a get_ident of the program, both traced, do their work as before."""
    write_files(tmp_path, {"app.py": NAMED})
    traced = plain_and_traced("app.py", policy=write_policy(tmp_path, "app"), cwd=tmp_path)
    assert traced.stdout == "0\n"
    assert_complete(traced.entries)
    assert [each["function"].rpartition(".")[2] for each in traced.entries if each["stage"] == "START"].count(
        "work"
    ) == 2

"""Under whom calls stand that run elsewhere than where they were asked for: tasks, threads, greenlets."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from glimpse import Config, Tracer, TracingPolicy
from tests.support import assert_complete, outline, read_entries, run_python, write_files

Recorded = Callable[[str], list[str]]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Runs ``main`` of a program that is traced; gives the call tree."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(program: str) -> list[str]:
        (tmp_path / "elsewhere.py").write_text(textwrap.dedent(program), encoding="utf-8")
        monkeypatch.delitem(sys.modules, "elsewhere", raising=False)
        importlib.invalidate_caches()
        log = tmp_path / "log.jsonl"
        tracer = Tracer(Config(params={"log_path": log}), TracingPolicy(included_packages=["elsewhere"]))
        tracer.install()
        try:
            importlib.import_module("elsewhere").main()
        finally:
            tracer.close()
            sys.modules.pop("elsewhere", None)
        entries = read_entries(log)
        assert_complete(entries)
        return [line.partition(" ->")[0] for line in outline(entries)]

    return run


def test_asyncio_threads(recorded: Recorded) -> None:
    """``to_thread`` takes the context along, an executor does not."""
    tree = recorded("""
        import asyncio

        def inner(x): return x
        def work(x): return inner(x)

        async def session():
            await asyncio.to_thread(work, 1)
            await asyncio.get_running_loop().run_in_executor(None, work, 2)
            work(3)

        def main(): asyncio.run(session())
    """)
    assert tree == [
        "main()",
        "  session()",
        "    work(x=1)",
        "      inner(x=1)",
        "work(x=2)",
        "  inner(x=2)",
        "    work(x=3)",
        "      inner(x=3)",
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup is new in 3.11")
def test_asyncio_task_groups(recorded: Recorded) -> None:
    """Tasks of a group stand under the coroutine that started them, whatever runs meanwhile."""
    tree = recorded("""
        import asyncio

        def note(x): pass

        async def child(x):
            await asyncio.sleep(0)
            note(x)

        async def session():
            async with asyncio.TaskGroup() as group:
                group.create_task(child(1))
                group.create_task(child(2))
            note(3)

        def main(): asyncio.run(session())
    """)
    assert tree == [
        "main()",
        "  session()",
        "    child(x=1)",
        "    child(x=2)",
        "      note(x=1)",
        "      note(x=2)",
        "    note(x=3)",
    ]


ANYIO = """
    import anyio, anyio.from_thread, anyio.to_thread

    def note(x): pass

    def blocking():
        note("thread")
        anyio.from_thread.run(child, "back")

    async def child(x):
        await anyio.sleep(0)
        note(x)

    async def session():
        async with anyio.create_task_group() as group:
            group.start_soon(child, 1)
        with anyio.move_on_after(0):
            await forever()
        await anyio.to_thread.run_sync(blocking)
        note("end")

    async def forever():
        try:
            await anyio.sleep_forever()
        finally:
            note("cancelled")

    def main(): anyio.run(session, backend=BACKEND)
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend: str, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Task groups, cancellation and threads of anyio and trio. What a thread runs stands under the coroutine."""
    pytest.importorskip("anyio")
    pytest.importorskip(backend)
    if backend == "trio":
        monkeypatch.setattr("trio._core._thread_cache.IDLE_TIMEOUT", 0.01)  # its threads end with the test
    tree = recorded(ANYIO.replace("BACKEND", repr(backend)))
    assert [line for line in tree if not line.endswith("!! Cancelled: ")] == [
        "main()",
        "  session()",
        "    child(x=1)",
        "      note(x=1)",
        *[line for line in tree if "forever" in line],
        "      note(x='cancelled')",
        "    blocking()",
        "      note(x='thread')",
        "    child(x='back')",
        "      note(x='back')",
        "    note(x='end')",
    ]


def test_greenlets(recorded: Recorded) -> None:
    """Each greenlet has a call tree of its own, however they alternate."""
    pytest.importorskip("greenlet")
    tree = recorded("""
        import greenlet

        def note(x): pass

        def runs(x):
            note(x)
            greenlet.getcurrent().parent.switch()
            note(x + x)

        def main():
            first, second = greenlet.greenlet(runs), greenlet.greenlet(runs)
            first.switch("a")
            second.switch("b")
            note("between")
            first.switch()
            second.switch()
            with_error = greenlet.greenlet(runs)
            with_error.switch("c")
            try:
                with_error.throw(KeyError)
            except KeyError:
                note("thrown")
    """)
    assert tree == [
        "main()",
        "runs(x='a')",
        "  note(x='a')",
        "runs(x='b')",
        "  note(x='b')",
        "  note(x='between')",
        "  note(x='aa')",
        "  note(x='bb')",
        "runs(x='c') !! KeyError: ",
        "  note(x='c')",
        "  note(x='thrown')",
    ]


def test_gevent(recorded: Recorded) -> None:
    """What gevent runs side by side is told apart."""
    pytest.importorskip("gevent")
    tree = recorded("""
        import gevent

        def note(x): pass

        def inner(x):
            gevent.sleep(0)
            note(x)

        def worker(x):
            gevent.sleep(0)
            inner(x)

        def main():
            gevent.joinall([gevent.spawn(worker, x) for x in range(2)])
            note("end")
    """)
    assert tree == [
        "main()", "worker(x=0)", "worker(x=1)", "  inner(x=0)", "  inner(x=1)", "    note(x=0)", "    note(x=1)",
        "  note(x='end')",
    ]  # fmt: skip


PATCHED = """
    import threading, time

    def inner(x):
        time.sleep(0.01)

    def worker(x):
        time.sleep(0.01)
        inner(x)

    def main():
        threads = [threading.Thread(target=worker, args=(x,)) for x in range(2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
"""

POLICY = "glimpse.TracingPolicy(included_packages=['app'])"
EARLY = "from gevent import monkey; monkey.patch_all()"


@pytest.mark.parametrize("before", [True, False], ids=["before Glimpse", "after Glimpse"])
def test_threads_that_gevent_has_replaced(before: bool, tmp_path: Path) -> None:
    """Where threads are greenlets, each has its call tree and its name, whoever came first."""
    pytest.importorskip("gevent")
    program = textwrap.dedent(PATCHED)
    write_files(tmp_path, {"app.py": program if before else f"{EARLY}\n{program}"})
    code = f"{EARLY if before else ''}\nimport glimpse\nglimpse.install({POLICY})\nimport app\napp.main()"
    entries = run_python(cwd=tmp_path, code=code).entries
    assert_complete(entries)
    assert [line.partition(" ->")[0] for line in outline(entries)] == [
        "main()", "worker(x=0)", "worker(x=1)", "  inner(x=0)", "  inner(x=1)",
    ]  # fmt: skip
    assert len({entry["thread"] for entry in entries}) == 3


def test_a_greenlet_tracer_of_the_program_goes_on(recorded: Recorded) -> None:
    """A trace function that the program had set is still called, and is there alone afterwards."""
    greenlet = pytest.importorskip("greenlet")
    seen: list[str] = []

    def trace(event: str, args: object) -> None:
        seen.append(event)

    greenlet.settrace(trace)
    try:
        recorded("""
            import greenlet

            def main(): greenlet.greenlet(lambda: None).switch()
        """)
        assert seen == ["switch", "switch"]
        assert greenlet.gettrace() is trace
    finally:
        greenlet.settrace(None)

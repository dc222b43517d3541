"""Dynamic mode as users meet it: run, stop, again, nested, in threads, and beside everything else."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from glimpse import Config, GlimpseError, Tracer, TracingPolicy
from glimpse.compat import HAS_MONITORING
from tests.dynamic.conftest import Import, Recorded
from tests.support import assert_complete

Recorder = Callable[..., Recorded]

APP = """
    import threading

    def add(a, b=2):
        return a + b

    def twice(x):
        return add(x) + add(x)

    def fails():
        raise ValueError("no")

    def calls(function, *args):
        return function(*args)
"""


def test_what_is_called_while_it_runs_is_recorded(core: str, module: Import, recorded: Recorder) -> None:
    """Calls between run and stop leave entries, those before and after do not."""
    app, log = module(APP), recorded()
    app.add(0)
    log.tracer.run()
    assert core in log.tracer.stats()["dynamic"]
    app.twice(1)
    log.tracer.stop()
    app.add(9)
    assert log.tracer.stats()["dynamic"] is None
    assert log.shown == [
        *("START twice(x=1)", "START add(a=1, b=2)", "END add 3", "START add(a=1, b=2)", "END add 3", "END twice 6"),
    ]
    assert_complete(log.entries)


def test_it_can_be_run_again(core: str, module: Import, recorded: Recorder) -> None:
    """The second run records as the first, also code that the first one saw and another policy leaves out."""
    app, log, other = module(APP), recorded(), recorded("other", "elsewhere")
    for _ in range(2):
        with log.tracer:
            app.add(1)
        with other.tracer:
            app.add(1)
    assert log.shown == ["START add(a=1, b=2)", "END add 3"] * 2
    assert other.shown == []


def test_nested_runs_count(core: str, module: Import, recorded: Recorder) -> None:
    """As many stops as runs end it, and a stop too many does nothing."""
    app, log = module(APP), recorded()
    with log.tracer, log.tracer:
        log.tracer.stop()
        app.add(1)
    app.add(2)
    log.tracer.stop()
    assert log.shown == ["START add(a=1, b=2)", "END add 3"]


def test_two_tracers_with_different_policies(core: str, module: Import, recorded: Recorder) -> None:
    """Each records what its own policy includes, in whatever order they stop."""
    app, other = module(APP), module("def mul(a, b): return a * b", "other")
    first, second = recorded("first"), recorded("second", "other")
    both = recorded("both", "*", excluded_functions=["twice"])
    first.tracer.run()
    second.tracer.run()
    both.tracer.run()
    app.calls(other.mul, 2, 3)
    first.tracer.stop()
    other.mul(4, 5)
    both.tracer.stop()
    app.add(1)
    other.mul(6, 7)
    second.tracer.stop()
    app.add(1)
    assert [each.partition("(")[0] for each in first.shown] == ["START calls", "END calls 6"]
    assert second.shown == [
        *("START mul(a=2, b=3)", "END mul 6", "START mul(a=4, b=5)", "END mul 20", "START mul(a=6, b=7)", "END mul 42")
    ]
    assert [each for each in both.shown if each.split()[1].startswith("mul")] == second.shown[:4]


def test_threads_that_are_started_later(core: str, module: Import, recorded: Recorder) -> None:
    """Threads that begin while it runs are traced, by their names."""
    app, log = module(APP), recorded()
    with log.tracer:
        thread = threading.Thread(target=app.add, args=(1,), name="later")
        thread.start()
        thread.join()
    assert [(entry["thread"], entry["stage"]) for entry in log.entries] == [("later", "START"), ("later", "END")]


@pytest.mark.skipif(not HAS_MONITORING, reason="sys.settrace cannot reach threads that run already")
def test_threads_that_run_already(core: str, module: Import, recorded: Recorder) -> None:
    """Where the interpreter allows it, threads that began before are traced too."""
    app, log = module(APP), recorded()
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait()
        app.add(1)
        done.set()

    thread = threading.Thread(target=work, name="earlier")
    thread.start()
    with log.tracer:
        go.set()
        done.wait()
    thread.join()
    assert [entry["thread"] for entry in log.entries] == ["earlier", "earlier"]


def test_started_in_one_thread_and_stopped_in_another(core: str, module: Import, recorded: Recorder) -> None:
    """Any thread can stop it; the one that started it is traced no more."""
    app, log = module(APP), recorded()
    log.tracer.run()
    app.add(1)
    stopper = threading.Thread(target=log.tracer.stop)
    stopper.start()
    stopper.join()
    app.add(2)
    assert sys.gettrace() is None
    assert log.shown == ["START add(a=1, b=2)", "END add 3"]


def test_calls_that_are_open_at_the_stop(core: str, module: Import, recorded: Recorder) -> None:
    """A call within which it is stopped ends as closed, and so do generators that wait."""
    app, log = module("def within(stop): return stop()\ndef waits():\n    yield 1\n"), recorded()
    log.tracer.run()
    waiting = app.waits()
    next(waiting)
    app.within(log.tracer.stop)
    list(waiting)
    assert [each.split(" ")[:2] for each in log.shown[:2]] == [["START", "waits()"], ["START", log.shown[1].split()[1]]]
    assert sorted(log.shown[2:]) == ["END waits closed", "END within closed"]
    assert_complete(log.entries)


def test_a_run_after_open_calls_begins_a_new_tree(core: str, module: Import, recorded: Recorder) -> None:
    """What was cut off by a stop is nobody's parent later, though the session goes on for decorated functions."""
    app, log = module("def within(stop): return stop()\ndef leaf(): pass\n"), recorded()
    log.tracer.trace_function(lambda: None)
    log.tracer.run()
    app.within(log.tracer.stop)
    with log.tracer:
        app.leaf()
    assert [entry["depth"] for entry in log.entries if entry["args"] == "leaf()"] == [1]


def test_what_rendering_calls_leaves_no_entries(core: str, module: Import, recorded: Recorder) -> None:
    """A repr that is called for the record is not part of it."""
    text = """
        class Thing:
            def __repr__(self):
                return helper()

        def helper():
            return "thing"

        def takes(thing):
            return thing
    """
    app, log = module(text), recorded()
    with log.tracer:
        app.takes(app.Thing())
    assert log.shown == ["START takes(thing=thing)", "END takes thing"]


def test_nothing_is_kept_alive(core: str, module: Import, recorded: Recorder) -> None:
    """Arguments and results are gone when the program has no use for them any more."""
    app, log = module("class Thing: pass\ndef same(thing): return thing\n"), recorded()
    thing = app.Thing()
    seen = weakref.ref(thing)
    with log.tracer:
        app.same(thing)
        del thing
        gc.collect()
        assert seen() is None


@pytest.mark.skipif(not HAS_MONITORING, reason="sys.settrace itself keeps a frame's locals in a dict")
def test_deleted_locals_are_gone(module: Import, recorded: Recorder) -> None:
    """Neither an argument that the function deletes nor an exception that it has handled is kept by the record."""
    text = """
        import weakref

        class Problem(Exception):
            pass

        def drops(thing, gone):
            del thing
            return gone()

        def handles():
            try:
                raise Problem()
            except Problem as problem:
                seen = weakref.ref(problem)
            return seen() is None
    """
    app, log = module(text), recorded()

    class Thing:
        pass

    seen: list[weakref.ref[Thing]] = []

    def make() -> Thing:
        thing = Thing()
        seen.append(weakref.ref(thing))
        return thing

    with log.tracer:
        gone = app.drops(make(), lambda: seen[0]() is None)
        handled = app.handles()
    assert gone
    assert handled


def test_hooked_functions_are_recorded_once(
    core: str, tmp_path: Path, recorded: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that the import hook has instrumented for the same destination leaves one pair of entries."""
    (tmp_path / "hooked.py").write_text("def f(x): return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    log, same = recorded(included="hooked"), recorded(included="hooked")
    other = recorded("other", "hooked")
    log.tracer.install()
    try:
        import hooked  # type: ignore[import-not-found]

        with log.tracer, same.tracer, other.tracer:
            hooked.f(1)
        log.tracer.uninstall()
        with log.tracer:
            hooked.f(2)
    finally:
        sys.modules.pop("hooked", None)
    assert log.shown == ["START f(x=1)", "END f 1", "START f(x=2)", "END f 2"]
    assert other.shown == ["START f(x=1)", "END f 1"]


def test_decorated_functions_are_recorded_once(core: str, module: Import, recorded: Recorder) -> None:
    """A function that is decorated and included leaves one pair of entries."""
    app, log = module(APP), recorded()
    app.add = log.tracer.trace_function(app.add)
    with log.tracer:
        app.twice(1)
        app.add(5)
    assert log.shown.count("START add(a=1, b=2)") == 2
    assert log.shown[-2:] == ["START add(a=5, b=2)", "END add 7"]


def test_functions_that_are_left_out(core: str, module: Import, recorded: Recorder) -> None:
    """no_trace keeps a function, and the methods of a class, out of dynamic mode."""
    text = """
        import glimpse

        @glimpse.no_trace
        def quiet():
            def inner():
                return seen()
            return inner()

        @glimpse.no_trace
        class Quiet:
            def method(self):
                return seen()

        def seen():
            return 1
    """
    app, log = module(text), recorded()
    with log.tracer:
        app.quiet()
        app.Quiet().method()
    assert log.shown == ["START seen()", "END seen 1"] * 2


def test_filters_are_per_function(core: str, module: Import, recorded: Recorder) -> None:
    """A callback is recorded though it is called from code that is left out."""
    app, log = module("def key(x): return -x\ndef orders(): return sorted([1, 2], key=key)\n"), recorded()
    log = recorded("keys", included_functions=["app.key"])
    with log.tracer:
        app.orders()
    assert log.shown == ["START key(x=1)", "END key -1", "START key(x=2)", "END key -2"]


def test_depth_is_limited(core: str, module: Import, recorded: Recorder) -> None:
    """trace_depth leaves deeper calls out."""
    app, log = module("def down(n):\n    return n and down(n - 1)\n"), recorded(trace_depth=2)
    with log.tracer:
        app.down(5)
        app.down(0)
    assert [each for each in log.shown if each.startswith("START")] == [
        *("START down(n=5)", "START down(n=4)", "START down(n=0)")
    ]


def test_only_errors_at_level_error(core: str, module: Import, recorded: Recorder) -> None:
    """At level ERROR a call that succeeds leaves nothing, and one that fails its arguments as they are then."""
    text = """
        def fails(a, b):
            a = "changed"
            del b
            raise ValueError("no")

        def fine():
            return 1

        def outer():
            fine()
            fails(1, 2)
    """
    app, log = module(text), recorded(level="ERROR")
    with log.tracer, pytest.raises(ValueError, match="no"):
        app.outer()
    assert log.shown == ["EXCEPTION fails(a='changed', b=<unbound>) ValueError", "EXCEPTION outer() ValueError"]
    assert [entry["depth"] for entry in log.entries] == [2, 1]


def test_a_program_at_its_recursion_limit(core: str, module: Import, recorded: Recorder) -> None:
    """A program that recurses without end sees RecursionError and nothing else, and goes on."""
    app, log = module("def down(n):\n    return down(n + 1)\ndef leaf():\n    return 1\n"), recorded()
    with log.tracer:
        with pytest.raises(RecursionError):
            app.down(0)
        assert app.leaf() == 1
    assert_complete(log.entries)
    assert log.tracer.stats().get("errors", 0) == 0


def test_a_profile_function_stays(core: str, module: Import, recorded: Recorder) -> None:
    """sys.setprofile's user goes on getting its events."""
    app, log = module(APP), recorded()
    seen: list[str] = []

    def profile(frame: object, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_filename == app.__file__:  # type: ignore[attr-defined]
            seen.append(frame.f_code.co_name)  # type: ignore[attr-defined]

    sys.setprofile(profile)
    try:
        with log.tracer:
            app.twice(1)
    finally:
        sys.setprofile(None)
    assert seen == ["twice", "add", "add"]
    assert len(log.entries) == 6


def test_an_unknown_core() -> None:
    """A core that does not exist is an error that names those that do."""
    with pytest.raises(GlimpseError, match=r"dynamic: bad value 'profile'.*auto, monitoring, settrace"):
        Config(dynamic="profile")


@pytest.mark.skipif(HAS_MONITORING, reason="this Python has it")
def test_monitoring_needs_a_newer_python(tmp_path: Path) -> None:
    """Asking for sys.monitoring where there is none says what there is."""
    config = Config(params={"log_path": tmp_path / "log"}, dynamic="monitoring")
    tracer = Tracer(config, TracingPolicy())
    with pytest.raises(GlimpseError, match=r"option dynamic: monitoring needs Python 3\.12"):
        tracer.run()
    assert "recorded" not in tracer.stats()  # what was opened for it is closed

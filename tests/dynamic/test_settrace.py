"""Dynamic mode by sys.settrace: beside other trace functions, and what it cannot see."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.dynamic.conftest import Import, Recorded, use_core

Recorder = Callable[..., Recorded]

APP = """
    def add(a, b=2):
        total = a + b
        return total

    def fails():
        raise ValueError("no")
"""


@pytest.fixture(autouse=True)
def by_settrace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tracer here uses sys.settrace."""
    use_core("settrace", monkeypatch)


@pytest.fixture
def debugger() -> Iterator[list[tuple[str, str, int]]]:
    """A trace function that is there already, and what it saw: (event, function, line)."""
    seen: list[tuple[str, str, int]] = []

    def trace(frame: Any, event: str, arg: object) -> Any:
        if frame.f_globals.get("__name__") != "app":
            return None
        seen.append((event, frame.f_code.co_name, frame.f_lineno))
        return trace

    sys.settrace(trace)
    yield seen
    assert sys.gettrace() is trace
    sys.settrace(None)


def test_line_events_are_off(module: Import, recorded: Recorder) -> None:
    """The interpreter is not asked for lines, and the frame has nothing of ours once it is left."""
    app, log = module("import sys\ndef frame(): return sys._getframe()\n"), recorded()
    with log.tracer:
        frame = app.frame()
        assert frame.f_trace_lines is False


def test_a_debugger_sees_what_it_would_have_seen(
    module: Import, recorded: Recorder, debugger: list[tuple[str, str, int]]
) -> None:
    """A trace function that was there first gets the same events with us as without, and has its place back."""
    app, log = module(APP), recorded()

    def run() -> None:
        app.add(1)
        with pytest.raises(ValueError, match="no"):
            app.fails()

    debugger.clear()
    run()
    expected = debugger[:]
    debugger.clear()
    with log.tracer:
        run()
    assert debugger == expected
    assert log.shown == ["START add(a=1, b=2)", "END add 3", "START fails()", "EXCEPTION fails() ValueError"]


def test_a_trace_function_that_takes_the_place_each_time(module: Import, recorded: Recorder) -> None:
    """One that installs itself whenever it is called, as coverage's does, does not push us out."""
    app, log = module(APP), recorded()
    lines: list[int] = []

    def trace(frame: Any, event: str, arg: object) -> Any:
        if event == "call":
            sys.settrace(trace)
        elif event == "line" and frame.f_code is app.add.__code__:
            lines.append(frame.f_lineno)
        return trace

    sys.settrace(trace)
    try:
        with log.tracer:
            app.add(1)
            app.add(2)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(None)
    assert len(lines) == 4
    assert len(log.entries) == 4


def test_a_trace_function_that_comes_later_stays(module: Import, recorded: Recorder) -> None:
    """One that is installed over ours keeps the place; ours does not come back."""
    app, log = module(APP), recorded()

    def trace(frame: object, event: str, arg: object) -> None:
        return None

    with log.tracer:
        app.add(1)
        sys.settrace(trace)
        app.add(2)
    assert sys.gettrace() is trace
    sys.settrace(None)
    assert log.shown == ["START add(a=1, b=2)", "END add 3"]


def test_a_hook_for_threads_stays(module: Import, recorded: Recorder) -> None:
    """What ``threading.settrace`` had is called in new threads, and has its place back."""
    app, log = module(APP), recorded()
    seen: list[str] = []

    def trace(frame: Any, event: str, arg: object) -> None:
        seen.append(frame.f_code.co_name)

    threading.settrace(trace)
    try:
        with log.tracer:
            thread = threading.Thread(target=app.add, args=(1,))
            thread.start()
            thread.join()
        assert threading.gettrace() is trace
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
    assert "add" in seen
    assert len(log.entries) == 2


def test_it_comes_off_other_threads(module: Import, recorded: Recorder) -> None:
    """A thread that still runs after the stop loses the trace function with its next call."""
    app, log = module(APP), recorded()
    stopped, looked = threading.Event(), threading.Event()
    left: list[object] = []

    def work() -> None:
        app.add(1)
        stopped.wait()
        app.add(2)
        left.append(sys.gettrace())
        looked.set()

    with log.tracer:
        thread = threading.Thread(target=work)
        thread.start()
        while len(log.entries) < 2:
            pass
    stopped.set()
    assert looked.wait(10)
    thread.join()
    assert left == [None]
    assert log.shown == ["START add(a=1, b=2)", "END add 3"]


def test_stopped_in_another_order_than_begun(module: Import, recorded: Recorder) -> None:
    """The first of two may stop first; nothing is left when both have."""
    app = module(APP)
    first, second = recorded("first"), recorded("second")
    first.tracer.run()
    second.tracer.run()
    first.tracer.stop()
    app.add(1)
    second.tracer.stop()
    assert sys.gettrace() is None
    assert first.shown == []
    assert second.shown == ["START add(a=1, b=2)", "END add 3"]


def test_handled_exceptions_do_not_become_ends(module: Import, recorded: Recorder) -> None:
    """A function that returns None where it has handled an exception has returned."""
    text = """
        def handles():
            try:
                int("x")
            except ValueError:
                pass

        def returns_in_handler():
            try:
                int("x")
            except ValueError:
                return None

        def loops():
            for _ in range(2):
                try:
                    int("x")
                except ValueError:
                    continue
            raise KeyError("last")

        def yields_none():
            try:
                yield 1
            except KeyError:
                yield None
            yield None
    """
    app, log = module(text), recorded()
    with log.tracer:
        app.handles()
        app.returns_in_handler()
        with pytest.raises(KeyError):
            app.loops()
        steps = app.yields_none()
        next(steps)
        steps.throw(KeyError())
        list(steps)
    assert [each for each in log.shown if not each.startswith("START")] == [
        *("END handles None", "END returns_in_handler None", "EXCEPTION loops() KeyError", "END yields_none None"),
    ]

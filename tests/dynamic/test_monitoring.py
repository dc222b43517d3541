"""Dynamic mode by sys.monitoring: its tool id, other tools, and what is switched off where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from glimpse import GlimpseError
from glimpse.compat import CLOSES_SILENTLY, HAS_MONITORING
from tests.dynamic.conftest import Import, Recorded

pytestmark = pytest.mark.skipif(not HAS_MONITORING, reason="needs sys.monitoring")

monitoring: Any = getattr(sys, "monitoring", None)
Recorder = Callable[..., Recorded]

APP = """
    def add(a, b=2):
        return a + b

    def waits():
        yield 1
"""


def test_the_tool_id_is_given_back(module: Import, recorded: Recorder) -> None:
    """Each tracer takes an id that is nobody's, and frees it."""
    module(APP)
    first, second = recorded("first"), recorded("second")
    with first.tracer, second.tracer:
        assert [monitoring.get_tool(tool) for tool in (3, 4)] == ["glimpse", "glimpse"]
        assert second.tracer.stats()["dynamic"] == "sys.monitoring (tool 4)"
    assert [monitoring.get_tool(tool) for tool in range(6)].count("glimpse") == 0


def test_no_tool_id_is_left(recorded: Recorder) -> None:
    """When every id is taken, the error says by whom and what to do; nothing is recorded half-way."""
    log = recorded()
    taken = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    for tool in taken:
        monitoring.use_tool_id(tool, f"tool-{tool}")
    try:
        with pytest.raises(GlimpseError, match=r"no free tool id.*3: tool-3.*glimpse\.install"):
            log.tracer.run()
        assert log.tracer.stats()["dynamic"] is None
    finally:
        for tool in taken:
            monitoring.free_tool_id(tool)
    with log.tracer:
        assert monitoring.get_tool(3) == "glimpse"


def test_an_id_that_was_used_before(module: Import, recorded: Recorder) -> None:
    """What another tool switched off under the same id is switched on again."""
    app, log = module(APP), recorded()
    events = monitoring.events
    monitoring.use_tool_id(3, "other")
    monitoring.register_callback(3, events.PY_START, lambda code, offset: monitoring.DISABLE)
    monitoring.set_events(3, events.PY_START)
    app.add(0)
    monitoring.set_events(3, 0)
    monitoring.register_callback(3, events.PY_START, None)
    monitoring.free_tool_id(3)
    with log.tracer:
        app.add(1)
    assert log.shown == ["START add(a=1, b=2)", "END add 3"]


def test_another_tool_goes_on(module: Import, recorded: Recorder) -> None:
    """A tool that watches the same code gets its events while ours is on and after."""
    app, log = module(APP), recorded()
    events = monitoring.events
    seen: list[str] = []
    monitoring.use_tool_id(2, "other")
    try:
        monitoring.register_callback(2, events.PY_START, lambda code, offset: seen.append(code.co_name))
        monitoring.set_local_events(2, app.add.__code__, events.PY_START)
        with log.tracer:
            app.add(1)
            monitoring.restart_events()
            app.add(2)
        app.add(3)
    finally:
        monitoring.set_local_events(2, app.add.__code__, 0)
        monitoring.register_callback(2, events.PY_START, None)
        monitoring.free_tool_id(2)
    assert seen == ["add"] * 3
    assert log.shown == ["START add(a=1, b=2)", "END add 3", "START add(a=2, b=2)", "END add 4"]


def test_left_out_code_is_left_alone(module: Import, recorded: Recorder) -> None:
    """Code outside the policy is asked about once; then the interpreter does not call us for it."""
    app, log = module(APP), recorded(included="elsewhere")
    asked: list[str] = []
    decide = type(log.tracer.policy).may_include

    def may_include(policy: Any, name: str) -> bool:
        asked.append(name)
        return decide(policy, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(log.tracer.policy), "may_include", may_include)
        with log.tracer:
            for _ in range(5):
                app.add(1)
    assert asked.count("app") == 1


def test_nothing_stays_switched_on(module: Import, recorded: Recorder) -> None:
    """After the stop, no code has local events of ours."""
    app, log = module(APP), recorded()
    with log.tracer:
        app.add(1)
        assert monitoring.get_local_events(3, app.add.__code__)
    monitoring.use_tool_id(3, "look")
    try:
        assert monitoring.get_local_events(3, app.add.__code__) == 0
    finally:
        monitoring.free_tool_id(3)


@pytest.mark.skipif(not CLOSES_SILENTLY, reason="here, the interpreter says when it closes a generator")
def test_generators_that_are_closed_without_an_event(module: Import, recorded: Recorder) -> None:
    """The end of a generator that the interpreter closes silently is recorded when the generator goes."""
    app, log = module(APP), recorded()
    with log.tracer:
        waiting = app.waits()
        next(waiting)
        waiting.close()
        app.add(1)
        del waiting
        app.add(2)
    assert log.shown == [
        *("START waits()", "START add(a=1, b=2)", "END add 3", "END waits closed", "START add(a=2, b=2)", "END add 4"),
    ]


def test_a_trace_function_takes_the_place_of_the_sentinel(module: Import, recorded: Recorder) -> None:
    """A debugger that starts within a generator finds nothing in its way, and the generator ends once."""
    app, log = module("import sys\ndef steps(on):\n    on()\n    yield 1\n    yield 2\n"), recorded()
    lines: list[int] = []

    def trace(frame: Any, event: str, arg: object) -> Any:
        if event == "line" and frame.f_code is app.steps.__code__:
            lines.append(frame.f_lineno)
        return trace

    def on() -> None:
        sys._getframe(1).f_trace = trace
        sys.settrace(trace)

    try:
        with log.tracer:
            list(app.steps(on))
    finally:
        sys.settrace(None)
    assert lines == [4, 5]
    assert [entry["stage"] for entry in log.entries] == ["START", "END"]

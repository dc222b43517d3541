"""Dynamic mode by sys.settrace: what it does for calls that are left out, and that it tells them from all others."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dynamic.conftest import Import, Recorded, use_core

Recorder = Callable[..., Recorded]

APP = """
    import other

    def inner(n):
        return n

    def outer(n):
        return [other.call(inner, each) for each in range(n)]
"""
OTHER = """
    def call(function, value):
        return twice(function, value)

    def twice(function, value):
        function(value)
        return function(value)
"""


@pytest.fixture(autouse=True)
def by_settrace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tracer here uses sys.settrace."""
    use_core("settrace", monkeypatch)


def test_functions_that_code_outside_the_policy_calls(module: Import, recorded: Recorder) -> None:
    """Calls that are left out and calls that are not, in turn, on the same stack: each is told by its own module."""
    module(OTHER, "other")
    app, log = module(APP), recorded()
    with log.tracer:
        app.outer(2)
    assert log.shown == [
        "START outer(n=2)",
        *[line for n in (0, 0, 1, 1) for line in (f"START inner(n={n})", f"END inner {n}")],
        "END outer [0, 1]",
    ]


def test_nothing_is_kept_of_globals_that_are_no_modules(module: Import, recorded: Recorder) -> None:
    """Globals that only bear the name of a module outside the policy die when the program lets go of them."""
    app, log = module("class Thing: ...\ndef f(): ..."), recorded()
    with log.tracer:
        scope: dict[str, Any] = {"__name__": "json", "thing": app.Thing()}
        alive = weakref.ref(scope["thing"])
        exec("def f(): ...", scope)
        scope.pop("f")()
        app.f()
        del scope
        assert alive() is None
    assert log.shown == ["START f()", "END f None"]


@pytest.mark.parametrize("name", [None, [], 7])
def test_globals_without_a_proper_name(name: object, module: Import, recorded: Recorder) -> None:
    """Code whose globals have no name, or something else for one, is left out, and nobody notices."""
    app, log = module("def f(g): return g()"), recorded()
    scope: dict[str, Any] = {} if name is None else {"__name__": name}
    exec("def g(): return 5", scope)
    with log.tracer:
        assert [app.f(scope["g"]) for _ in range(2)] == [5, 5]
        assert log.tracer.stats()["errors"] == 0
    assert [entry["stage"] for entry in log.entries] == ["START", "END"] * 2


def test_a_module_that_takes_the_name_of_one_that_is_left_out_by_place(
    module: Import, recorded: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out by the place of its file says nothing of another module of the same name."""
    app = module("def f(): ...", "plugin")
    monkeypatch.chdir(Path(str(app.__file__)).parent)
    log = recorded(included="nothing", project_root_packages=["plug*"])
    elsewhere: dict[str, Any] = {"__name__": "plugin", "__file__": "/nowhere/plugin.py"}
    exec(compile("def f(): ...", "/nowhere/plugin.py", "exec"), elsewhere)
    with log.tracer:
        for _ in range(2):
            elsewhere["f"]()
            app.f()
    assert log.shown == ["START f()", "END f None"] * 2


def test_both_events_of_a_call_have_the_same_key(module: Import, recorded: Recorder) -> None:
    """Assembly tells by the identity of the key that two events belong together."""
    app, log = module("def f(): ..."), recorded()
    with log.tracer:
        app.f()
        start, end = log.tracer._session.recorder.events[-2:]  # type: ignore[union-attr]
        assert start[1] is end[1]
    assert sys.gettrace() is None

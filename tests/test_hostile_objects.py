"""Objects that notice when they are looked at: a traced program sees no more than one that is not."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import glimpse
from glimpse.entry import LogEntry
from tests.support.importing import import_path
from tests.support.project import write_files

SOURCE = (Path(__file__).parents[1] / "fixtures" / "hostile" / "zoo.py").read_text(encoding="utf-8")
Traced = tuple[Any, Callable[[], list[LogEntry]]]


@pytest.fixture(params=["hook", "dynamic"])
def traced(request: pytest.FixtureRequest, tmp_path: Path, untraced: Any) -> Iterator[Traced]:
    """The program, traced, and a function that gives the entries since it was called last."""
    log = tmp_path / "out.jsonl"
    policy = glimpse.TracingPolicy(included_packages=["zoo"])
    tracer = glimpse.Tracer(glimpse.Config(params={"log_path": log}), policy)
    read = 0

    def entries() -> list[LogEntry]:
        nonlocal read
        tracer.flush()
        found = [*glimpse.load(log)][read:]
        read += len(found)
        return found

    with import_path(write_files(tmp_path, {"zoo.py": SOURCE})):
        if request.param == "hook":
            tracer.install()
        zoo = import_module("zoo")
        if request.param == "dynamic":
            tracer.run()
        yield zoo, entries
        errors = tracer.stats()["errors"]
        tracer.close()
    assert errors == 0


@pytest.fixture
def untraced(tmp_path: Path) -> Any:
    """What the program sees without any tracing: by the name of an object, and of the rest."""
    with import_path(write_files(tmp_path / "untraced", {"zoo.py": SOURCE})):
        zoo = import_module("zoo")
        return {name: zoo.go(name) for name in zoo.ANIMALS}, zoo.others()


def test_nothing_is_noticed(traced: Traced, untraced: Any) -> None:
    """The program sees what it sees untraced, and the record says something of each object."""
    zoo, entries = traced
    wrong: dict[str, str] = {}
    for name, (_, shown) in zoo.ANIMALS.items():
        seen, expected = zoo.go(name), untraced[0][name]
        if seen != expected:
            wrong[name] = f"noticed {seen}, not {expected}"
        found = [each for each in entries() if each.function == "zoo.show"]
        texts = [each.args[len("show(value=") : -1] if each.stage == "START" else str(each.result) for each in found]
        if len(found) != 2 or not all(re.fullmatch(shown, text) for text in texts):
            wrong[name] = f"{wrong.get(name, '')} shown as {texts}"
    assert "\n".join(f"{name}: {each}" for name, each in wrong.items()) == ""


def test_half_built_objects_and_the_end_of_the_stack(traced: Traced, untraced: Any) -> None:
    """Neither is an object looked at that is being made, nor does a text need more stack than there is."""
    zoo, entries = traced
    limit = sys.getrecursionlimit()
    assert zoo.others() == untraced[1]
    assert sys.getrecursionlimit() == limit
    found = entries()
    starts = [each.args.split(",")[0] for each in found if each.function == "zoo.Half.early" and each.stage == "START"]
    assert starts == ["early(self=<Half>"] * 4
    (message,) = [each.exception["message"] for each in found if each.function == "zoo.fails" and each.exception]
    assert message == "a reason"


def test_what_a_text_calls_leaves_no_entries(traced: Traced) -> None:
    """Not even a function that the policy includes, nor the method itself."""
    zoo, entries = traced
    thing = zoo.calls_traced_functions()
    spoken = zoo.Spoken(1)
    entries()
    for _ in range(20):  # the first ones are made otherwise than those after
        zoo.show(thing)
        zoo.show(spoken)
    assert (repr(thing), repr(spoken)) == ("0!", "Spoken(1)")
    found = [(each.function, each.stage) for each in entries()]
    called = [(name, stage) for name in ("zoo.helper", "zoo.Spoken.__repr__") for stage in ("START", "END")]
    assert found[:80] == [("zoo.show", "START"), ("zoo.show", "END")] * 40
    assert [each for each in found[80:] if "lambda" not in each[0]] == called

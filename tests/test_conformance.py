"""Whatever the door, the record is the same: programs run through each, and their entries compared field by field."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from glimpse import Config, Tracer, TracingPolicy
from glimpse.compat import HAS_MONITORING
from tests.support import assert_complete, read_entries

FOLDER = Path(__file__).parents[1] / "fixtures" / "conformance"
ALONE = ("file", "timestamp", "pid")
"""What differs from run to run."""

MEASURED = ("duration_ms", "active_ms")
"""What must be there, whatever it is."""

UNTOLD = ("SUSPEND", "RESUME", "active_ms")
"""What only the interpreter tells of coroutines: before 3.12, to a trace function alone."""

LATE = ("decorators", "tasks")
"""A wrapper is told last of what is thrown into the coroutine that it awaits."""

PROGRAMS = ["calls", "failures", "generators", "tasks"]
IF_TOLD = ["delegation", "driven"]
"""Where it matters what calls made meanwhile are called by: that takes more than a trace function."""

CORES = [*(["monitoring"] if HAS_MONITORING else []), "settrace"]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The programs can be imported, each time anew."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


def by_hook(tracer: Tracer, program: str) -> None:
    """Instrumented while it is imported."""
    tracer.install()
    importlib.import_module(program).main()


def by_interpreter(tracer: Tracer, program: str) -> None:
    """Traced by the interpreter, after it is imported."""
    main = importlib.import_module(program).main
    tracer.run()
    assert tracer.config.dynamic in tracer.stats()["dynamic"]
    main()


def by_decorators(tracer: Tracer, program: str) -> None:
    """Every function and class decorated."""
    module = importlib.import_module(program)
    for name, each in list(vars(module).items()):
        if getattr(each, "__module__", None) == program and isinstance(each, FunctionType | type):
            setattr(module, name, tracer.trace_function(each))
    module.main()


DOORS: dict[str, Callable[[Tracer, str], None]] = {
    **dict.fromkeys(CORES, by_interpreter),
    "decorators": by_decorators,
    "hook": by_hook,
}


def recorded(door: str, program: str, level: str, folder: Path) -> list[dict[str, Any]]:
    """The entries that one run leaves, from the first call of ``main`` on."""
    sys.modules.pop(program, None)
    log = folder / "log.jsonl"
    log.unlink(missing_ok=True)
    config = Config(level=level, params={"log_path": log}, dynamic=door if door in CORES else "auto")
    tracer = Tracer(config, TracingPolicy(included_packages=[program]))
    try:
        DOORS[door](tracer, program)
    finally:
        tracer.close()
    entries = read_entries(log)
    if level != "ERROR":
        assert_complete(entries)
    return comparable(entries if HAS_MONITORING or program == "generators" else told(entries))


def told(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries without what not every door can know of coroutines."""
    return [
        {name: value for name, value in entry.items() if name not in UNTOLD}
        for entry in entries
        if entry["stage"] not in UNTOLD
    ]


def comparable(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of ``main``'s call tree and of other threads, without times; entries and tasks numbered anew."""
    first = next((place for place, entry in enumerate(entries) if entry["args"] == "main()"), 0)
    numbers: dict[int, int] = {}
    tasks: dict[str, int] = {}
    for place, entry in enumerate(entries[first:]):
        numbers[entry["entry_id"]] = place
        if "task" in entry:
            entry["task"] = tasks.setdefault(entry["task"], len(tasks))
    return [
        {
            **{name: without_addresses(value) for name, value in entry.items() if name not in ALONE},
            **{name: "measured" for name in MEASURED if name in entry},
            **{name: numbers.get(entry[name]) for name in ("entry_id", "call_id", "parent_id")},
        }
        for entry in entries[first:]
    ]


def without_addresses(value: Any) -> Any:
    """A field as it would be if every object had the same address."""
    return re.sub(r"0x[0-9a-f]+", "0x", value) if isinstance(value, str) else value


@pytest.mark.parametrize("level", ["INFO", "DEBUG", "ERROR"])
@pytest.mark.parametrize("door", [*CORES, "decorators"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_each_door_records_what_the_import_hook_does(program: str, door: str, level: str, tmp_path: Path) -> None:
    """The entries of a program are the same through the import hook and through any other door, at each level."""
    expected = recorded("hook", program, level, tmp_path)
    assert expected or level == "ERROR"
    found = recorded(door, program, level, tmp_path)
    if (door, program, level) == (*LATE, "DEBUG"):
        expected, found = comparable(told(expected)), comparable(told(found))
    assert found == expected


@pytest.mark.skipif(not HAS_MONITORING, reason="nobody tells of waits")
@pytest.mark.parametrize("door", ["hook", "monitoring", "decorators"])
def test_every_end_of_a_call_that_waits_says_how_long_it_ran(door: str, tmp_path: Path) -> None:
    """Ends of coroutines, async generators and generators have ``active_ms``; at DEBUG, each wait has two entries."""
    waiting = {"sleeps", "awaits", "waits_again", "numbers", "doubled", "session"}
    entries = [entry for entry in recorded(door, "tasks", "DEBUG", tmp_path) if entry["args"].split("(")[0] in waiting]
    ends = [entry for entry in entries if entry["stage"] in ("END", "EXCEPTION") and entry["function"] != "tasks.quiet"]
    assert ends
    assert all("active_ms" in entry for entry in ends)
    stages = [entry["stage"] for entry in entries if entry["args"].startswith("sleeps") and entry["task"] == 0]
    assert stages[:4] == ["START", "SUSPEND", "RESUME", "END"]


@pytest.mark.skipif(not HAS_MONITORING, reason="nobody tells of waits")
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("door", ["monitoring", "decorators"])
@pytest.mark.parametrize("program", IF_TOLD)
def test_what_runs_while_a_call_waits_is_not_called_by_it(program: str, door: str, level: str, tmp_path: Path) -> None:
    """A coroutine that waits, and a generator that has delegated, call nothing, through any door that can know."""
    assert recorded(door, program, level, tmp_path) == recorded("hook", program, level, tmp_path)


@pytest.mark.parametrize("core", CORES)
def test_nested_functions_and_threads_are_the_same(core: str, tmp_path: Path) -> None:
    """Functions in functions have the hook's names, and threads that are started later are traced too."""
    expected = recorded("hook", "nested", "DEBUG", tmp_path)
    assert any(entry["thread"] == "worker-thread" for entry in expected)
    assert recorded(core, "nested", "DEBUG", tmp_path) == expected

"""Nothing is lost or unbalanced: programs made at random, of every kind of function, are recorded while they run."""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import sys
import uuid
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glimpse import Config, Tracer, TracingPolicy
from tests.support import assert_complete, read_entries
from tests.support.nestgen import nested_program


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where programs are written to be imported. What they leave half-way is nobody's concern."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("nested_")]:
        del sys.modules[name]
    asyncio.set_event_loop(None)


def output_of(name: str) -> str:
    """What a program prints."""
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    with redirect_stdout(io.StringIO()) as out:
        importlib.import_module(name).main()
        gc.collect()
    return out.getvalue()


def tree_of(entries: list[dict[str, Any]]) -> None:
    """Check that parents are one less deep than their children, and were open when these began or hand them on."""
    depths: dict[int, int] = {}
    for entry in entries:
        if entry["stage"] == "START":
            parent = entry["parent_id"]
            assert entry["depth"] == (1 if parent is None else depths[parent] + 1), entry
            depths[entry["call_id"]] = entry["depth"]
        else:
            assert entry["depth"] == depths[entry["call_id"]], entry


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_each_start_has_one_end_and_its_place_in_the_tree(level: str, seed: int, folder: Path) -> None:
    """A program prints what it does plain; its calls are those that it counts itself, each under who called it."""
    name = f"nested_{uuid.uuid4().hex}"
    (folder / f"{name}.py").write_text(nested_program(Random(seed)), encoding="utf-8")
    plain = output_of(name)
    log = folder / f"{name}.jsonl"
    tracer = Tracer(Config(level=level, params={"log_path": log}), TracingPolicy(included_packages=[name]))
    tracer.install()
    try:
        traced = output_of(name)
    finally:
        tracer.close()
    assert traced == plain
    entries = read_entries(log)
    assert_complete(entries)
    tree_of(entries)
    calls = [line.split() for line in plain.splitlines() if line.startswith("call ")]
    starts = [entry for entry in entries if entry["stage"] == "START" and entry["args"].startswith("f")]
    assert sorted(f"{name}.{function}" for _, function, _ in calls) == sorted(each["function"] for each in starts)
    callers = {each["call_id"]: each["function"].rpartition(".")[2] for each in entries if each["stage"] == "START"}
    for (_, function, caller), start in zip(calls, starts, strict=True):
        assert (start["function"].rpartition(".")[2], callers.get(start["parent_id"])) == (function, caller)

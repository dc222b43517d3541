"""Programs made at random leave the same record through the interpreter's facilities as through the import hook."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from glimpse import Config, Tracer, TracingPolicy
from glimpse.compat import HAS_MONITORING
from tests.support import read_entries
from tests.support.sidebyside import drained, drive, handling
from tests.support.sourcegen import KINDS, program

CORES = [*(["monitoring"] if HAS_MONITORING else []), "settrace"]
SEEDS = [*range(6), 12, 23, 25, 38, 43, 47, 57, 79, 135, 146, 178, 243, 309, 331, 363]
"""The last ones hold what a trace function is not told: exceptions that two managers, or ``finally``, pass on."""

UNTOLD = ("SUSPEND", "RESUME")
TOLD = ("stage", "function", "line", "args", "result", "exception")


def run(module: ModuleType) -> None:
    """Everything that the program does, through to what its generators do when they are thrown at and closed."""
    vars(module).update(handling=handling, drained=drained)
    for n in range(3):
        try:
            drive(module.main([], n))
        except Exception:
            continue


def recorded(name: str, door: str, log: Path) -> list[list[Any]]:
    """What the entries of one run tell, without times, and before 3.12 without waits."""
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    log.unlink(missing_ok=True)
    config = Config(level="DEBUG", params={"log_path": log}, dynamic=door if door in CORES else "auto")
    with_hook = door == "hook"
    tracer = Tracer(config, TracingPolicy(included_packages=[name]))
    try:
        if with_hook:
            tracer.install()
            run(importlib.import_module(name))
        else:
            module = importlib.import_module(name)
            tracer.run()
            run(module)
    finally:
        tracer.close()
    left = () if HAS_MONITORING else UNTOLD
    return [
        [re.sub("0x[0-9a-f]+", "0x", str(entry.get(field))) for field in TOLD]
        for entry in read_entries(log)
        if entry["stage"] not in left and "<module>" not in entry["function"]
    ]


@pytest.mark.parametrize("core", CORES)
def test_generated_programs(core: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call has the same stages, in the same order, with the same arguments, results and exceptions."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for seed in SEEDS:
        name = f"generated_{core}_{seed}"
        source = program(Random(seed), KINDS[seed % len(KINDS)])
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        try:
            expected = recorded(name, "hook", tmp_path / "log.jsonl")
            assert expected, seed
            assert recorded(name, core, tmp_path / "log.jsonl") == expected, seed
        finally:
            sys.modules.pop(name, None)

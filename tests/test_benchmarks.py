"""The benchmarks run, and print what they promise; what they print is nobody's proof of anything here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def run(*arguments: str) -> Any:
    """What a benchmark prints as JSON."""
    command = [sys.executable, str(BENCHMARKS / arguments[0]), *arguments[1:], "--quick", "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout)


@pytest.mark.once
def test_the_cost_of_calls() -> None:
    """Rows that leave entries leave bytes; a row that must leave nothing leaves none."""
    rows = run("calls.py", "--only", "sampled")
    first, other = rows.values()
    assert first["bytes"] > 100
    assert other["bytes"] == 0


@pytest.mark.once
def test_own_texts() -> None:
    """What passes by following values through the code is more than what does without."""
    command = [sys.executable, str(BENCHMARKS / "own_texts.py"), "--quick"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout
    found = re.match(r"(\d+) classes; (\d+) have their text made; (\d+) would without", printed)
    assert found
    classes, made, simple = map(int, found.groups())
    assert classes > made > simple > 0


@pytest.mark.once
def test_memory() -> None:
    """The long run counts the bytes that went to the null device."""
    assert all(row["bytes"] > 50 for row in run("calls.py", "--memory").values())


@pytest.mark.once
def test_peers() -> None:
    """Glimpse takes part whoever else does."""
    table = run("peers.py", "--rounds", "1")
    assert {"micro", "app"} == set(table)
    assert all("glimpse, jsonl" in costs for costs in table.values())


@pytest.mark.once
def test_parts() -> None:
    """Each part of a call is measured at its stage, and lines are written at the last."""
    told = run("parts.py")["app"]
    assert set(told["whole"]) == set(told["parts"]) > set(told["floors"])
    assert told["bytes"] > 300


@pytest.mark.once
def test_packages() -> None:
    """Large arguments are recorded, and each of them takes a bounded text."""
    costs = run("packages.py", "--only", "giants")["giants"]
    assert costs["glimpse, journal"]["calls"] >= 13
    assert 0 < costs["glimpse, jsonl"]["bytes"] < 2_000


@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="it counts processor time with getrusage")
def test_what_installing_brings() -> None:
    """Sizes of the wheel and of what is installed, and starts with and without the import."""
    found = run("install.py", "--python", sys.executable)
    assert 100_000 < found["wheel"] < 1_500_000
    assert any(name.startswith("libcst ") and size > 1_000_000 for name, size in found["installed"].items())
    assert all(found["start_ms"].values())


@pytest.mark.once
def test_a_run_that_lasts() -> None:
    """Every call of it is recorded and written, and leaves bytes."""
    for each in run("endurance.py").values():
        assert each["recorded"] >= 2 * each["calls"] > 0
        assert each["dropped"] == each["errors"] == 0
        assert each["bytes"] > 50


@pytest.mark.once
def test_calls_that_are_left_out() -> None:
    """They cost something, and bare calls less."""
    costs = run("left_out.py")
    assert set(costs) == {"two empty calls", "without thread-locals", "as it is"}

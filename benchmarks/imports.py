"""What importing costs under the hook: instrumented packages from a warm cache, modules outside the policy, start-up.

Usage: ``python benchmarks/imports.py [--runs N] [--json] [PACKAGE ...]``. Without packages, those of a list that are
installed. Every figure comes from fresh processes of this Python, the variants in turn; a ratio is that of medians,
with that of minima beside it, which says more on a busy machine. Needs Glimpse installed, for the start-up file.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

USUAL = ["flask", "jinja2", "click", "rich.console", "networkx", "pyparsing", "hypothesis", "pymongo", "_pytest.config"]
NAMES = 20_000

IMPORT = """
import importlib, sys, time
from glimpse.hook import activate
from glimpse.hook.cache import _toolchain
from glimpse.policy import TracingPolicy
from glimpse.probe import hooks
from glimpse.values import expect_objects
_toolchain()
expect_objects()
if sys.argv[2] == "hook":
    activation = activate(TracingPolicy(included_packages=[sys.argv[1].partition(".")[0]]))
start = time.process_time_ns()
importlib.import_module(sys.argv[1])
print((time.process_time_ns() - start) / 1e6)
if sys.argv[2] == "hook":
    assert not [each for each in activation.outcomes.values() if each.state == "rewritten"] or sys.argv[3] == "cold"
"""

FIND = f"""
import sys, time
from glimpse.hook import activate
from glimpse.policy import TracingPolicy
activate(TracingPolicy(included_packages=["shop"], excluded_packages=["shop.vendor"]))
find = sys.meta_path[0].find_spec
names = [f"package{{n % 200}}.module{{n}}" for n in range({NAMES})]
for _ in "first", "again":
    start = time.process_time_ns()
    for name in names:
        find(name, None, None)
    print((time.process_time_ns() - start) / 1e3 / len(names))
"""

START = """
import resource, subprocess, sys
subprocess.run([sys.executable, sys.argv[1]], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) * 1e3)
"""


OFF = """
import os, site, sys, time
folder = next(entry for entry in sys.path if os.path.exists(os.path.join(entry, "glimpse-auto.pth")))
for _ in range(20):
    start = time.perf_counter_ns()
    site.addpackage(folder, "glimpse-auto.pth", set())
    print((time.perf_counter_ns() - start) / 1e6)
"""


def figures(code: str, *arguments: str, env: Mapping[str, str] | None = None, cwd: str | None = None) -> list[float]:
    """What a fresh process prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GLIMPSE_", "PYTHON"))}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env={**kept, **(env or {})}, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(line) for line in done.stdout.split()]


def ratio(plain: list[float], other: list[float]) -> dict[str, float]:
    """How much longer the other takes."""
    return {
        "plain_ms": round(statistics.median(plain), 2),
        "ratio": round(statistics.median(other) / statistics.median(plain), 3),
        "ratio_of_minima": round(min(other) / min(plain), 3),
    }


def warm_import(package: str, runs: int) -> dict[str, float]:
    """An instrumented package from the cache, against the plain one from its ``.pyc`` files."""
    for how in ("plain", "hook"):
        figures(IMPORT, package, how, "cold")
    taken: dict[str, list[float]] = {"plain": [], "hook": []}
    for _ in range(runs):
        for how, times in taken.items():
            times += figures(IMPORT, package, how, "warm")
    return ratio(taken["plain"], taken["hook"])


def start_up(runs: int, folder: str) -> dict[str, dict[str, float]]:
    """What the start-up file adds to small programs, switched on: processor time, from written bytecode.

    The empty one imports nothing that is included; the other one calls a function of each of its two included modules,
    and is also run with modules of the standard library that most programs import.
    """
    texts = {
        "empty.py": "",
        "shop.py": "import stock\ndef total(orders):\n    return sum(stock.price(each) for each in orders)\n",
        "stock.py": "def price(order):\n    return order * 2\n",
        "small.py": "import shop\nshop.total([1, 2, 3])\n",
        "usual.py": "import argparse, dataclasses, json, logging, pathlib, subprocess, uuid\nimport small\n",
        "policy.json": '{"version": "1.0", "included_packages": ["shop", "stock"]}',
    }
    for name, text in texts.items():
        Path(folder, name).write_text(text)
    on = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(Path(folder, "policy.json"))}
    found = {}
    for script, dest in ("empty.py", "jsonl"), ("small.py", "jsonl"), ("small.py", "journal"), ("usual.py", "jsonl"):
        env = {**on, "GLIMPSE_DEST": dest, "GLIMPSE_LOG_PATH": str(Path(folder, f"log.{dest}"))}
        taken: dict[str, list[float]] = {"off": [], "on": []}
        for _ in range(runs + 1):
            taken["off"] += figures(START, str(Path(folder, script)), cwd=folder)
            taken["on"] += figures(START, str(Path(folder, script)), env=env, cwd=folder)
        off, with_it = taken["off"][1:], taken["on"][1:]  # the first of each has written what the others read
        adds = statistics.median(with_it) - statistics.median(off)
        found[f"start of {script}, {dest}"] = {"on_adds_ms": round(adds, 1), **ratio(off, with_it)}
    return found


def switched_off() -> dict[str, float]:
    """What the start-up file costs where nothing is switched on: ``site`` reads it and runs its line."""
    return {"adds_ms": round(min(figures(OFF)), 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    packages = options.packages or [name for name in USUAL if importlib.util.find_spec(name.partition(".")[0])]
    found: dict[str, dict[str, float]] = {}
    for package in packages:
        found[f"warm import of {package}"] = warm_import(package, options.runs)
    first, again = figures(FIND)
    found["import outside the policy"] = {"adds_us_first": round(first, 2), "adds_us_again": round(again, 2)}
    with tempfile.TemporaryDirectory() as folder:
        found |= start_up(options.runs, folder)
    found["start-up file, switched off"] = switched_off()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for what, values in found.items():
        print(f"{what:36} {'  '.join(f'{name} {value}' for name, value in values.items())}")


if __name__ == "__main__":
    main()

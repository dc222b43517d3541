"""What a suspension costs where coroutines are instrumented: ``await asyncio.sleep(0)``, below one and six of them.

Usage: ``python benchmarks/suspending.py [--runs N] [--json]``. Every figure is processor time of fresh processes of
this Python, the variants in turn, in µs a suspension: the minimum within a process, the median of the processes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """
import asyncio
async def waits(n):
    for _ in range(n):
        await asyncio.sleep(0)
async def within(depth, n):
    if depth:
        await within(depth - 1, n)
    else:
        await waits(n)
"""

RUN = """
import asyncio, json, sys, time
import glimpse
level, log = sys.argv[1:]
if level != "plain":
    config = glimpse.Config(level=level, params={"log_path": log})
    glimpse.Tracer(config, glimpse.TracingPolicy(included_packages=["program"])).install()
import program
def cost(depth, n=4000):
    start = time.process_time()
    asyncio.run(program.within(depth, n))
    return (time.process_time() - start) / n * 1e6
print(json.dumps([min(cost(depth) for _ in range(7)) for depth in (0, 5)]))
"""

LEVELS = ("plain", "ERROR", "INFO", "DEBUG")


def measure(runs: int) -> dict[str, list[float]]:
    """By level: µs a suspension with two and with seven instrumented coroutines waiting."""
    found: dict[str, list[list[float]]] = {level: [] for level in LEVELS}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(PROGRAM, encoding="utf-8")
        (Path(folder) / "run.py").write_text(RUN, encoding="utf-8")
        for turn in range(runs):
            for level in LEVELS:
                command = [sys.executable, "run.py", level, f"{level}-{turn}.jsonl"]
                done = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
                found[level].append(json.loads(done.stdout))
    return {
        level: [round(statistics.median(values), 2) for values in zip(*each, strict=True)]
        for level, each in found.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.runs)
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for level, (two, seven) in found.items():
        plain = found["plain"]
        ratios = f"{two / plain[0]:.2f} and {seven / plain[1]:.2f} × plain"
        sys.stdout.write(f"{level:6} two coroutines {two:6.2f} µs, seven {seven:6.2f} µs a suspension: {ratios}\n")


if __name__ == "__main__":
    main()

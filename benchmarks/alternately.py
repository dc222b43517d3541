"""Variants measured in turn, each run in a fresh process: what a benchmark prints is what they add to a plain run.

A variant's process prints one line of JSON with at least ``cpu``: seconds of processor time from the start of the work
until the interpreter has only to exit, and ``rss``: the most memory that it had, in kB.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any


def used() -> float:
    """Seconds of processor time that this process has used in all its threads."""
    return time.process_time()


def report(began: float, **more: Any) -> None:
    """In a variant's process: the line that ``measure`` reads."""
    try:
        import resource
    except ImportError:  # Windows
        rss = 0
    else:
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    sys.stdout.write(json.dumps({"cpu": used() - began, "rss": rss, **more}) + "\n")


def measure(commands: dict[str, Sequence[str]], rounds: int, **options: Any) -> dict[str, list[dict[str, Any]]]:
    """What each command's process reported in each round; they take turns, and who begins changes.

    :raises subprocess.CalledProcessError: one failed; what it printed has been shown.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    names = list(commands)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            done = subprocess.run(commands[name], capture_output=True, text=True, check=False, **options)
            if done.returncode:
                sys.stderr.write(f"{name}:\n{done.stderr}")
                done.check_returncode()
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def added(traced: list[dict[str, Any]], plain: list[dict[str, Any]], calls: int) -> tuple[float, float]:
    """Median of the µs of processor time that a call costs more, and the spread around it."""
    base = statistics.median(each["cpu"] for each in plain)
    costs = sorted((each["cpu"] - base) / calls * 1e6 for each in traced)
    return statistics.median(costs), costs[-1] - costs[0]

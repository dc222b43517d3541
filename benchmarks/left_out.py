"""What a call beyond ``trace_depth`` costs, and the least that it could: ``python benchmarks/left_out.py``.

Nanoseconds that a call of ``add(a, b)`` takes longer where its body calls two functions, as rewritten code does: the
least of many short loops of each, so that a busy machine matters little. *Two empty calls* do nothing. *Without
thread-locals* has what Glimpse does for such a call, count the depth and compare it, for one thread only. *As it is*
has Glimpse's own functions. What lies between the last two is to find the state of the thread that runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import glimpse
from glimpse.probe import slot

PROGRAM = """
def add(a, b): return a + b
def traced(a, b):
    ENTER(KEY, a, b)
    try:
        return END(KEY, a + b)
    except BaseException:
        raise
def plain_loop():
    for n in CALLS: add(n, 2)
def traced_loop():
    for n in CALLS: traced(n, 2)
"""
KEY = "program:traced:1:f:a,b:"
CALLS = range(200)


class Depth:
    """Of the one thread."""

    __slots__ = ("depth",)


def empty_enter(key: str, a: Any, b: Any) -> None:
    """Do nothing."""


def empty_end(key: str, value: Any) -> Any:
    """Do nothing."""
    return value


LEVEL = Depth()
LEVEL.depth = 9
LIMIT, AFRESH = 3, 1 << 28


def bare_enter(key: str, a: Any, b: Any) -> None:
    """Count and compare."""
    LEVEL.depth = depth = LEVEL.depth + 1
    if depth > LIMIT and depth != AFRESH:
        return


def bare_end(key: str, value: Any) -> Any:
    """Compare and count."""
    depth = LEVEL.depth
    if depth > LIMIT and depth != AFRESH:
        LEVEL.depth = depth - 1
    return value


def cost(enter: Any, end: Any, rounds: int) -> float:
    """The nanoseconds that these add to a call."""
    scope: dict[str, Any] = {"ENTER": enter, "END": end, "KEY": KEY, "CALLS": CALLS}
    exec(PROGRAM, scope)
    return (least(scope["traced_loop"], rounds) - least(scope["plain_loop"], rounds)) / len(CALLS)


def least(loop: Callable[[], None], rounds: int) -> float:
    """Nanoseconds of the fastest of many."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        loop()
        found.append(time.perf_counter_ns() - began)
    return min(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = 20 if options.quick else 1000
    costs = {"two empty calls": cost(empty_enter, empty_end, rounds)}
    costs["without thread-locals"] = cost(bare_enter, bare_end, rounds)
    policy = glimpse.TracingPolicy(included_packages=["program"], trace_depth=1)
    tracer = glimpse.install(policy=policy, config=glimpse.Config(params={"log_path": os.devnull}))
    enter, end = slot(0).function("enter2"), slot(0).function("end_f")
    enter(KEY, 1, 2)  # the call that is as deep as may be
    costs["as it is"] = cost(enter, end, rounds)
    end(KEY, 3)
    tracer.uninstall()
    if options.json:
        sys.stdout.write(json.dumps(costs) + "\n")
        return
    for name, ns in costs.items():
        sys.stdout.write(f"{name:24} {ns:6.0f} ns\n")


if __name__ == "__main__":
    main()

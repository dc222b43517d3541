"""What it costs to decide on modules: 1,000 patterns against 10,000 module names, first and remembered.

Usage: ``python benchmarks/policy_matching.py [--patterns N] [--modules N]``. Prints microseconds for each decision,
the best of three runs, for kinds of patterns that are looked up in different ways.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence

from glimpse.policy import TracingPolicy

RUNS = 3
WORDS = ["app", "core", "db", "views", "models", "utils", "api", "tasks", "forms", "admin", "auth", "billing", "search"]

Shape = Callable[[random.Random], str]
SHAPES: dict[str, Sequence[Shape]] = {
    "exact names": [lambda dice: dotted(dice, 3)],
    "prefixes (lib_*)": [lambda dice: f"{word(dice)}*"],
    "suffixes (*.lib)": [lambda dice: f"*.{word(dice)}"],
    "middles (a_*_b)": [lambda dice: f"{word(dice)}_*_{word(dice)}"],
    "classes (lib[12])": [lambda dice: f"{word(dice)}[12]"],
    "anywhere (*lib*)": [lambda dice: f"*{word(dice)}*"],
}
SHAPES["all of these"] = [shape for shapes in SHAPES.values() for shape in shapes]


def word(dice: random.Random) -> str:
    """A name that is rarely the same twice."""
    return f"{dice.choice(WORDS)}_{dice.randrange(10_000)}"


def dotted(dice: random.Random, parts: int) -> str:
    """A name in a package of a package."""
    return ".".join(word(dice) for _ in range(parts))


def module_names(dice: random.Random, count: int) -> list[str]:
    """Modules as a large program has them: packages of some modules each, parents before children."""
    names: list[str] = []
    while len(names) < count:
        package = word(dice)
        names += [package, *(f"{package}.{word(dice)}" for _ in range(3))]
        names += [f"{name}.{word(dice)}" for name in names[-3:] for _ in range(2)]
    return names[:count]


def microseconds_each(ask: Callable[[str], object], names: Sequence[str]) -> float:
    """The time of one call, over all names."""
    start = time.perf_counter()
    for name in names:
        ask(name)
    return (time.perf_counter() - start) / len(names) * 1e6


def measure(patterns: Sequence[str], names: Sequence[str]) -> list[float]:
    """Milliseconds to build, then microseconds for ``may_include`` and ``decide_module``: first, and remembered."""
    best = [float("inf")] * 5
    for _ in range(RUNS):
        start = time.perf_counter()
        policy = TracingPolicy(included_packages=patterns[::2], excluded_packages=patterns[1::2])
        policy.may_include("warm_up")
        built = (time.perf_counter() - start) * 1e3
        asks = (policy.may_include, policy.decide_module)
        times = [microseconds_each(ask, names) for ask in asks for _ in ("first", "remembered")]
        best = [min(pair) for pair in zip(best, [built, *times], strict=True)]
    return best


def main() -> None:
    """Measure every kind of pattern and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patterns", type=int, default=1_000)
    parser.add_argument("--modules", type=int, default=10_000)
    options = parser.parse_args()
    dice = random.Random(7)
    names = module_names(dice, options.modules)
    print(f"{options.patterns} patterns, {len(names)} modules; build in ms, the rest in µs a name")
    print(f"{'':22}{'build':>8}{'may_include':>20}{'decide_module':>20}")
    print(f"{'':30}{'first':>10}{'again':>10}{'first':>10}{'again':>10}")
    for title, shapes in SHAPES.items():
        patterns = [shapes[number % len(shapes)](dice) for number in range(options.patterns)]
        built, *times = measure(patterns, names)
        print(f"{title:22}{built:8.1f}" + "".join(f"{each:10.2f}" for each in times))


if __name__ == "__main__":
    main()

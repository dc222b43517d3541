"""What rewriting a module costs, against libcst's own parser and code generator on the same sources.

Usage: ``python benchmarks/rewriting.py [--runs N] [--parts] [PACKAGE ...]``. The variants take turns, file by file; the
ratio is that of the sums of each file's fastest run, in CPU time of the process.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libcst

from glimpse.errors import RewriteError
from glimpse.hook.rewrite import Plan, instrument

USUAL = ["click", "flask", "jinja2", "pymongo", "_pytest", "pyparsing", "rich", "json", "asyncio", "email"]
LIMIT = 12_000
"""Lines of each package that are taken, from its files in the order of their names."""


def sources(packages: list[str]) -> Iterator[tuple[str, bytes]]:
    """The files of those packages that are installed."""
    for package in packages:
        spec = importlib.util.find_spec(package)
        lines = 0
        for folder in spec.submodule_search_locations or () if spec is not None else ():
            for path in sorted(Path(folder).rglob("*.py")):
                content = path.read_bytes()
                lines += content.count(b"\n")
                if lines < LIMIT and content.count(b"\n") > 20:
                    yield str(path), content


def fastest(function: Callable[[], Any], others: Callable[[], Any], runs: int) -> tuple[int, int]:
    """Nanoseconds of each, run in turns."""
    best = [sys.maxsize, sys.maxsize]
    for _ in range(runs):
        for place, call in enumerate((function, others)):
            started = time.process_time_ns()
            call()
            best[place] = min(best[place], time.process_time_ns() - started)
    return best[0], best[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=USUAL)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    libcst_ns = ours_ns = lines = 0
    for path, content in sources(options.packages):

        def plain(content: bytes = content) -> str:
            return libcst.parse_module(content).code

        def rewritten(content: bytes = content, path: str = path) -> Any:
            return instrument(content, path, Plan("measured"))

        try:
            rewritten()
        except (RewriteError, SyntaxError):
            continue
        one, other = fastest(plain, rewritten, options.runs)
        libcst_ns, ours_ns, lines = libcst_ns + one, ours_ns + other, lines + content.count(b"\n")
    print(f"lines rewritten                        {lines:,}")
    print(f"libcst's parser and code generator     {libcst_ns / 1e3 / lines:.1f} µs a line")
    print(f"rewriting to code                      {ours_ns / 1e3 / lines:.1f} µs a line")
    print(f"ratio                                  {ours_ns / libcst_ns:.3f}")


if __name__ == "__main__":
    main()

"""What ``glimpse_call`` adds to a log line, and what a log line in a traced call costs anyway.

Usage: ``python benchmarks/log_calls.py [--lines N] [--rounds N]``. The variants take turns in one process; figures are
medians of CPU time, in microseconds a line. Log lines go to ``/dev/null``, entries to a file in a temporary folder.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable

from glimpse import Config, Tracer
from glimpse.logging import CallFilter


def logger_of(name: str, form: str, *, labelled: bool) -> logging.Logger:
    """A logger that formats its lines and throws them away."""
    handler = logging.FileHandler(os.devnull)
    handler.setFormatter(logging.Formatter(form))
    if labelled:
        handler.addFilter(CallFilter())
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    logger.propagate = False
    return logger


def spent(work: Callable[[], object], times: int) -> float:
    """Microseconds of CPU time for each time."""
    start = time.process_time_ns()
    for _ in range(times):
        work()
    return (time.process_time_ns() - start) / 1000 / times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20_000, help="log lines a round")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    plain = logger_of("plain", "%(levelname)s %(name)s %(message)s", labelled=False)
    labelled = logger_of("labelled", "%(levelname)s %(name)s %(message)s %(glimpse_call)s", labelled=True)
    with tempfile.TemporaryDirectory() as folder:
        tracer = Tracer(Config(dest="jsonl", params={"log_path": os.path.join(folder, "calls.jsonl")}))

        @tracer.trace_function
        def traced(logger: logging.Logger) -> None:
            logger.warning("a line of %s", "text")

        variants: dict[str, Callable[[], object]] = {
            "plain line": lambda: plain.warning("a line of %s", "text"),
            "labelled line, outside of calls": lambda: labelled.warning("a line of %s", "text"),
            "plain line in a traced call": lambda: traced(plain),
            "labelled line in a traced call": lambda: traced(labelled),
        }
        found: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(options.rounds):
            for name, work in variants.items():
                found[name].append(spent(work, options.lines))
        tracer.close()
    base = statistics.median(found["plain line"])
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"{name:34} {middle:6.2f} µs  {middle / base:5.2f}  (min {min(times):.2f})")


if __name__ == "__main__":
    main()

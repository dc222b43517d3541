"""What it costs to read large databases: ``python benchmarks/reading_sqlite.py [--entries N] [--path FILE]``.

Makes a trace of a program that handles requests, as a recording process would write it, and runs commands on it,
``top`` twice: the first reader counts the calls and keeps the result in the file. Prints the processor seconds of each
whole process and its peak memory.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from glimpse.assembly import Origin
from glimpse.entry import Param, Site
from glimpse.writers.sqlite.writer import SqliteWriter

ROW = (Param("row"), Param("strict"))
NAMES = (("shop.parser", "parse_item"), ("shop.pricing", "price"), ("shop.models", "total"), ("shop.db", "execute"))
CALLED = [Site(module, name, 1, "f", ROW, "").key for module, name in NAMES]
HANDLE = Site("shop.web", "handle", 1, "f", (Param("request"),), "").key
WEEKLY = Site("shop.report", "weekly", 1, "f", (), "").key
FAILS_EVERY = 5_000
REPORTS_EVERY = 100_000
CHUNK = 256
COMMANDS = (
    "top", "top", "errors", "tree --function weekly", "top --function weekly", "top --error", "top --min-duration 2ms",
    "top --thread MainThread", "top --pid 1", "top --since 22:14", "top --until 22:14", "top --args 4000012",
    "top --depth 1", "tree --since 22:20:12", "tree --thread worker", "show 4000001",
)  # fmt: skip
"""Calls begin at 22:13:21; of 10 million entries the last ones are of 22:20:12."""

MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def events(entries: int) -> Iterator[list[tuple[Any, ...]]]:
    """Chunks of events: a request makes three calls, one in thousands of which fails; now and then a report is made."""
    dice = random.Random(1)
    lengths = [int(dice.lognormvariate(-3, 1) * 1e6) for _ in range(1 << 16)]
    chunk: list[tuple[Any, ...]] = [(18, 1, "MainThread")]
    t = 1_000_000_000
    for call in range(0, entries // 2, 4):
        chunk.append((1, HANDLE, t, 1, None, (f"<Request POST /orders {call}>",)))
        for number in range(call + 1, call + 4):
            key = CALLED[int(dice.random() * 4)] if number % REPORTS_EVERY != 2 else WEEKLY
            values = () if key is WEEKLY else ((f"{{'id': {number}, 'name': 'abcdef'}}",), False)
            chunk.append((1, key, t, 1, None, *values))
            t += lengths[number & 0xFFFF]
            if number % FAILS_EVERY == 1:
                chunk.append((3, key, t, 1, ("ValueError", f"bad row {number % 7}", 31, "Traceback …")))
            else:
                chunk.append((2, key, t, 1, (f"Order(id={number}, price=12.5)",)))
        t += lengths[call * 7 & 0xFFFF]
        chunk.append((2, HANDLE, t, 1, ("<Response 200>",)))
        if len(chunk) > CHUNK:
            yield chunk
            chunk = []
    yield chunk


def write(path: Path, entries: int) -> None:
    """Write the trace."""
    writer = SqliteWriter(str(path))
    assembler = writer.row_assembler(Origin(4711, 1_700_000_000_000_000_000))
    for chunk in events(entries):
        batch = assembler.rows(chunk, 4096)
        if batch is not None:
            writer.write_rows(batch)
    last = assembler.last_rows(1 << 60)
    if last is not None:
        writer.write_rows(last)
    writer.close()


def print_costs(commands: Sequence[str], path: Path) -> None:
    """A line for each command of Glimpse's on a trace: what a process of its own takes."""
    print(f"{'command':<34} {'CPU s':>8} {'peak MB':>8}")
    for name in commands:
        command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "glimpse", *name.split(), str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds, megabytes = map(float, done.stdout.split())
        print(f"{name:<34} {seconds:>8.2f} {megabytes:>8.0f}", flush=True)


def main() -> None:
    """Make the trace and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--path", type=Path, help="where to keep the database; a folder that is removed, if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.path or Path(folder) / "trace.db"
        write(path, options.entries)
        print(f"{options.entries:,} entries, {os.path.getsize(path) / 1e6:,.0f} MB, Python {sys.version.split()[0]}")
        print_costs(COMMANDS, path)


if __name__ == "__main__":
    main()

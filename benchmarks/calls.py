"""What one recorded call costs until it is on disk, and what each feature adds: ``python benchmarks/calls.py``.

Every figure is processor time of fresh processes of this Python, beside the same program without Glimpse: all variants
take turns, and the median of the rounds counts, with the spread between them. The program calls a small function
``--calls`` times. Ratios to the first row are more than the figures.

``--memory`` is another question: how much more memory a long run needs than the program itself (``--calls 50000000``
takes some minutes), and how many bytes a call leaves. ``--quick`` only checks that everything runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alternately import added, measure, report, used

PROGRAM = """
import asyncio
from dataclasses import dataclass
def nothing(): pass
def numbers(a, b): return a
def text(a): return a
def container(a): return None
class Plain:
    def method(self, a): return a
@dataclass
class Order:
    number: int
    name: str
def instance(a): return None
def raising(a): raise ValueError(a)
def generator():
    yield 1
def values(n):
    for number in range(n): yield number
def root(work): work()
def several(*args, **kwargs): return None
def defaults(a, b=2, *, c='three', d=None): return a
def inner(a): return a
def outer(a): return inner(a)
async def coroutine(a): return a
async def waiting(a):
    await asyncio.sleep(0)
    return a
async def coroutines(n):
    for number in range(n):
        await coroutine(number)
async def waits(n):
    for number in range(n):
        await waiting(number)
async def asynchronous(n):
    for number in range(n): yield number
async def consumer(n):
    async for number in asynchronous(n): pass
async def task(n):
    for number in range(n):
        await coroutine(number)
        await asyncio.sleep(0)
"""

WORK: dict[str, tuple[str, str]] = {
    "nothing": ("", "program.nothing()"),
    "numbers": ("", "program.numbers(n, 2)"),
    "string": ("", "program.text('a short text')"),
    "long string": ("value = 'x' * 400", "program.text(value)"),
    "list of 100": ("value = list(range(100))", "program.container(value)"),
    "dict of 10": ("value = dict.fromkeys('abcdefghij', 1)", "program.container(value)"),
    "method": ("value = program.Plain()", "value.method(n)"),
    "dataclass": ("value = program.Order(1, 'a')", "program.instance(value)"),
    "object": ("value = object()", "program.instance(value)"),
    "any arguments": ("", "program.several(n, 2, key=3)"),
    "defaults": ("", "program.defaults(n)"),
    "two levels": ("", "program.outer(n)"),
    "exception": ("", "try: program.raising(n)\n  except ValueError: pass"),
    "generator": ("", "list(program.generator())"),
    "values": ("values = program.values(calls)", "next(values)"),
    "consumed": ("values = program.values(calls)", "program.numbers(next(values), 2)"),
}
"""What is done first, and ``calls`` times."""

NO_ARGUMENT = ("numbers", "two levels", "exception", "generator", "values", "consumed")

ASYNC = {"coroutine": "coroutines", "coroutine that waits": "waits", "asynchronous generator": "consumer"}
"""Coroutines of the program that do it so many times by themselves."""

THREADS = 8
TASKS = 10_000


@dataclass
class Row:
    """One line of the table: the work, and how Glimpse is set up for it.

    :ivar scope: of how many calls each has a correlation id in common; 0 for no ids.
    """

    work: str = "numbers"
    door: str = "hook"
    scope: int = 0
    dest: str = "jsonl"
    config: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)


ROWS: dict[str, Row] = {
    "hook, INFO, jsonl, two numbers": Row(),
    "level DEBUG": Row(config={"level": "DEBUG"}),
    "level ERROR, no exception": Row(config={"level": "ERROR"}),
    "level ERROR, an exception": Row(work="exception", config={"level": "ERROR"}),
    "trace ids": Row(config={"enable_trace_id": True}),
    **{f"argument: {name}": Row(work=name) for name in WORK if name not in NO_ARGUMENT},
    "an exception": Row(work="exception"),
    "a generator of one value": Row(work="generator"),
    "a value of a generator": Row(work="values"),
    "a value of a generator and a call with it": Row(work="consumed"),
    **{name: Row(work=name) for name in ASYNC},
    "correlation ids of 100 calls each": Row(scope=100),
    "journal": Row(dest="journal"),
    "journal, trace ids": Row(dest="journal", config={"enable_trace_id": True}),
    "json": Row(dest="json"),
    "sqlite": Row(dest="sqlite"),
    "sqlite, trace ids": Row(dest="sqlite", config={"enable_trace_id": True}),
    "sqlite, correlation ids of 100 calls each": Row(dest="sqlite", scope=100),
    "sqlite, both": Row(dest="sqlite", scope=100, config={"enable_trace_id": True}),
    "sqlite, two levels": Row(work="two levels", dest="sqlite"),
    "sqlite, two levels, trace ids": Row(work="two levels", dest="sqlite", config={"enable_trace_id": True}),
    "sqlite, an exception": Row(work="exception", dest="sqlite"),
    "sqlite, a value of a generator": Row(work="values", dest="sqlite"),
    "sqlite, coroutine": Row(work="coroutine", dest="sqlite"),
    "sqlite, within trace_depth": Row(dest="sqlite", policy={"trace_depth": 1}),
    "sqlite, level DEBUG": Row(dest="sqlite", config={"level": "DEBUG"}),
    "decorator": Row(door="decorator"),
    "dynamic mode": Row(door="dynamic"),
    "beyond trace_depth": Row(work="deep", policy={"trace_depth": 1}),
    "within trace_depth": Row(policy={"trace_depth": 1}),
    "not sampled": Row(work="deep", policy={"sample_rate": 1e-12}),
    "faster than min_duration_ms": Row(policy={"min_duration_ms": 10_000}),
    "8 threads": Row(work="threads"),
    "10,000 asyncio tasks": Row(work="tasks"),
}
"""The first is what the others are compared with."""

_PATHS = {"sqlite": "db_path"}


def work_of(name: str, program: Any, calls: int) -> Callable[[], None]:
    """A function that does this work; the loop is compiled for it, so that nothing else is measured."""
    if name == "tasks":
        return lambda: run_tasks(program, calls)
    if name == "threads":
        return lambda: run_threads(loop("numbers", program, calls // THREADS))
    if name in ASYNC:
        return lambda: run_coroutine(getattr(program, ASYNC[name])(calls))
    if name == "deep":
        return lambda: program.root(loop("numbers", program, calls))
    return loop(name, program, calls)


def loop(name: str, program: Any, calls: int) -> Callable[[], None]:
    """Does it that many times."""
    before, each = WORK[name]
    scope: dict[str, Any] = {"program": program, "calls": calls}
    exec(f"def run():\n {before or 'pass'}\n for n in range(calls):\n  {each}", scope)
    done: Callable[[], None] = scope["run"]
    return done


def run_coroutine(coroutine: Any) -> None:
    """In an event loop."""
    import asyncio

    asyncio.run(coroutine)


def in_scopes(work: str, program: Any, calls: int, scope: int) -> Callable[[], None]:
    """Does it, so many calls in each of the scopes of correlation ids."""
    import glimpse

    each = work_of(work, program, scope)

    def run() -> None:
        for number in range(calls // scope):
            with glimpse.correlation(f"request-{number}"):
                each()

    return run


def run_threads(work: Callable[[], None]) -> None:
    """Eight threads do it at once."""
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_tasks(program: Any, calls: int) -> None:
    """Ten thousand tasks, which wait after each call."""
    import asyncio

    tasks = min(TASKS, calls)

    async def gather() -> None:
        await asyncio.gather(*(program.task(calls // tasks) for _ in range(tasks)))

    asyncio.run(gather())


def child(row: Row | None, folder: str, calls: int, path: str) -> None:
    """In a process of its own: the program, traced as the row says or plain."""
    sys.path.insert(0, folder)
    tracer = start(row, path) if row is not None else None
    program: Any = __import__("program")
    if row is not None and row.door == "decorator":
        import glimpse

        program.numbers = glimpse.trace(program.numbers)
    name, scope = (row.work, row.scope) if row is not None else (sys.argv[2], 0)
    work = in_scopes(name, program, calls, scope) if scope else work_of(name, program, calls)
    began = used()
    work()
    stats = {}
    if tracer is not None:
        import glimpse

        tracer.flush()
        stats = tracer.stats()
        glimpse.uninstall()
    size = os.path.getsize(path) if os.path.isfile(path) else stats.get("bytes", 0)
    report(began, bytes=size, dropped=stats.get("dropped", 0), recorded=stats.get("recorded", 0))


def start(row: Row, path: str) -> Any:
    """Set Glimpse up."""
    import glimpse

    params = {_PATHS.get(row.dest, "log_path"): path}
    config = glimpse.Config(dest=row.dest, params=params, **row.config)
    included = [] if row.door == "decorator" else ["program"]
    policy = glimpse.TracingPolicy(included_packages=included, **row.policy)
    if row.door != "dynamic":
        return glimpse.install(policy=policy, config=config)
    __import__("program")
    tracer = glimpse.Tracer(config, policy)
    tracer.run()
    return tracer


def table(names: list[str], rounds: int, calls: int) -> dict[str, dict[str, float]]:
    """The µs that a call of each row adds, with the spread, the ratio to the first row, and bytes a call."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "program.py").write_text(PROGRAM, encoding="utf-8")

        def command(kind: str, name: str) -> list[str]:
            path = os.path.join(folder, f"{kind}-{name.replace(' ', '-').replace(',', '')}.log".replace(":", ""))
            return [sys.executable, __file__, f"--{kind}", name, folder, str(calls), path]

        works = dict.fromkeys(ROWS[name].work for name in names)
        commands = {f"plain {work}": command("plain", work) for work in works}
        commands |= {name: command("row", name) for name in names}
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, reports in measure(commands, 1).items():
                found[name] += reports
            for each in Path(folder).glob("*.log*"):
                each.unlink()
    rows: dict[str, dict[str, float]] = {}
    for name in names:
        cost, spread = added(found[name], found[f"plain {ROWS[name].work}"], calls)
        last = found[name][-1]
        assert last["dropped"] == 0, f"{name}: entries were dropped"
        rows[name] = {"us": cost, "spread": spread, "bytes": last["bytes"] / calls, "rss": last["rss"]}
        rows[name]["more_rss"] = last["rss"] - found[f"plain {ROWS[name].work}"][-1]["rss"]
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--only", help="rows with one of these, separated by commas, in their names, and the first")
    parser.add_argument("--memory", action="store_true", help="one run of jsonl and journal, to the null device")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds, calls = (1, 400) if options.quick else (options.rounds, options.calls)
    if options.memory:
        found = memory(calls)
    else:
        chosen = (options.only or "").split(",")
        names = [name for name in ROWS if name == next(iter(ROWS)) or any(part in name for part in chosen)]
        found = table(names, rounds, calls)
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    first = next(iter(found.values()))["us"] or 1.0
    for name, row in found.items():
        sys.stdout.write(
            f"{name:34} {row['us']:7.2f} µs ± {row['spread'] / 2:5.2f}  {row['us'] / first:6.2f} ×"
            f"  {row['bytes']:5.0f} bytes a call  {row['more_rss'] / 1024:+6.1f} MB\n"
        )


def memory(calls: int) -> dict[str, dict[str, float]]:
    """The same for one long run each, to the null device."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "program.py").write_text(PROGRAM, encoding="utf-8")
        commands = {"plain": [sys.executable, __file__, "--plain", "numbers", folder, str(calls), ""]}
        for name in ("hook, INFO, jsonl, two numbers", "journal"):
            commands[name] = [sys.executable, __file__, "--row", name, folder, str(calls), os.devnull]
        found = measure(commands, 1)
    plain = found.pop("plain")
    return {
        name: {
            "us": added(each, plain, calls)[0],
            "spread": 0.0,
            "bytes": each[0]["bytes"] / calls,
            "more_rss": each[0]["rss"] - plain[0]["rss"],
        }
        for name, each in found.items()
    }


if __name__ == "__main__":
    if sys.argv[1:2] in (["--row"], ["--plain"]):
        child(ROWS[sys.argv[2]] if sys.argv[1] == "--row" else None, sys.argv[3], int(sys.argv[4]), sys.argv[5])
    else:
        main()

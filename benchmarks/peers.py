"""Glimpse beside other tracers: ``python benchmarks/peers.py``.

Takes part whoever can be imported: kolo, viztracer, hunter and eliot, and a decorator written by hand. Nothing is
installed. Each run is a fresh process beside one of the plain program, all in turn; what counts is the processor time
that a call costs more until everything is on disk, as the median of the rounds. The tools do not record the same: the
last column says what. Two programs: ``micro`` calls tiny functions with numbers, ``app`` reads, checks, prices and
prints orders, most of its time in the standard library.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alternately import added, measure, report, used

MICRO = """
class Account:
    def __init__(self): self.total = 0
    def add(self, amount):
        self.total += amount
        return self.total
def plus(a, b): return a + b
def price(a, *, rate=1, count=2, name="x"): return a * rate + count
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def main(n):
    account = Account()
    for number in range(n // 4):
        plus(number, 1)
        account.add(number)
        price(number, count=3, name="row")
    return fib(FIB[n])
FIB = {}
def calls(n):
    index, count = 1, 1
    below = 1
    while count + below + 1 <= n // 4:
        index, count, below = index + 1, count + below + 1, count
    FIB[n] = index
    return 3 * (n // 4) + count + 2
"""

APP = """
import json
from dataclasses import dataclass, field
from decimal import Decimal
@dataclass
class Item:
    sku: str
    count: int
    price: Decimal
@dataclass
class Order:
    number: int
    customer: str
    items: list = field(default_factory=list)
class Refused(Exception): pass
def line(n):
    items = [{"sku": f"A-{n}-{i}", "count": i + 1, "price": "12.50"} for i in range(3)]
    return json.dumps({"number": n, "customer": f" customer {n} ", "items": items if n % 50 else []})
def read(text): return json.loads(text)
def item(data): return Item(data["sku"], data["count"], Decimal(data["price"]))
def order(data): return Order(data["number"], clean(data["customer"]), [item(each) for each in data["items"]])
def clean(text): return " ".join(text.split()).title()
def check(found):
    if not found.items:
        raise Refused(found.number)
    return found
def total(found): return sum((amount(each) for each in found.items), Decimal(0))
def amount(each): return each.price * each.count
def show(found, value):
    return json.dumps({"to": found.customer, "total": str(value), "lines": [each.sku for each in found.items]})
def handle(text):
    try:
        found = check(order(read(text)))
    except Refused:
        return None
    return show(found, total(found))
def main(n):
    for number in range(n // 12):
        handle(line(number))
def calls(n):
    orders = n // 12
    refused = (orders + 49) // 50
    return 1 + orders * 6 + (orders - refused) * 8
"""

PROGRAMS = {"micro": MICRO, "app": APP}


@contextmanager
def nothing(folder: str) -> Iterator[None]:
    """The plain program."""
    yield


def glimpse(dest: str) -> Callable[[str], Any]:
    """The import hook, with this writer."""

    @contextmanager
    def traced(folder: str) -> Iterator[None]:
        import glimpse

        params = {"db_path" if dest == "sqlite" else "log_path": os.path.join(folder, f"trace.{dest}")}
        policy = glimpse.TracingPolicy(included_packages=["subject"])
        glimpse.install(policy=policy, config=glimpse.Config(dest=dest, params=params))
        yield
        glimpse.uninstall()

    return traced


def kolo(**settings: Any) -> Callable[[str], Any]:
    """Its profiler, for the program's file only."""

    @contextmanager
    def traced(folder: str) -> Iterator[None]:
        os.environ["KOLO_PATH"] = folder
        import kolo

        filters = {"include_frames": ["subject.py"], "ignore_frames": ["/", "<"]}
        with kolo.enable(config={"filters": filters, "auto_emit": False, "hide_startup_message": True, **settings}):
            yield

    return traced


def viztracer(**settings: Any) -> Callable[[str], Any]:
    """Its tracer. It leaves out all that is below a file that is not listed, so the one that calls the program is."""

    @contextmanager
    def traced(folder: str) -> Iterator[None]:
        from viztracer import VizTracer

        output = os.path.join(folder, "viztracer.json")
        here = [os.path.join(folder, "subject.py"), __file__]
        tracer = VizTracer(
            include_files=here,
            ignore_c_function=True,
            tracer_entries=3_000_000,
            output_file=output,
            verbose=0,
            **settings,
        )
        tracer.start()
        yield
        tracer.stop()
        tracer.save()

    return traced


@contextmanager
def hunter(folder: str) -> Iterator[None]:
    """Its printer of calls, in the faster of its modes."""
    import hunter

    with open(os.path.join(folder, "hunter.log"), "w", encoding="utf-8") as out:
        tracer = hunter.trace(module="subject", action=hunter.CallPrinter(stream=out), profile=True)
        yield
        tracer.stop()


@contextmanager
def decorated(folder: str, decorate: Callable[..., Any]) -> Iterator[None]:
    """Every function and method of the program's own with a decorator."""
    import subject  # type: ignore[import-not-found]

    for holder in [subject, *(each for each in vars(subject).values() if inspect.isclass(each))]:
        for name, found in list(vars(holder).items()):
            if inspect.isfunction(found) and found.__code__.co_filename == subject.__file__:
                setattr(holder, name, decorate(found))
    yield


@contextmanager
def eliot(folder: str) -> Iterator[None]:
    """Its decorator, writing JSON."""
    import eliot

    with open(os.path.join(folder, "eliot.log"), "ab") as out:
        eliot.to_file(out, json_default=repr)
        with decorated(folder, eliot.log_call):
            yield


@contextmanager
def by_hand(folder: str) -> Iterator[None]:
    """What one writes for oneself, with everything in one place and no bounds."""
    out = Path(folder, "hand.log").open("w", encoding="utf-8")  # noqa: SIM115 - closed below

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            out.write(f"> {function.__qualname__} {args!r} {kwargs!r}\n")
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                out.write(f"! {function.__qualname__} {error!r}\n")
                raise
            out.write(f"< {function.__qualname__} {result!r} {time.perf_counter() - began:.6f}\n")
            return result

        return wrapper

    with out, decorated(folder, decorate):
        yield


EVERYTHING = "arguments, results, exceptions, times, nesting"
TOOLS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "glimpse, journal": ("glimpse", glimpse("journal"), EVERYTHING),
    "glimpse, jsonl": ("glimpse", glimpse("jsonl"), EVERYTHING),
    "glimpse, sqlite": ("glimpse", glimpse("sqlite"), EVERYTHING),
    "kolo": ("kolo", kolo(), EVERYTHING + ", local variables"),
    "kolo, lean": (
        "kolo",
        kolo(omit_return_locals=True, lightweight_repr=True),
        EVERYTHING + "; objects as type names",
    ),
    "viztracer": ("viztracer", viztracer(), "times"),
    "viztracer, arguments": (
        "viztracer",
        viztracer(log_func_args=True, log_func_retval=True),
        "arguments, results, times",
    ),
    "hunter": ("hunter", hunter, "arguments, results, nesting"),
    "eliot": ("eliot", eliot, EVERYTHING),
    "a decorator by hand": ("functools", by_hand, "arguments, results, exceptions, times"),
}
"""By name: the module that must be there, how it is set up, what it records."""


def child(tool: str, folder: str, calls: int) -> None:
    """In a process of its own: the program under a tool."""
    sys.path.insert(0, folder)
    setting = TOOLS[tool][1] if tool in TOOLS else nothing
    own = os.path.join(folder, f"{os.getpid()}")
    os.mkdir(own)
    os.chdir(own)
    if tool.startswith("viztracer"):
        own = folder
    with setting(own):
        subject = __import__("subject")
        made = subject.calls(calls)
        began = used()
        subject.main(calls)
    report(began, calls=made)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds, calls = (1, 480) if options.quick else (options.rounds, options.calls - options.calls % 12)
    names = [name for name, (module, _, _) in TOOLS.items() if importlib.util.find_spec(module) is not None]
    table: dict[str, dict[str, float]] = {}
    for program, source in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "subject.py").write_text(source, encoding="utf-8")
            commands = {n: [sys.executable, __file__, "--child", n, folder, str(calls)] for n in ["plain", *names]}
            found = measure(commands, rounds)
        made = found["plain"][0]["calls"]
        table[program] = {name: added(found[name], found["plain"], made)[0] for name in names}
    if options.json:
        sys.stdout.write(json.dumps(table) + "\n")
        return
    first = names[0]
    for program, costs in table.items():
        for name, cost in sorted(costs.items(), key=lambda each: each[1]):
            ratio = cost / (costs[first] or 1.0)
            sys.stdout.write(f"{program:6} {name:22} {cost:7.2f} µs a call {ratio:7.2f} ×  {TOOLS[name][2]}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()

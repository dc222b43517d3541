"""What dynamic mode and decorators cost: code that is left out, and calls that are recorded until they are on disk.

Usage: ``python benchmarks/dynamic.py [--runs N] [--json]``. Every figure is processor time of fresh processes of this
Python, the variants in turn, so that they meet the same machine; a ratio is that of minima, with that of medians beside
it. The yardsticks are as simple as a tracer can be: a trace function that does nothing, and one by the interpreter's
facility that writes a line of JSON a call with the texts of arguments and result.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

EXCLUDED = """
import json, random, re
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None
    def insert(self, key):
        side = "left" if key < self.key else "right"
        below = getattr(self, side)
        if below is None:
            setattr(self, side, Node(key))
        else:
            below.insert(key)
def loops(n):
    total = 0
    for i in range(n):
        total = (total * 31 + i) & 0xFFFFFFFF
    return total
def builtins(n):
    return sum(len(str(i)) for i in range(n))
def main():
    fib(20)
    root, source = Node(0.5), random.Random(3)
    for _ in range(2000):
        root.insert(source.random())
    loops(400_000)
    builtins(150_000)
    data = {"rows": [{"i": i, "f": i / 3} for i in range(60)]}
    for _ in range(30):
        json.dumps(data, indent=1)
    for _ in range(5000):
        re.sub(r"(\\w+)=(\\d+)", lambda match: match.group(2), "a=1 b=22 c=333")
"""

INCLUDED = """
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
def add(a, b=2):
    return a + b
def words(text, separator=" "):
    parts = text.split(separator)
    first = parts[0]
    return first
class Account:
    def __init__(self, owner):
        self.owner, self.balance = owner, 0
    def deposit(self, amount, note=None):
        self.balance += amount
        return self.balance
def steps(n):
    for i in range(n):
        yield i
def main():
    fib(17)
    for i in range(10_000):
        add(i)
        words("some short text")
    account = Account("ann")
    for i in range(10_000):
        account.deposit(i, note="salary")
    for _ in range(300):
        list(steps(10))
"""

YARDSTICK = """
import json, sys, time
def tracer(path, filename):
    out, stack = open(path, "w", buffering=1 << 20), []
    def call(frame):
        code, bound = frame.f_code, frame.f_locals
        count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
        args = {name: repr(bound.get(name)) for name in code.co_varnames[:count]}
        stack.append((code, args, time.time_ns()))
    def end(result, error=None):
        now = time.time_ns()
        code, args, began = stack.pop()
        line = {"f": code.co_name, "m": code.co_filename, "a": args, "r": repr(result), "e": error, "t": began}
        out.write(json.dumps({**line, "d": now - began, "n": len(stack)}) + "\\n")
    def included(code, known={}):
        found = known.get(code)
        if found is None:
            found = known[code] = code.co_filename == filename and code.co_name[0] != "<"
        return found
    return out, call, end, included

def by_settrace(path, filename):
    out, call, end, included = tracer(path, filename)
    raised = []
    def local(frame, event, arg):
        if event == "return":
            error = raised.pop()[1] if raised and raised[-1][0] is frame else None
            end(arg, error)
        elif event == "exception":
            raised.append((frame, repr(arg[1])))
        elif event == "line" and raised and raised[-1][0] is frame:
            raised.pop()
        return local
    def trace(frame, event, arg):
        if included(frame.f_code):
            call(frame)
            return local
        return None
    sys.settrace(trace)
    return lambda: (sys.settrace(None), out.close())

def by_monitoring(path, filename):
    out, call, end, included = tracer(path, filename)
    monitoring, events = sys.monitoring, sys.monitoring.events
    def on_start(code, offset):
        if not included(code):
            return monitoring.DISABLE
        call(sys._getframe(1))
    def on_return(code, offset, value):
        if not included(code):
            return monitoring.DISABLE
        end(value)
    def on_unwind(code, offset, error):
        if included(code):
            end(None, repr(error))
    def on_throw(code, offset, error):
        if included(code):
            call(sys._getframe(1))
    monitoring.use_tool_id(3, "yardstick")
    wanted = 0
    callbacks = {"PY_START": on_start, "PY_RESUME": on_start, "PY_RETURN": on_return, "PY_YIELD": on_return}
    for name, callback in {**callbacks, "PY_UNWIND": on_unwind, "PY_THROW": on_throw}.items():
        monitoring.register_callback(3, getattr(events, name), callback)
        wanted |= getattr(events, name)
    monitoring.set_events(3, wanted)
    return lambda: (monitoring.set_events(3, 0), out.close())

def nothing():
    def trace(frame, event, arg):
        return None
    sys.settrace(trace)
    return lambda: sys.settrace(None)
"""

RUN = """
import importlib, sys, time
variant, core, folder = sys.argv[1:]
sys.path.insert(0, folder)
import yardstick
which = variant.partition("-")[0]
log = folder + "/trace.jsonl"
if variant.endswith("glimpse") or which == "decorated" or which == "hooked":
    from glimpse import Config, Tracer, TracingPolicy
    config = Config(params={"log_path": log}, dynamic=core or None)
    tracer = Tracer(config, TracingPolicy(included_packages=["included"]))
if which == "hooked":
    tracer.install()
module = importlib.import_module("excluded" if which == "excluded" else "included")
stop = lambda: None
if variant.endswith("nothing"):
    stop = yardstick.nothing()
elif variant.endswith("yardstick"):
    stop = getattr(yardstick, "by_" + core)(log, module.__file__)
elif which == "decorated":
    for name, each in list(vars(module).items()):
        if callable(each):
            setattr(module, name, tracer.trace_function(each))
    stop = tracer.close
elif which == "hooked":
    stop = tracer.close
elif variant.endswith("glimpse"):
    tracer.run()
    stop = tracer.close
module.main()
began = time.process_time()
module.main()
ran = time.process_time() - began
stop()
print(ran)
"""


def measure(folder: Path, variants: list[tuple[str, str]], runs: int) -> dict[tuple[str, str], list[float]]:
    """Seconds of processor time of each variant's second run of its program, in as many processes."""
    found: dict[tuple[str, str], list[float]] = {variant: [] for variant in variants}
    for _ in range(runs):
        for variant in variants:
            command = [sys.executable, "-c", RUN, *variant, str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[variant].append(float(done.stdout.split()[-1]))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="processes a variant (default 7)")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    options = parser.parse_args()
    cores = ["settrace", *(["monitoring"] if hasattr(sys, "monitoring") else [])]
    variants = [("excluded", ""), ("excluded-nothing", ""), ("plain", ""), ("hooked", ""), ("decorated", "")]
    for core in cores:
        variants += [("excluded-glimpse", core), ("included-yardstick", core), ("included-glimpse", core)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for module, text in (("excluded", EXCLUDED), ("included", INCLUDED), ("yardstick", YARDSTICK)):
            (folder / f"{module}.py").write_text(text)
        times = measure(folder, variants, options.runs)
    report(ratios(times, cores), as_json=options.json)


def ratios(times: dict[tuple[str, str], list[float]], cores: list[str]) -> dict[str, tuple[float, float]]:
    """What is asked of each, with the ratio of minima and of medians."""
    plain = times["plain", ""]
    asked: dict[str, tuple[list[float], list[float]]] = {}
    for core in cores:
        excluded = times["excluded-glimpse", core]
        asked[f"left out, {core}, to untraced"] = excluded, times["excluded", ""]
        if core == "settrace":
            asked["left out, settrace, to a trace function that does nothing"] = excluded, times["excluded-nothing", ""]
        included = times["included-glimpse", core]
        asked[f"recorded, {core}, to a simple tracer"] = included, times["included-yardstick", core]
        asked[f"recorded, {core}, to the import hook"] = included, times["hooked", ""]
    asked["recorded, decorators, to the import hook"] = times["decorated", ""], times["hooked", ""]
    return {
        name: (
            added(min(one), min(plain), name) / added(min(other), min(plain), name),
            added(statistics.median(one), statistics.median(plain), name)
            / added(statistics.median(other), statistics.median(plain), name),
        )
        for name, (one, other) in asked.items()
    }


def added(seconds: float, plain: float, name: str) -> float:
    """The whole time of code that is left out; what tracing adds to code that is recorded."""
    return seconds - plain if name.startswith("recorded") else seconds


def report(found: dict[str, tuple[float, float]], *, as_json: bool) -> None:
    """Print the ratios."""
    if as_json:
        print(json.dumps({name: {"minima": low, "medians": middle} for name, (low, middle) in found.items()}, indent=1))
        return
    for name, (low, middle) in found.items():
        print(f"{name:<62} {low:5.2f}  (medians {middle:.2f})")


if __name__ == "__main__":
    main()

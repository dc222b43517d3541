"""What a report costs: time and memory to write it, and what the reader of the page waits for in Chromium.

Usage: ``python benchmarks/report.py [--calls N] [--keep FOLDER]``. Writes the trace of a made-up program with that many
calls (default 1,000,000), then its report; the page's figures need Chromium and ``pip install websocket-client``.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

MODULES = ["orders", "pricing", "stock", "mail", "users", "search", "cart", "tax", "ship", "audit"]
NAMES = ["load", "parse", "check", "apply", "total", "find", "render", "store", "convert", "merge"]
START_US = 1_701_426_615_000_000

MEASURE_WRITING = """
import json, resource, sys, time
from glimpse.cli import main
start = time.perf_counter()
main(["report", sys.argv[1], "-o", sys.argv[2], "--force", "--calls", sys.argv[3], "--json"])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": time.perf_counter() - start, "peak_mb": peak / 1024}), file=sys.stderr)
"""

PAGE_TIMES = """(() => {
  const mark = (name) => (performance.getEntriesByName(name)[0] || {}).startTime;
  return {first_paint_ms: mark("first-contentful-paint"), ready_ms: mark("glimpse-ready"),
    heap_mb: performance.memory.usedJSHeapSize / 1e6};
})()"""


class Program:
    """Writes the entries of a program that calls its functions in nests of random shape."""

    def __init__(self, stream: IO[str], calls: int) -> None:
        self.stream = stream
        self.left = calls
        self.dice = random.Random(11)
        self.now_us = START_US
        self.entry = 0
        self.functions = [f"shop.{module}.{name}" for module in MODULES for name in NAMES]

    def line(self, fields: str, stage: str, level: str) -> None:
        """Write an entry."""
        self.entry += 1
        seconds, micros = divmod(self.now_us - START_US, 1_000_000)
        minute, second = divmod(15 + seconds, 60)
        moment = f"2023-12-01 {10 + (30 + minute) // 60:02d}:{(30 + minute) % 60:02d}:{second:02d}.{micros:06d}"
        self.stream.write(
            f'{{"entry_id":{self.entry},{fields},"stage":"{stage}","level":"{level}","timestamp":"{moment}",'
            f'"thread":"MainThread","pid":4711'
        )

    def call(self, depth: int, parent: int | None) -> None:
        """Write a call and, while there are any left, some calls in it."""
        self.left -= 1
        function = self.dice.choice(self.functions)
        name = function.rpartition(".")[2]
        began, number = self.now_us, self.entry + 1
        same = f'"call_id":{number},"parent_id":{json.dumps(parent)},"depth":{depth},"function":"{function}"'
        args = f"{name}(item={number}, user='user{number % 997}', quantity={number % 7}, strict=False)"
        self.line(f'{same},"args":"{args}"', "START", "INFO")
        self.stream.write("}\n")
        self.now_us += self.dice.randrange(1, 40)
        inside = self.dice.randrange(0, 6) if 1 < depth < 12 else 4 if depth == 1 else 0
        for _ in range(inside):
            if self.left > 0:
                self.call(depth + 1, number)
        took = (self.now_us - began) / 1000
        if self.dice.random() < 0.0005:
            error = '{"type":"ValueError","message":"no such item","line":7,"traceback":"Traceback: no such item"}'
            self.line(f'{same},"args":"{args}"', "EXCEPTION", "ERROR")
            self.stream.write(f',"exception":{error},"duration_ms":{took}}}\n')
        else:
            self.line(f'{same},"args":"{name}"', "END", "INFO")
            self.stream.write(f',"result":"Order(id={number}, total={number % 500}.5)","duration_ms":{took}}}\n')


def write_trace(path: Path, calls: int) -> None:
    """Write a trace of so many calls."""
    with path.open("w", encoding="utf-8") as stream:
        program = Program(stream, calls)
        while program.left > 0:
            program.call(1, None)


def write_page(trace: Path, page: Path, most: int) -> dict[str, Any]:
    """Write the report in a process of its own; seconds, memory at its peak, and what is in it."""
    command = [sys.executable, "-c", MEASURE_WRITING, str(trace), str(page), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {**json.loads(done.stdout), **json.loads(done.stderr.splitlines()[-1])}


def measure_page(page_path: Path) -> dict[str, float]:
    """Milliseconds until the page shows and until it is ready, and the longest that an action holds it up."""
    from tests.support.chromium import browser

    with browser() as chromium:
        page = chromium.page()
        page.open(page_path)
        times = {name: round(value, 1) for name, value in page.evaluate(PAGE_TIMES).items()}
        times.update(measure_actions(page))
        assert not page.problems, page.problems
    return times


def measure_actions(page: Any) -> dict[str, float]:
    """How long each kind of input takes until the next frame is drawn, the longest of several, in milliseconds."""
    box = page.box("#lanes")
    middle = (box["x"] + box["width"] / 2, box["y"] + 100)
    page.evaluate("document.getElementById('lanes').focus()")
    actions: dict[str, Any] = {
        "zoom_key": lambda: page.press("+"),
        "zoom_wheel": lambda: page.point("mouseWheel", *middle, deltaX=0, deltaY=-120, modifiers=2),
        "pan_key": lambda: page.press("d"),
        "show_all": lambda: page.press("0"),
        "hover": lambda: page.point("mouseMoved", middle[0] + 3, middle[1]),
        "select": lambda: page.click_at(*middle),
        "next_call": lambda: page.press("ArrowRight"),
        "tree": lambda: page.press("2"),
        "tree_line": lambda: page.press("ArrowDown"),
        "functions": lambda: page.press("3"),
        "errors": lambda: page.press("4"),
        "timeline": lambda: page.press("1"),
        "search": lambda: (page.press("/"), page.type("render"), page.press("Enter"), page.press("Escape")),
    }
    return {f"{name}_ms": max(one_action(page, action) for _ in range(3)) for name, action in actions.items()}


WATCH = """(() => {
  window.slowest = 0;
  if (window.watcher) window.watcher.disconnect();
  window.watcher = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.slowest = Math.max(window.slowest, entry.duration);
  });
  window.watcher.observe({type: "long-animation-frame", buffered: false});
  window.watcher.observe({type: "event", buffered: false, durationThreshold: 16});
})()"""
SETTLED = """new Promise((done) => {
  setTimeout(() => requestAnimationFrame(() => setTimeout(() => done(window.slowest), 30)), 60);
})"""


def one_action(page: Any, action: Any) -> float:
    """The longest event or frame that an action causes, in milliseconds; below 16 is 0."""
    page.evaluate(WATCH)
    action()
    return round(float(page.evaluate(SETTLED)), 1)


def main() -> None:
    """Measure, and print one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--most", type=int, default=1_000_000, help="calls that the page shows one by one")
    parser.add_argument("--keep", type=Path, help="a folder to leave trace.jsonl and report.html in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        trace, page = folder / "trace.jsonl", folder / "report.html"
        write_trace(trace, options.calls)
        print(f"{'trace_mb':20}{trace.stat().st_size / 1e6:12.1f}")
        figures = write_page(trace, page, options.most)
        figures.pop("path")
        figures.update(measure_page(page))
        for name, value in figures.items():
            print(f"{name:20}{value:12,.1f}")


if __name__ == "__main__":
    main()

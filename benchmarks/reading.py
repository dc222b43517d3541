"""What it costs to read large traces: ``top``, ``errors`` and ``tree`` against parsing the file and nothing else.

Usage: ``python benchmarks/reading.py [--entries N] [--runs N] [--only NAMES]``. Prints for each command the
processor seconds of the whole process (the best run and the worst), its share of what orjson alone takes, and its peak
memory. Runs of the commands take turns, so a machine that is busy for a while slows all of them.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ALONE = """
import sys, orjson
with open(sys.argv[1], "rb") as file:
    for line in file:
        orjson.loads(line)
"""
FUNCTIONS = ("shop.parser.parse_item", "shop.pricing.price", "shop.models.Item.total", "shop.db.Session.execute")
FAILS_EVERY = 5_000
BLOCK = 20_000

HEAD = '{"entry_id":%d,"call_id":%d,"parent_id":%s,"depth":%d,"level":"%s","function":"%s","args":"%s","stage":"%s",'
WHERE = '"timestamp":"2023-12-01 10:%02d:%02d.%06d","thread":"MainThread","pid":4711'
ERROR = (
    '{"type":"ValueError","message":"bad row %d","line":31,"traceback":"Traceback (most recent call last):\\\\n  …"}'
)


def lines(entries: int, dice: random.Random) -> Iterator[str]:
    """A program that handles requests: each makes three calls, one in thousands fails."""
    yield line(1, 1, None, 1, "START", "shop.main.main", "main(path='orders.csv')")
    number = 1
    while number < entries - 1:
        request = number = number + 1
        yield line(
            number, request, 1, 2, "START", "shop.web.handle", f"handle(request=<Request POST /orders {number}>)"
        )
        for _ in range(3):
            function = dice.choice(FUNCTIONS)
            name = function.rpartition(".")[2]
            call = number = number + 1
            args = f"{name}(row={{'id': {number}, 'name': 'abcdef'}}, strict=False)"
            yield line(number, call, request, 3, "START", function, args)
            number += 1
            if call % FAILS_EVERY == 0:
                yield line(number, call, request, 3, "EXCEPTION", function, args, f',"exception":{ERROR % (call % 7)}')
            else:
                end = f',"result":"Order(id={number}, price=12.5)","duration_ms":{dice.lognormvariate(-3, 1):.4f}'
                yield line(number, call, request, 3, "END", function, name, end)
        number += 1
        end = f',"result":"<Response 200>","duration_ms":{dice.lognormvariate(-1, 1):.4f}'
        yield line(number, request, 1, 2, "END", "shop.web.handle", "handle", end)
    yield line(number + 1, 1, None, 1, "END", "shop.main.main", "main", ',"result":"None","duration_ms":123456.789')


def line(
    number: int, call: int, parent: int | None, depth: int, stage: str, function: str, args: str, more: str = ""
) -> str:
    """One entry as the writer spells it."""
    level = "ERROR" if stage == "EXCEPTION" else "INFO"
    above = "null" if parent is None else str(parent)
    second, micro = divmod(number * 37, 1_000_000)
    head = HEAD % (number, call, above, depth, level, function, args, stage)
    return head + WHERE % (second // 60 % 60, second % 60, micro) + more + "}\n"


def write(path: Path, entries: int) -> None:
    """Write the trace."""
    dice = random.Random(1)
    block: list[str] = []
    with path.open("w", encoding="utf-8") as file:
        for text in lines(entries, dice):
            block.append(text)
            if len(block) == BLOCK:
                file.write("".join(block))
                block.clear()
        file.write("".join(block))


def run(command: Sequence[str]) -> float:
    """The processor seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_memory(command: Sequence[str]) -> float:
    """Megabytes that a command needs, measured in a process whose only child it is."""
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-c", script, *command], check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure(commands: dict[str, list[str]], runs: int) -> None:
    """Run the commands in turns and print a table."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(run(command))
    alone = min(next(iter(times.values())))
    print(f"{'command':<34} {'best s':>8} {'worst s':>8} {'/ orjson':>9} {'peak MB':>8}")
    for name, command in commands.items():
        best, worst = min(times[name]), max(times[name])
        print(f"{name:<34} {best:>8.2f} {worst:>8.2f} {best / alone:>9.2f} {peak_memory(command):>8.0f}")


def main() -> None:
    """Make the traces and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="measure only these commands, joined with commas, and orjson")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        write(path, options.entries)
        print(f"{options.entries:,} entries, {path.stat().st_size / 1e6:,.0f} MB, Python {sys.version.split()[0]}")
        glimpse = [sys.executable, "-m", "glimpse"]
        commands = {
            "orjson alone": [sys.executable, "-c", ALONE, str(path)],
            "top": [*glimpse, "top", str(path)],
            "errors": [*glimpse, "errors", str(path)],
            "tail": [*glimpse, "tail", str(path)],
            "tree --function shop.db --depth 1": [*glimpse, "tree", "--function", "shop.db", "--depth", "1", str(path)],
            "tree": [*glimpse, "tree", str(path)],
        }
        chosen = {
            name: command
            for name, command in commands.items()
            if any(word in name.split() for word in options.only.split(","))
            or not options.only
            or name == "orjson alone"
        }
        measure(chosen, options.runs)


if __name__ == "__main__":
    main()

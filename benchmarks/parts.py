"""What a recorded call's cost is made of: ``python benchmarks/parts.py``.

The programs of ``peers.py``, a process for each stage, all in turn. Each stage does one thing more than that before it,
where it is done in earnest: between the program's own work, which empties the caches. So a part is the difference of
two stages, in µs of processor time a call.

Beside it is what the part takes by the simplest Python there is for it, alone in a loop, with everything in the caches:
two calls that append a tuple with the clock to a list; ``repr`` of the values (in earnest, too); an f-string for each
line of which all fields are at hand; ``write`` of as many bytes. On Python 3.12 and later the interpreter's steps are
counted too, by the rooms of Glimpse: these do not depend on the machine or on what else it does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alternately import added, measure, report, used
from peers import PROGRAMS

STAGES: dict[str, tuple[str, str]] = {
    "events": ("capture: two calls, clocks, threads, two tuples", "jsonl"),
    "reprs": ("(texts of values as `repr` makes them)", "jsonl"),
    "values": ("texts of values", "jsonl"),
    "frames": ("journal: frames", "journal"),
    "journal": ("journal: writing", "journal"),
    "lines": ("JSON lines", "jsonl"),
    "null": ("JSON lines: to the null device", "jsonl"),
    "jsonl": ("JSON lines: writing", "jsonl"),
}
"""By name: what is new in it, and the destination."""

BEFORE = {
    "events": None, "reprs": "events", "values": "events", "frames": "values", "journal": "frames", "lines": "values",
    "null": "lines", "jsonl": "null",
}  # fmt: skip
FILE = "trace"
ROUNDS_OF_FLOORS = 20_000


def leave_out(stage: str) -> None:
    """Have Glimpse do no more than this stage does."""
    from glimpse.probe import batches, sinks
    from glimpse.values import render

    def no_values(_walk: Any) -> Callable[[Any], Any]:
        return lambda value: None

    def by_repr(_walk: Any) -> Callable[[Any], Any]:
        return lambda value: (repr(value),)

    if stage in ("events", "reprs"):
        render._freeze = no_values if stage == "events" else by_repr
    if stage in ("events", "reprs", "values"):
        sinks.LineSink.assemble = lambda self, chunk: None  # type: ignore[method-assign]
    if stage in ("frames", "lines"):
        batches.Bytes.write = lambda self: self.size  # type: ignore[method-assign]


def child(stage: str, folder: str, calls: int) -> None:
    """In a process of its own: the program at a stage, or its steps."""
    sys.path.insert(0, folder)
    own = os.path.join(folder, f"{os.getpid()}")
    os.mkdir(own)
    os.chdir(own)
    counting = stage == "steps"
    tracer: Any = None
    if stage != "plain":
        import orjson  # noqa: F401 - else it is loaded when the flush interval is over

        import glimpse

        leave_out(stage)
        dest = "jsonl" if counting else STAGES[stage][1]
        params = {"log_path": os.devnull if stage == "null" else FILE}
        policy = glimpse.TracingPolicy(included_packages=["subject"])
        tracer = glimpse.install(policy=policy, config=glimpse.Config(dest=dest, params=params))
    subject = __import__("subject")
    made = subject.calls(calls)
    steps = counted(lambda: subject.main(calls)) if counting else {}
    began = used()
    if not counting:
        subject.main(calls)
    if tracer is not None:
        tracer.uninstall()
    size = os.path.getsize(FILE) if os.path.exists(FILE) else 0
    report(began, calls=made, bytes=size / made, steps={room: count / made for room, count in steps.items()})


def counted(work: Callable[[], object]) -> Counter[str]:
    """How many steps of the interpreter go to each of Glimpse's rooms."""
    import glimpse

    home = os.path.dirname(glimpse.__file__) + os.sep
    monitoring, steps = sys.monitoring, Counter[str]()
    rooms: dict[Any, str] = {}

    def step(code: Any, _offset: int) -> Any:
        room = rooms.get(code)
        if room is None:
            file = code.co_filename
            inside = file[len(home) :].replace(os.sep, "/").split("/")[0] if file.startswith(home) else ""
            generated = {"<arguments>": "assembly", "<glimpse.values.compiled>": "values"}.get(file, "")
            room = rooms[code] = inside or generated
        if not room:
            return monitoring.DISABLE
        steps[room] += 1
        return None

    tool = monitoring.DEBUGGER_ID
    monitoring.use_tool_id(tool, "parts")
    monitoring.register_callback(tool, monitoring.events.INSTRUCTION, step)
    monitoring.set_events(tool, monitoring.events.INSTRUCTION)
    try:
        work()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return steps


def floors(size: float) -> dict[str, float]:
    """µs a call of the simplest Python for each part.

    :param size: bytes of a call's lines.
    """
    block = b"x" * (1 << 16)

    def write() -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            for _ in range(int(ROUNDS_OF_FLOORS * size / len(block)) + 1):
                file.write(block)

    return {"events": least(capture), "lines": least(text), "jsonl": least(write)}


def capture() -> None:
    """Two calls of functions that append a tuple with the clock."""
    events: list[Any] = []
    append, now = events.append, time.perf_counter_ns

    def enter(key: str, a: Any, b: Any) -> None:
        append((1, key, now(), a, b))
        if len(events) > 1024:
            events.clear()

    def end(key: str, value: Any) -> Any:
        append((2, key, now(), value))
        return value

    for _ in range(ROUNDS_OF_FLOORS):
        enter("f", 1, 2)
        end("f", 3)


def text() -> None:
    """Two lines of which all fields are at hand."""
    stamp, args, lines = "2026-11-27 20:00:00.123456", "Item(sku='AB1', qty=1)", list[str]()

    def line(n: int, parent: int, stage: str, more: str) -> str:
        return (
            f'{{"entry_id":{n},"call_id":{n},"parent_id":{parent},"depth":2,"level":"INFO","function":"subject.f",'
            f'"args":"f({args})","stage":"{stage}","timestamp":"{stamp}","thread":"MainThread","pid":1{more}}}\n'
        )

    for number in range(ROUNDS_OF_FLOORS):
        lines.append(line(number, number, "START", ""))
        lines.append(line(number, number, "END", f',"result":"{args}","duration_ms":0.{number:06d}'))
        if len(lines) > 1024:
            "".join(lines).encode()
            lines.clear()


def least(work: Callable[[], None]) -> float:
    """µs of processor time a call, of the fastest of some rounds."""
    found = []
    for _ in range(7):
        began = used()
        work()
        found.append(used() - began)
    return min(found) / ROUNDS_OF_FLOORS * 1e6


def profile(source: str, rounds: int, calls: int) -> dict[str, Any]:
    """Each part of a program's calls: µs, floor, steps."""
    stages = ["plain", *STAGES]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "subject.py").write_text(source, encoding="utf-8")
        commands = {name: [sys.executable, __file__, "--child", name, folder] for name in stages}
        found = measure({name: [*command, str(calls)] for name, command in commands.items()}, rounds)
        steps: dict[str, float] = {}
        if sys.version_info >= (3, 12):
            few = [sys.executable, __file__, "--child", "steps", folder, str(min(calls, 6_000))]
            steps = measure({"steps": few}, 1)["steps"][0]["steps"]
    made, size = found["plain"][0]["calls"], found["jsonl"][0]["bytes"]
    whole = {name: added(found[name], found["plain"], made)[0] for name in STAGES}
    parts = {name: whole[name] - (whole[before] if before else 0.0) for name, before in BEFORE.items()}
    simplest = {**floors(size), "values": parts["reprs"]}
    return {"whole": whole, "parts": parts, "floors": simplest, "steps": steps, "bytes": size}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=36_000)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds, calls = (1, 480) if options.quick else (options.rounds, options.calls - options.calls % 12)
    programs = {"app": PROGRAMS["app"]} if options.quick else PROGRAMS
    table = {program: profile(source, rounds, calls) for program, source in programs.items()}
    if options.json:
        sys.stdout.write(json.dumps(table) + "\n")
        return
    for program, told in table.items():
        sys.stdout.write(f"{program}: µs a call, {told['bytes']:.0f} bytes of lines\n")
        for name, (what, _) in STAGES.items():
            simplest = told["floors"].get(name)
            floor = "" if simplest is None else f"{simplest:7.2f} at least"
            sys.stdout.write(f"  {what:52} {told['parts'][name]:6.2f}   in all {told['whole'][name]:6.2f} {floor}\n")
        for room, count in sorted(told["steps"].items(), key=lambda each: -each[1]):
            sys.stdout.write(f"  {room:52} {count:6.0f} steps\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()

"""Whether memory stays flat in a long run, and what a call leaves: ``python benchmarks/endurance.py``.

The traced program and the plain one call the same small functions that many times, one process after the other, and
say a hundred times on the way how much memory they have. The journal is a ring and JSON Lines are rotated (``--keep``
MB in all), so the disk does not fill. What is printed: the most that the traced program had above the plain one, how
much more it had in the last tenth than in the second, what was recorded, written and dropped, and bytes a call.
``--quick`` only checks that it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROGRAM = """
def add(a, b): return a + b
class Account:
    total = 0
    def bump(self, n):
        self.total += n
        return self.total
def label(n, *, name="row"): return name
def outer(n): return add(n, 1)
def work(rounds):
    account = Account()
    for n in range(rounds):
        outer(n)
        account.bump(n)
        label(n, name="a row")
"""
CALLS_A_ROUND = 4
SAMPLES = 100
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def memory() -> int:
    """The resident memory of this process in bytes; Linux."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def child(dest: str, folder: str, calls: int, keep: int) -> None:
    """In a process of its own: the program, traced or plain."""
    sys.path.insert(0, folder)
    tracer = None if dest == "plain" else start(dest, os.path.join(folder, f"trace.{dest}"), keep)
    program: Any = __import__("program")
    rounds = max(calls // CALLS_A_ROUND // SAMPLES, 1)
    began, samples = time.process_time(), []
    for _ in range(SAMPLES):
        program.work(rounds)
        samples.append(memory())
    stats: dict[str, Any] = {}
    if tracer is not None:
        tracer.flush()
        stats = tracer.stats()
        tracer.uninstall()
    found = {"samples": samples, "cpu": time.process_time() - began, "calls": rounds * CALLS_A_ROUND * SAMPLES}
    print(json.dumps(found | {name: stats.get(name) for name in ("recorded", "written", "dropped", "bytes", "errors")}))


def start(dest: str, path: str, keep: int) -> Any:
    """Set Glimpse up, with a bound on what stays on disk."""
    import glimpse

    params: dict[str, Any] = {"log_path": path, "max_bytes": keep if dest == "journal" else keep // 4}
    if dest == "jsonl":
        params["backup_count"] = 3
    policy = glimpse.TracingPolicy(included_packages=["program"])
    return glimpse.install(policy=policy, config=glimpse.Config(dest=dest, params=params))


def run(dest: str, folder: str, calls: int, keep: int) -> dict[str, Any]:
    """What the process of this kind says at its end."""
    command = [sys.executable, __file__, "--child", dest, folder, str(calls), str(keep)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["on_disk"] = sum(each.stat().st_size for each in Path(folder).glob(f"trace.{dest}*"))
    return found


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000_000)
    parser.add_argument("--keep", type=int, default=256, help="MB that stay on disk")
    parser.add_argument("--dest", default="journal,jsonl")
    parser.add_argument("--folder", help="where the files go while it runs; a temporary folder")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    calls = 4000 if options.quick else options.calls
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        Path(folder, "program.py").write_text(PROGRAM, encoding="utf-8")
        plain = run("plain", folder, calls, 0)
        found = {dest: summary(run(dest, folder, calls, options.keep << 20), plain) for dest in options.dest.split(",")}
    if options.json:
        print(json.dumps(found))
        return
    for dest, each in found.items():
        print(f"{dest:8} {LINE.format(**each)}")


LINE = (
    "{calls:,} calls: {above:.1f} MB above plain, {growth:+.2f} MB from the second tenth to the last; "
    "{us:.2f} µs and {bytes:.0f} bytes a call; recorded {recorded:,}, written {written:,}, dropped {dropped}, "
    "errors {errors}, {on_disk:.0f} MB left on disk"
)


def summary(found: dict[str, Any], plain: dict[str, Any]) -> dict[str, Any]:
    """What a run shows beside the plain one: MB, µs, bytes a call, and counts of entries."""
    calls, samples = found["calls"], found["samples"]
    tenth = len(samples) // 10
    growth = statistics.median(samples[-tenth:]) - statistics.median(samples[tenth : 2 * tenth])
    return {
        **{name: found[name] for name in ("calls", "recorded", "written", "dropped", "errors")},
        "above": (max(samples) - max(plain["samples"])) / 2**20,
        "growth": growth / 2**20,
        "us": (found["cpu"] - plain["cpu"]) / calls * 1e6,
        "bytes": found["bytes"] / calls,
        "on_disk": found["on_disk"] / 2**20,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()

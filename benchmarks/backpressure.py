"""What a writer that stalls costs the traced program: ``python benchmarks/backpressure.py``.

Each row is a process of its own that does units of work of some hundred traced calls for as long as is said, with a
writer that is fast, slow (half a second a batch) or stalled for all of the time. Times are of a unit, in ms: by the
clock, which on a busy machine is mostly waiting for a core, and of the processor in its own thread. Memory is what the
process took at most beyond what it had at the start, in MB. ``--seconds 30`` is the measurement in full.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APP = """
def step(number):
    return sum(range(40)) + number

def unit(number):
    for each in range(100):
        step(each)
    return sum(i * i for i in range(2_000))
"""
CASES = (("untraced", ""), ("fast", "drop"), ("slow", "drop"), ("stalled", "drop"), ("slow", "block"))
KB = 1024


def measured(kind: str, overflow: str, seconds: float) -> str:
    """Run in a process of its own: a row."""
    import glimpse

    class Paced(glimpse.BaseWriter):
        def write_batch(self, entries: object) -> None:
            time.sleep({"fast": 0.0, "slow": 0.5, "stalled": seconds}[kind])

    tracer = None
    if kind != "untraced":
        glimpse.register_writer("paced", Paced)
        config = glimpse.Config(dest="paced", overflow=overflow, buffer_size=10_000)
        tracer = glimpse.install(glimpse.TracingPolicy(included_packages=["app"]), config)
    import app  # type: ignore[import-not-found]

    app.unit(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times: list[float] = []
    used: list[float] = []
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        before_unit = time.thread_time()
        app.unit(len(times))
        used.append(time.thread_time() - before_unit)
        times.append(time.perf_counter() - begin)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / KB
    shown = "".join(
        f"{sorted(each)[int(len(each) * share)] * 1000:9.2f}" for each in (times, used) for share in (0.5, 0.99)
    )
    stats = tracer.stats() if tracer is not None else {}
    return (
        f"{kind:9}{overflow:7}{len(times):8}{shown}{grown:9.1f}"
        f"{stats.get('recorded', 0):11}{stats.get('dropped', 0):11}"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--case", default="")
    options = parser.parse_args()
    if options.case:
        sys.path.insert(0, ".")
        print(measured(*options.case.split("/"), options.seconds), flush=True)
        import os

        os._exit(0)  # a writer that is stalled would be waited for
    heads = "".join(f"{head:>9}" for head in ("p50", "p99", "cpu p50", "cpu p99", "MB"))
    print(f"{'writer':9}{'mode':7}{'units':>8}{heads}{'recorded':>11}{'dropped':>11}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(APP, encoding="utf-8")
        for kind, overflow in CASES:
            command = [sys.executable, str(Path(__file__).absolute()), "--seconds", str(options.seconds)]
            subprocess.run([*command, "--case", f"{kind}/{overflow}"], cwd=folder, check=True)


if __name__ == "__main__":
    main()

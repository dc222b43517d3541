"""What installing Glimpse brings, and what ``import glimpse`` costs.

Usage: ``python benchmarks/install.py [--extra NAME] [--runs N] [--json] [--python INTERPRETER]``. Builds the wheel of
this checkout (hatchling is needed), installs it with pip into an empty virtual environment in a temporary folder (a
package index is needed), and adds up the files that each distribution there says are its own, without bytecode. Import
times are medians of processor time in fresh processes of that environment, a plain start and one with the import in
turn; ``--python`` measures one that is there already. POSIX only: times come from ``getrusage``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SIZES = """
import json
from importlib.metadata import distributions
sizes = {}
for each in distributions():
    files = [file for file in each.files or [] if file.suffix != ".pyc"]
    sizes[f"{each.name} {each.version}"] = sum(file.locate().stat().st_size for file in files if file.locate().exists())
print(json.dumps(sizes))
"""
STARTS = {"a plain start": "pass", "import glimpse": "import glimpse", "its tracer too": "from glimpse import Tracer"}


def main() -> None:
    """Install, measure, print."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        wheel = built(Path(folder))
        python = options.python or installed(Path(folder), wheel, options.extra)
        sizes = json.loads(subprocess.run([python, "-c", SIZES], capture_output=True, text=True, check=True).stdout)
        sizes = {name: size for name, size in sizes.items() if name.split()[0] not in ("pip", "setuptools")}
        starts = measured(python, 1 if options.quick else options.runs)
        found = {"wheel": wheel.stat().st_size, "installed": sizes, "start_ms": starts}
    print(json.dumps(found, indent=2) if options.json else table(found))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--extra", help="install with this extra, such as mongo or otlp")
    parser.add_argument("--python", help="measure this environment instead of a new one")
    parser.add_argument("--runs", type=int, default=40, help="starts of each kind (default 40)")
    parser.add_argument("--quick", action="store_true", help="one of each: only to see that it works")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def built(folder: Path) -> Path:
    """The wheel of this checkout."""
    command = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", command, str(folder)], cwd=ROOT, check=True)
    return next(folder.glob("glimpse-*.whl"))


def installed(folder: Path, wheel: Path, extra: str | None) -> str:
    """The interpreter of an empty environment that the wheel has been installed in."""
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    requirement = f"{wheel}[{extra}]" if extra else str(wheel)
    subprocess.run([python, "-m", "pip", "install", "-q", requirement], check=True)
    return python


def measured(python: str, runs: int) -> dict[str, float]:
    """The median of processor time in ms of each kind of start, the kinds in turn."""
    times: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(runs + 1):
        for name, code in STARTS.items():
            before = used()
            subprocess.run([python, "-c", code], check=True)
            times[name].append((used() - before) * 1e3)
    return {name: statistics.median(each[1:]) for name, each in times.items()}  # the first compiles


def used() -> float:
    """Seconds of processor time that children of this process have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def table(found: dict[str, Any]) -> str:
    """The figures as two tables of Markdown."""
    sizes = sorted(found["installed"].items(), key=lambda item: -item[1])
    rows = [("wheel of Glimpse", found["wheel"]), *sizes, ("all that is installed", sum(size for _, size in sizes))]
    plain = found["start_ms"]["a plain start"]
    lines = ["| what | MB |", "|---|---|", *(f"| {name} | {size / 1e6:.2f} |" for name, size in rows), ""]
    lines += ["| start | ms | ratio |", "|---|---|---|"]
    lines += [f"| {name} | {ms:.1f} | {ms / plain:.2f} |" for name, ms in found["start_ms"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

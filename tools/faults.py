"""Programs that end, fork and fail in every way that is promised to lose nothing, or little; what was really lost.

    python -m tools.faults                        every fault, on every writer; 200 trials of kill -9 each
    python -m tools.faults --kills 20 --dest jsonl,sqlite --only kill,SIGINT
    python -m tools.faults --write                and what was tried into the table of docs/reliability.md

Each program notes a call with one system call after it has returned, in a file of its own: the truth that its trace is
compared with. A call is lost if the trace lacks its START or its END, and doubled if it has one twice.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from glimpse.errors import ReadError
from tools.fault_places import Place, Server, place_of
from tools.fault_programs import APP, EVERY, FAULTS, INTERVAL_S, Fault

LONGEST_S = 90
SLACK_S = 1.0  # a busy machine lets a thread wait
DOCS = Path(__file__).parents[1] / "docs" / "reliability.md"
MARKS = "<!-- faults: made by python -m tools.faults --write -->", "<!-- end of faults -->"


@dataclass
class Outcome:
    """What became of the calls of some trials of one fault on one writer."""

    fault: Fault
    dest: str
    trials: int = 0
    calls: int = 0
    lost: int = 0
    doubled: int = 0
    oldest_s: float = 0.0
    refused: str = ""

    @property
    def holds(self) -> bool:
        """Whether what was promised is so."""
        within = self.lost == 0 if not self.fault.may_lose else self.oldest_s <= INTERVAL_S + SLACK_S
        return within and not self.doubled and not self.refused and self.calls > 0

    def row(self) -> str:
        """A row of a table."""
        lost = f"{self.lost}" + (f" (the oldest {self.oldest_s:.2f} s before)" if self.lost else "")
        allowed = "the last flush interval" if self.fault.may_lose else "none"
        verdict = "" if self.holds else f" **broken** {self.refused}"
        return (
            f"| {self.fault.name} | {self.dest} | {self.trials} | {2 * self.calls} | {lost} | {self.doubled} "
            f"| {allowed}{verdict} |"
        )


HEAD = "| fault | writer | trials | entries written | calls lost | doubled | allowed |\n" + "| --- " * 7 + "|"


def tried(fault: Fault, dest: str, trials: int) -> Outcome:
    """Run the program of a fault so many times."""
    outcome = Outcome(fault, dest)
    for _ in range(trials):
        with folder_for(fault) as folder, place_of(dest, folder, hasty=fault.server is not None) as place:
            program = Program(fault, dest, folder, place.environment)
            if fault.server is not None and isinstance(place, Server):
                fault.server(place.server, program)
            else:
                program.run()
            outcome.trials += 1
            judge(outcome, folder, place)
    return outcome


@contextmanager
def folder_for(fault: Fault) -> Iterator[Path]:
    """A folder for one trial."""
    folder = Path(tempfile.mkdtemp(prefix="glimpse-faults-"))
    try:
        (folder / "trace").mkdir()
        (folder / "app.py").write_text(APP, encoding="utf-8")
        (folder / "main.py").write_text(fault.program, encoding="utf-8")
        (folder / "glimpse-policy.json").write_text('{"version": "1.0", "included_packages": ["app"]}')
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Program:
    """The program of a fault."""

    def __init__(self, fault: Fault, dest: str, folder: Path, destination: Mapping[str, str]) -> None:
        self.fault, self.folder = fault, folder
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GLIMPSE_", "PYTHON"))}
        cache = Path(tempfile.gettempdir()) / f"glimpse-faults-cache-{os.getuid()}"
        environment |= {"GLIMPSE_AUTO": "1", "GLIMPSE_DEST": dest, "GLIMPSE_CACHE_DIR": str(cache)}
        environment |= {"PYTHONPATH": str(folder), "GLIMPSE_FLUSH_INTERVAL": str(INTERVAL_S)}
        self.environment = {**environment, **destination, **fault.environment}

    def run(self) -> None:
        """Run it, do to it what is to be done, and wait for its end."""
        with self.running() as process:
            if self.fault.signal is not None:
                self.await_calls()
                time.sleep(random.uniform(0, 0.5))
                process.send_signal(self.fault.signal)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start it; wait for its end afterwards."""
        command = [part.format(python=sys.executable, folder=self.folder) for part in self.fault.command]
        with (
            open(self.folder / "stderr", "ab") as stderr,
            subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=stderr
            ) as process,
        ):
            try:
                yield process
                process.wait(LONGEST_S)
            except subprocess.TimeoutExpired:
                stderr.write(b"\ndid not end")
            finally:
                process.kill()

    def await_calls(self) -> None:
        """Wait until it is at work."""
        noted, deadline = self.folder / "noted", time.monotonic() + LONGEST_S
        while time.monotonic() < deadline:
            if noted.exists() and noted.stat().st_size >= 20 * self.fault.least_calls:
                return
            time.sleep(0.01)


def judge(outcome: Outcome, folder: Path, place: Place) -> None:
    """Compare the trace with what the program has noted."""
    lines = (folder / "noted").read_text().split("\n")[:-1] if (folder / "noted").exists() else []
    noted = [line.split() for line in lines]  # the last one may have been cut off by SIGKILL
    times = {call: float(moment) for call, moment in noted}
    found: dict[str, Counter[str]] = {"START": Counter(), "END": Counter()}
    ids: dict[tuple[int, int], str] = {}
    try:
        for entry in place.entries():
            if entry.stage == "START":
                ids[entry.pid, entry.call_id] = entry.args
            if entry.stage in found and (args := re.search(r"'(.+)'", ids.get((entry.pid, entry.call_id), ""))):
                found[entry.stage][args[1]] += 1
    except ReadError as error:
        outcome.refused = str(error)
    outcome.calls += len(times)
    missing = [call for call in times if not (found["START"][call] and found["END"][call])]
    outcome.lost += len(missing)
    outcome.doubled += sum(max(found["START"][call], found["END"][call]) > 1 for call in times)
    if missing:
        last = max(times.values())
        outcome.oldest_s = max(outcome.oldest_s, last - min(times[call] for call in missing))
    if not times or (missing and not outcome.fault.may_lose):
        outcome.refused = outcome.refused or (folder / "stderr").read_text(errors="replace")[-300:].replace("\n", " ")


def chosen(faults: Sequence[Fault], only: str) -> list[Fault]:
    """Those whose names have one of the words in them."""
    words = [word.lower() for word in only.split(",") if word]
    return [fault for fault in faults if not words or any(word in fault.name.lower() for word in words)]


def main() -> int:
    """Read the command line, run, print a table. Exits with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200, help="trials of kill -9 on each writer")
    parser.add_argument("--trials", type=int, default=5, help="trials of other faults that come at random moments")
    parser.add_argument("--dest", default=",".join(EVERY))
    parser.add_argument("--only", default="", help="words in the names of faults")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    options = parser.parse_args()
    print(HEAD, flush=True)
    rows, broken = [], 0
    for fault in chosen(FAULTS, options.only):
        if fault.needs is not None and (reason := fault.needs()):
            rows.append(f"| {fault.name} | | 0 | | | | left out: {reason} |")
            print(rows[-1], flush=True)
            continue
        for dest in options.dest.split(","):
            if dest not in fault.dests:
                continue
            trials = options.kills if fault.name == "kill -9" else options.trials if fault.signal is not None else 1
            outcome = tried(fault, dest, trials)
            broken += not outcome.holds
            rows.append(outcome.row())
            print(rows[-1], flush=True)
    if options.write:
        write(rows)
    return 1 if broken else 0


def write(rows: Sequence[str]) -> None:
    """Put these rows into the table of the page, in the place of those of the same fault and writer."""
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(MARKS[0])
    old, _, after = rest.partition(MARKS[1])
    known = {tuple(row.split(" | ")[:2]): row for row in (*old.strip().splitlines()[2:], *rows)}
    order = [(f"| {fault.name}", dest) for fault in FAULTS for dest in ("", *fault.dests)]
    table = "\n".join([MARKS[0], HEAD, *(known[key] for key in order if key in known), MARKS[1]])
    DOCS.write_text(before + table + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

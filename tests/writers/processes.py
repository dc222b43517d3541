"""Programs that write to one place at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
_BEGIN = """
import sys
sys.path.insert(0, sys.argv[1])
path, pid = sys.argv[2], int(sys.argv[3])
from tests.writers import entries as made
def calls(count, first):
    batch = made.calls(count, first=first)
    for entry in batch:
        entry.pid = pid
    return batch
"""


def run_together(code: str, path: Path, count: int = 4) -> None:
    """Run the code in that many processes; it has ``path``, ``pid`` (from 1) and ``calls(count, first)``."""
    command = [sys.executable, "-c", _BEGIN + code, ROOT, str(path)]
    processes = [subprocess.Popen([*command, str(pid)]) for pid in range(1, count + 1)]
    assert [process.wait(60) for process in processes] == [0] * count

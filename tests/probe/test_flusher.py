"""The thread that writes by time, as the program sees it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from glimpse.probe.flusher import Flusher
from tests.support.process import run_traced

WAITS_UNTIL_WRITTEN = """
import os, time

def work(x): return x

def until_written():
    deadline = time.monotonic() + 60
    while not os.path.exists("glimpse.jsonl") or not os.path.getsize("glimpse.jsonl"):
        assert time.monotonic() < deadline
        time.sleep(0.01)

work(1)
until_written()
import threading
print(threading.current_thread() is threading.main_thread(), len(threading.enumerate()))
"""


def test_the_main_thread_stays_the_main_thread(tmp_path: Path) -> None:
    """In a program that has not imported ``threading``, what is imported to write does not take its place."""
    script, policy = tmp_path / "written.py", tmp_path / "policy.json"
    script.write_text(WAITS_UNTIL_WRITTEN)
    policy.write_text('{"included_packages": ["written"], "excluded_functions": ["until_written"]}')
    for _ in range(2):  # with an empty cache the rewriter has imported it
        (tmp_path / "glimpse.jsonl").unlink(missing_ok=True)
        assert run_traced(script, policy=policy, cwd=tmp_path).stdout == "True 1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="where the system lists a process's threads")
def test_a_stopped_thread_is_gone() -> None:
    """The system has it no more when it is said to have ended: it would count it at a fork."""
    flusher = Flusher(lambda: None, 60, imports=False)
    before = set(os.listdir("/proc/self/task"))
    for _ in range(200):
        flusher.start()
        flusher.stop()
        assert set(os.listdir("/proc/self/task")) <= before

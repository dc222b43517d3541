"""The thread that writes by time, as the program sees it."""

from __future__ import annotations

from pathlib import Path

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

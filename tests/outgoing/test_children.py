"""Child processes hang under the call that started them, however they were started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.entries import Entry
from tests.support.process import run_traced
from tests.support.project import write_files, write_policy

PROGRAM = """
    import concurrent.futures
    import multiprocessing
    import os
    import subprocess
    import sys

    import glimpse

    def child(n):
        return n

    def by_process(method):
        process = multiprocessing.get_context(method).Process(target=child, args=(1,))
        process.start()
        process.join()
        assert process.exitcode == 0

    def by_pool(method):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            assert pool.submit(child, 1).result() == 1

    def by_subprocess(_):
        env = {**os.environ, "OWN": "1"}
        subprocess.run([sys.executable, "program.py", "child"], check=True, env=env)

    def by_fork(_):
        pid = os.fork()
        if pid == 0:
            child(1)
            sys.exit()
        os.waitpid(pid, 0)

    if __name__ == "__main__":
        if sys.argv[1] == "child":
            child(1)
        else:
            with glimpse.correlation("c-1"):
                globals()[sys.argv[1]](sys.argv[2])
"""
FORKS = hasattr(os, "fork")
WAYS = [
    ("by_subprocess", "-"),
    ("by_process", "spawn"),
    ("by_pool", "spawn"),
    *([("by_fork", "-"), ("by_process", "fork"), ("by_process", "forkserver")] if FORKS else []),
]


@pytest.mark.once
@pytest.mark.parametrize(("way", "method"), WAYS)
def test_a_childs_calls_are_made_by_the_call_that_starts_it(way: str, method: str, tmp_path: Path) -> None:
    """In its trace, with its correlation id."""
    write_files(tmp_path, {"program.py": PROGRAM})
    policy = write_policy(tmp_path, "program")
    env = {"GLIMPSE_TRACE_ID": "1", "GLIMPSE_PROPAGATE": "1"}
    run = run_traced("program.py", way, method, policy=policy, cwd=tmp_path, env=env)
    starts = [entry for entry in run.entries if entry["stage"] == "START"]
    (starter,) = (entry for entry in starts if entry["args"].startswith(way))
    (child,) = (entry for entry in starts if entry["args"] == "child(n=1)")
    assert child["pid"] != starter["pid"]
    assert child["trace_id"] == starter["trace_id"]
    assert child["parent_span_id"] == starter["span_id"]
    assert child["correlation_id"] == starter["correlation_id"] == "c-1"
    assert child["parent_id"] is None


@pytest.mark.once
def test_without_the_option_a_variable_of_the_environment_means_nothing(tmp_path: Path) -> None:
    """Others set it too."""
    write_files(tmp_path, {"program.py": PROGRAM})
    given = {"TRACEPARENT": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "GLIMPSE_TRACE_ID": "1"}

    def child(**env: str) -> Entry:
        policy = write_policy(tmp_path, "program")
        (tmp_path / "glimpse.jsonl").unlink(missing_ok=True)
        return run_traced("program.py", "child", policy=policy, cwd=tmp_path, env={**given, **env}).entries[0]

    assert "parent_span_id" not in child()
    assert child(GLIMPSE_PROPAGATE="1")["parent_span_id"] == "00f067aa0ba902b7"

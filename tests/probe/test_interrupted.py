"""Calls that a signal's handler cuts off while they are being entered have an end all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.process import run_traced

CUT_OFF = '''
import sys

class Limit(Exception): pass

def interrupt(frame, event, arg):
    """As a signal's handler does that raises while the full buffer is being emptied."""
    if event == "call" and frame.f_code.co_name == "_drain_here":
        sys.setprofile(None)
        raise Limit("out of time")

def plain(a): return a
def generator(a): yield a
def cut_off(*values): return values

def until_cut_off(work):
    sys.setprofile(interrupt)
    try:
        while True: work()
    except Limit as error:
        print(error)

if sys.argv[1] == "plain": until_cut_off(lambda: plain(1))
if sys.argv[1] == "many": until_cut_off(lambda: cut_off(1, 2, 3))
if sys.argv[1] == "generator": until_cut_off(lambda: next(generator(1)))
plain("last")
'''


@pytest.mark.parametrize("kind", ["plain", "many", "generator"])
def test_a_call_that_is_cut_off_ends_with_the_handlers_exception(tmp_path: Path, kind: str) -> None:
    """It is recorded as failed, and the calls after it stand where they belong."""
    script, policy = tmp_path / "cutoff.py", tmp_path / "policy.json"
    script.write_text(CUT_OFF)
    policy.write_text('{"included_packages": ["cutoff"], "excluded_functions": ["*until*", "*interrupt*"]}')
    done = run_traced(script, kind, policy=policy, cwd=tmp_path)
    assert done.stdout == "out of time\n"
    failed = [entry for entry in done.entries if entry["stage"] == "EXCEPTION"]
    assert [entry["exception"]["message"] for entry in failed] == ["out of time"]
    assert {entry["depth"] for entry in done.entries} == {1}
    assert done.entries[-2]["args"] == "plain(a='last')"

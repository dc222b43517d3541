"""The suite of faults, shortened: what a program that ends, forks or fails in some way leaves of its trace."""

from __future__ import annotations

import sys

import pytest

from tools.fault_programs import FAULTS, Fault
from tools.faults import tried

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks")

QUICK = ("SIGINT", "SIGTERM, flush_on_sigterm", "kill -9", "os.fork in a thread")
"""What may depend on the Python version."""
ELSEWHERE = (
    "normal exit", "sys.exit", "unhandled exception", "multiprocessing, ", "subprocess", "pool, spawn",  # test_session
    "gunicorn", "uvicorn",  # processes/test_servers
    "server absent", "server lost for", "server refuses", "server full",  # writers/test_mongo
)  # fmt: skip
"""What other tests try, by words in their names."""
OTHERS = [fault for fault in FAULTS if fault.name not in QUICK and not any(each in fault.name for each in ELSEWHERE)]
WRITERS = ("jsonl", "journal")


def check(fault: Fault, dest: str) -> None:
    """Try it once; what was promised is so."""
    reason = fault.needs() if fault.needs is not None else ""
    if reason:
        pytest.skip(reason)
    outcome = tried(fault, dest, 1)
    assert outcome.holds, outcome.row()


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in QUICK], ids=lambda fault: fault.name)
def test_signals_and_forks(fault: Fault) -> None:
    """Nothing is lost, or what is promised, and nothing doubled."""
    check(fault, WRITERS[len(fault.name) % 2])


@pytest.mark.once
@pytest.mark.parametrize("fault", OTHERS, ids=lambda fault: fault.name)
def test_every_other_fault(fault: Fault) -> None:
    """The same for whatever does not depend on the version of Python."""
    files = [dest for dest in ("jsonl", "sqlite") if dest in fault.dests] or ["mongo"]
    check(fault, files[len(fault.name) % len(files)])

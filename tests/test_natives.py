"""The operating system as it was: patched modules and frozen clocks do not reach what Glimpse uses."""

from __future__ import annotations

import _thread
import os
import time
from pathlib import Path

import pytest

from glimpse.natives import System
from tests.support.process import run_python


def test_what_is_patched_later_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock, a file function and a thread function stay the real ones when their modules are patched."""
    real = time.time_ns()
    for module, name in ((time, "time_ns"), (os, "getpid"), (_thread, "get_ident")):
        monkeypatch.setattr(module, name, lambda: 0)
    assert System.now_ns() >= real
    assert (System.getpid(), System.get_ident()) != (0, 0)
    assert System.RLock().acquire()


ALL_MODULES = """
    import contextlib, glimpse, importlib, pkgutil, sys, time
    for found in pkgutil.walk_packages(glimpse.__path__, "glimpse."):
        if not found.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of a library that is not installed
                importlib.import_module(found.name)
    clocks = {id(clock) for clock in vars(time).values() if type(clock) is type(time.time)}
    modules = [(name, module) for name, module in sys.modules.items() if name.startswith("glimpse.")]
    assert len(modules) > 100
    print([(name, key) for name, module in modules for key, value in vars(module).items() if id(value) in clocks])
"""


@pytest.mark.once
def test_no_module_holds_a_clock(tmp_path: Path) -> None:
    """A library that freezes time looks through the attributes of all modules, and puts clocks of its own there."""
    assert run_python(code=ALL_MODULES, cwd=tmp_path).stdout == "[]\n"

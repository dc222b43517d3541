"""The operating system as it was: patched modules and frozen clocks do not reach what Glimpse uses."""

from __future__ import annotations

import _thread
import os
import time

import pytest

from glimpse.natives import System


def test_what_is_patched_later_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock, a file function and a thread function stay the real ones when their modules are patched."""
    real = time.time_ns()
    for module, name in ((time, "time_ns"), (os, "getpid"), (_thread, "get_ident")):
        monkeypatch.setattr(module, name, lambda: 0)
    assert System.now_ns() >= real
    assert (System.getpid(), System.get_ident()) != (0, 0)
    assert System.RLock().acquire()

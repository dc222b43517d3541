"""The clocks, threads and files of the operating system, as they were when Glimpse came into the program.

They are kept in a class, where neither a patched ``os`` or ``time`` module nor a library that freezes clocks or fakes
the file system finds them. This is loaded at the start of a traced program, whatever else waits until it is needed:
so modules that are loaded later do not find what the program has put in their place by then.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

__all__ = ["System"]


def _of_threads(name: str, module: ModuleType = _thread) -> Any:
    """The interpreter's own, also where gevent has put greenlets in their place (``monkey.patch_all``)."""
    monkey: Any = sys.modules.get("gevent.monkey")
    found = getattr(module, name) if monkey is None else monkey.get_original(module.__name__, name)
    return found if isinstance(found, type) else staticmethod(found)


class System:
    """The operating system, as it was."""

    open = os.open
    close = os.close
    read = os.read
    write = os.write
    lseek = os.lseek
    stat = os.stat
    fstat = os.fstat
    truncate = os.ftruncate
    unlink = os.unlink
    replace = os.replace
    listdir = os.listdir
    makedirs = os.makedirs
    urandom = os.urandom
    getpid = os.getpid
    sleep = _of_threads("sleep", time)
    now = time.time
    now_ns = time.time_ns
    monotonic = time.monotonic
    perf_counter = time.perf_counter
    perf_counter_ns = time.perf_counter_ns
    gmtime = time.gmtime
    strftime = time.strftime
    get_ident = _of_threads("get_ident")
    get_native_id = _thread.get_native_id
    allocate_lock = _of_threads("allocate_lock")
    start_new_thread = _of_threads("start_new_thread")
    RLock = _of_threads("RLock")
    Local = _of_threads("_local")

"""The thread that writes what has waited for long enough, or at once where traced code must not wait for the writer.

It is not among ``threading.enumerate()``, and it does not exist while the process forks.
"""

from __future__ import annotations

import sys

from ..compat import KNOWS_MAIN_THREAD, PLATFORM_IMPORTS_THREADING
from ..natives import System
from .shield import start_deaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["Flusher"]

_LONGEST_END_S: Final = 5.0
_LOOKS: Final = 200
_BETWEEN_LOOKS_S: Final = 0.0005


class Flusher:
    """Calls ``work`` after each interval, and when it is woken.

    :param interval: seconds; 0 for never.
    :param imports: whether the work may import modules that start threads.
    """

    def __init__(self, work: Callable[[], None], interval: float, *, imports: bool) -> None:
        self._work = work
        self._interval = interval
        self._imports = imports
        self._wake: Any = None
        self._ended: Any = None
        self._native = 0

    def renewed(self) -> Flusher:
        """One without a thread."""
        return Flusher(self._work, self._interval, imports=self._imports)

    @property
    def runs(self) -> bool:
        """Whether there is a thread."""
        return self._wake is not None

    def start(self) -> None:
        """Start the thread, unless it runs. Near the end of the interpreter there is none."""
        if self._wake is None and self._interval > 0:
            if self._imports or PLATFORM_IMPORTS_THREADING:
                _have_the_main_thread_known()
            wake, ended = System.allocate_lock(), System.allocate_lock()
            wake.acquire()
            ended.acquire()
            self._wake, self._ended = wake, ended
            try:
                start_deaf(self._run, (wake, ended))
            except RuntimeError:  # what is recorded from here on is written at the close
                self._wake = None

    def wake(self) -> None:
        """Let it work now; it may be at it already."""
        wake = self._wake
        if wake is not None and wake.locked():
            try:
                wake.release()
            except RuntimeError:  # another thread was faster
                pass

    def stop(self) -> None:
        """End the thread and wait until it has gone, for some seconds if a writer holds it up."""
        wake, self._wake = self._wake, None
        if wake is not None:
            try:
                wake.release()
            except RuntimeError:
                pass
            self._ended.acquire(True, _LONGEST_END_S)
            _wait_for_the_end_of(self._native)

    def _run(self, wake: Any, ended: Any) -> None:
        self._native = System.get_native_id()
        try:
            while self._wake is wake:
                wake.acquire(True, self._interval)
                if self._wake is wake:
                    try:
                        self._work()
                    finally:
                        _be_unknown()
        finally:
            ended.release()


def _wait_for_the_end_of(native: int) -> None:
    """Wait until the system has no such thread any more: who forks just before that is warned of it, from 3.12 on."""
    for _ in range(_LOOKS):
        try:
            System.stat(f"/proc/self/task/{native}")
        except OSError:  # it is gone, or this is another system than Linux
            return
        System.sleep(_BETWEEN_LOOKS_S)


def _have_the_main_thread_known() -> None:
    """Import ``threading``, which takes the thread that imports it first for the main one, and waits for it at exit.

    A writer may import it, by way of ``uuid`` or a driver, in the thread that is started here.
    """
    if not KNOWS_MAIN_THREAD:
        import threading  # noqa: F401


def _be_unknown() -> None:
    """Have ``threading`` forget this thread, which a writer's driver has made known by asking for the current one."""
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        threading._active.pop(System.get_ident(), None)

"""Signals wait while something is done that cannot be gone on with if a handler raises in the middle of it.

That holds for signals that come to the thread that does it. In a program with threads of its own, another may be told
of the signal, and the interpreter then calls the handler in the main thread all the same.
"""

from __future__ import annotations

from ..light import import_module
from ..natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeVar

    T = TypeVar("T")

__all__ = ["shielded", "start_deaf"]

# Without the enumerations of ``signal``, which cost fifty times as much.
_signal = import_module("_signal")
_mask: Final[Any] = getattr(_signal, "pthread_sigmask", None)
_NAMES: Final = (
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGCHLD", "SIGVTALRM", "SIGPROF",
    "SIGWINCH", "SIGIO", "SIGXCPU",
)  # fmt: skip
_NUMBERS: Final = tuple(getattr(_signal, name) for name in _NAMES if hasattr(_signal, name))


def shielded(work: Callable[[], T]) -> T:
    """What ``work`` gives. Handlers are called at the end, and may raise then: ``work`` keeps what it has made."""
    if _mask is None:
        return work()
    before = _mask(_signal.SIG_BLOCK, ())
    try:
        _mask(_signal.SIG_BLOCK, _NUMBERS)
        return work()
    finally:
        _mask(_signal.SIG_SETMASK, before)


def start_deaf(work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    """Start a thread that signals are not for, from its first moment.

    :raises RuntimeError: there can be no more threads.
    """
    shielded(lambda: System.start_new_thread(work, arguments))

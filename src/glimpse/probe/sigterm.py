"""SIGTERM where the program leaves it the default action, and asks for its entries to be written first."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from ..natives import System
from .bell import Bell

__all__ = ["after_fork_in_child", "after_fork_in_parent", "before_fork", "finish_first", "in_worker", "leave"]

Work = Callable[[], Any]
_finishing: dict[Work, Callable[[Work], Any]] = {}
_blocked_in: set[int] = set()
_came: list[bool] = []
_bells: list[Bell] = []
_IN_WORKER: Final = "--multiprocessing-fork"


def finish_first(work: Work, when_idle: Callable[[Work], Any]) -> None:
    """Do ``work`` when SIGTERM comes, and then let it take its course. A handler of the program's is left alone.

    :param when_idle: does something now, or after what this thread is in the middle of.
    """
    if not _finishing and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        try:
            signal.signal(signal.SIGTERM, _finish)
        except ValueError:
            if sys.stderr is not None:
                sys.stderr.write("glimpse: flush_on_sigterm has no effect: recording began outside the main thread\n")
            return
    _finishing[work] = when_idle
    if _IN_WORKER in sys.orig_argv:
        in_worker()


def leave(work: Work) -> None:
    """Do it no more."""
    if _finishing.pop(work, None) is not None and not _finishing:
        while _bells:
            bell = _bells.pop()
            bell.stop()
            bell.remove()
        if signal.getsignal(signal.SIGTERM) is _finish:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
            except ValueError:  # not the main thread; what is left does what the default action does
                return


def in_worker() -> None:
    """This is a process of ``multiprocessing``, which waits for semaphores and is ended by the signal: see ``Bell``."""
    if not _bells and _is_ours() and hasattr(signal, "pthread_kill"):
        try:
            _bells.append(Bell(signal.SIGTERM, lambda: bool(_came) or not _is_ours()))
        except ValueError:  # not the main thread, or the program has use for what a bell needs
            return


def before_fork() -> None:
    """Let the signal wait while the process is copied.

    A child forgets the signals that come before it has taken stock of itself: whoever tells a worker to end that has
    only just begun would wait for it for ever.
    """
    for bell in _bells:
        bell.stop()
    if _is_ours() and hasattr(signal, "pthread_sigmask"):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
        if signal.SIGTERM not in before:
            _blocked_in.add(System.get_ident())


def after_fork_in_parent() -> None:
    """Be told of the signal again."""
    for bell in _bells:
        bell.start()
    _let_it_come()


def after_fork_in_child() -> None:
    """The same; the parent keeps its bell."""
    _came.clear()
    while _bells:
        _bells.pop().remove()
    _let_it_come()


def _let_it_come() -> None:
    here = System.get_ident()
    if here in _blocked_in:
        _blocked_in.discard(here)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))


def _is_ours() -> bool:
    return bool(_finishing) and signal.getsignal(signal.SIGTERM) is _finish


def _finish(number: int, frame: object) -> None:
    _came.append(True)
    if not _finishing:
        _die()
    for work, when_idle in list(_finishing.items()):

        def finish(work: Work = work) -> None:
            work()
            if not _finishing:
                _die()

        when_idle(finish)


def _die() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)

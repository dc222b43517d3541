"""SIGTERM where the program leaves it the default action, and asks for its entries to be written first."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["after_fork", "before_fork", "finish_first", "leave"]

Work = Callable[[], Any]
_finishing: dict[Work, Callable[[Work], Any]] = {}
_set_aside: list[bool] = []


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


def leave(work: Work) -> None:
    """Do it no more."""
    if _finishing.pop(work, None) is not None and not _finishing and signal.getsignal(signal.SIGTERM) is _finish:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        except ValueError:  # not the main thread; what is left does what the default action does
            return


def before_fork() -> None:
    """Give the signal its default action while the process is copied.

    A child forgets the signals that come before it has taken stock of itself, if there is a handler for them: whoever
    tells a worker to end that has only just begun would wait for it for ever.
    """
    if _finishing and signal.getsignal(signal.SIGTERM) is _finish:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        except ValueError:  # not the main thread
            return
        _set_aside.append(True)


def after_fork() -> None:
    """In the parent and in the child: be told of the signal again."""
    if _set_aside:
        _set_aside.clear()
        signal.signal(signal.SIGTERM, _finish)


def _finish(number: int, frame: object) -> None:
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

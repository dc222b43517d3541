"""Wakes the main thread if it waits although a signal has come.

The interpreter notes a signal, and calls its handler in Python before the main thread's next instruction. If the signal
comes after the last instruction before a wait, or when a wait for a semaphore is about to begin anew, nothing ends that
wait. Of pools of processes that are terminated while they are busy, one in a hundred hangs so, with any handler.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any, Final

from ..natives import System
from .shield import start_deaf

__all__ = ["Bell"]

_BETWEEN_RINGS_S: Final = 0.1
_LONGEST_END_S: Final = 5.0
_STOP: Final = 0  # no signal has this number


class Bell:
    """A thread that hears of signals by the file to which the interpreter writes them, and sends one of them once more.

    :param number: the signal.
    :param answered: whether its handler has been called, or is not to be.
    :raises ValueError: this is not the main thread, or the program has such a file of its own.
    """

    def __init__(self, number: int, answered: Callable[[], bool]) -> None:
        self._number, self._answered = number, answered
        self._main = System.get_ident()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        try:
            others = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
            if others != -1:
                signal.set_wakeup_fd(others)
                raise ValueError("the program has a file for signals")
        except ValueError:
            self._close()
            raise
        self.start()

    def start(self) -> None:
        """Listen. Near the end of the interpreter nobody does."""
        self._ended: Any = System.allocate_lock()
        self._ended.acquire()
        self._listens = True
        try:
            start_deaf(self._listen, (self._ended,))
        except RuntimeError:
            self._ended.release()

    def stop(self) -> None:
        """Listen no more; what comes meanwhile is heard later."""
        self._listens = False
        try:
            System.write(self._writer, bytes((_STOP,)))
        except BlockingIOError:  # it is full, and so will be read
            pass
        self._ended.acquire(True, _LONGEST_END_S)

    def remove(self) -> None:
        """Take it away, once it is stopped; or in the child of a fork, where nobody listens."""
        try:
            others = signal.set_wakeup_fd(-1)
            if others not in (-1, self._writer):
                signal.set_wakeup_fd(others)
        except ValueError:  # not the main thread; so the interpreter goes on to write there
            return
        self._close()

    def _close(self) -> None:
        System.close(self._reader)
        System.close(self._writer)

    def _listen(self, ended: Any) -> None:
        try:
            while self._listens:
                if self._number in System.read(self._reader, 4096):
                    self._ring()
        finally:
            ended.release()

    def _ring(self) -> None:
        System.sleep(_BETWEEN_RINGS_S)
        while self._listens and not self._answered():
            signal.pthread_kill(self._main, self._number)
            System.sleep(_BETWEEN_RINGS_S)

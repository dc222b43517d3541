"""Running a program as if it ran in our place: its signals, its exit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

__all__ = ["end_like", "launch"]

_PASSED_ON: Final = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT")
_FROM_TERMINAL: Final = ("SIGINT", "SIGBREAK")  # the terminal sends these to the program as well


def launch(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program until it ends; signals that we are sent are for it. Gives its exit code, -N for signal N.

    :raises OSError: it cannot be started.
    """
    with _signals_for() as running:
        process = subprocess.Popen(command, env=environment)
        running.append(process)
        return process.wait()


def end_like(code: int) -> int:
    """The exit code of a program as our own; where a signal ended it, we end by the same."""
    if code >= 0:
        return code
    number = -code
    if sys.platform != "win32":
        _die_by(number)
    return 128 + number


def _die_by(number: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program has left its own dump, if any
    with suppress(ValueError, OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


@contextmanager
def _signals_for() -> Iterator[list[subprocess.Popen[Any]]]:
    """Handlers of ours, set before the program starts: what is ignored would be ignored by the program too."""
    running: list[subprocess.Popen[Any]] = []

    def pass_on(number: int, frame: object) -> None:
        for process in running:
            with suppress(OSError):
                process.send_signal(number)

    def leave_it(number: int, frame: object) -> None:
        """The program decides what it means."""

    previous: dict[int, Any] = {}
    try:
        for name in (*_PASSED_ON, *_FROM_TERMINAL):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                previous[number] = signal.signal(number, pass_on if name in _PASSED_ON else leave_it)
        yield running
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

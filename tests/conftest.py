"""A clean interpreter around every test: whatever Glimpse connects, it disconnects without a trace."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import glimpse

pytest_plugins = ["pytester"]

os.environ.pop("FORCE_COLOR", None)  # of whoever runs the tests: output is compared

# A busy machine is no reason to fail; and in CI the same examples come each time: searching for new ones is for people.
settings.register_profile("shared", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("shared")

PACKAGE = str(Path(glimpse.__file__).parent) + os.sep
THREAD_END_S = 5.0


@pytest.fixture(autouse=True)
def clean_interpreter() -> Iterator[None]:
    """Fail the test that leaves something behind in the interpreter, and say what."""
    before = {name: look() for name, look in WATCHED.items()}
    yield
    changes = {}
    for name, look in WATCHED.items():
        after = settled(look, before[name])
        if after != before[name]:
            changes[name] = f"{name}: was {{}}, is {{}}".format(*difference(before[name], after))
    if "hidden threads" in changes:
        changes["where they are"] = "".join(map(where_it_is, sorted(hidden_threads())))
    if "environment" in changes:
        os.environ.clear()
        os.environ.update(before["environment"])  # type: ignore[call-overload]
    if "import hooks" in changes:
        sys.meta_path[:] = before["import hooks"]  # type: ignore[call-overload]
    if "trace function" in changes:
        sys.settrace(None)
    assert not changes, "left behind:\n" + "\n".join(changes.values())


def difference(before: object, after: object) -> tuple[object, object]:
    """The two, without the items that they share if they are mappings."""
    if isinstance(before, dict) and isinstance(after, dict):
        return dict(before.items() - after.items()), dict(after.items() - before.items())
    return before, after


def settled(look: Callable[[], object], wanted: object) -> object:
    """What is seen, once it is what is wanted or a thread has had the time to end."""
    deadline = time.monotonic() + THREAD_END_S
    while (seen := look()) != wanted and look in TAKE_TIME and time.monotonic() < deadline:
        time.sleep(0.01)
    return seen


def monitoring_tools() -> list[str | None]:
    """Who holds each tool id of ``sys.monitoring``."""
    monitoring = getattr(sys, "monitoring", None)
    return [monitoring.get_tool(tool) for tool in range(6)] if monitoring else []


def handlers() -> dict[int, object]:
    """The handler of each signal but the one that pytest's time limit sets and takes back when it likes."""
    alarm = getattr(signal, "SIGALRM", None)
    return {number: signal.getsignal(number) for number in signal.valid_signals() if number != alarm}


def environment() -> dict[str, str]:
    """The environment without what pytest itself changes from test to test."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def import_hooks() -> list[object]:
    """The finders, but for one that six adds when it is first imported, which large libraries do."""
    return [finder for finder in sys.meta_path if type(finder).__module__ != "six"]


def threads() -> set[threading.Thread]:
    """The threads that a program can see."""
    return set(threading.enumerate())


def hidden_threads() -> set[int]:
    """Threads that run code of the package, also those that ``threading`` does not know."""
    mine = threading.get_ident()
    return {ident for ident, frame in sys._current_frames().items() if ident != mine and in_package(frame)}


def where_it_is(ident: int) -> str:
    """What a thread is doing, as a traceback shows it."""
    return "".join(traceback.format_stack(sys._current_frames().get(ident)))


def in_package(frame: object) -> bool:
    """Whether a frame or one that called it belongs to the package."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):  # type: ignore[attr-defined]
            return True
        frame = frame.f_back  # type: ignore[attr-defined]
    return False


WATCHED: dict[str, Callable[[], object]] = {
    "import hooks": import_hooks,
    "path hooks": lambda: list(sys.path_hooks),
    "import path": lambda: list(sys.path),
    "trace function": sys.gettrace,
    "profile function": sys.getprofile,
    "thread trace function": lambda: getattr(threading, "_trace_hook", None),
    "monitoring tools": monitoring_tools,
    "threads": threads,
    "hidden threads": hidden_threads,
    "signal handlers": handlers,
    "environment": environment,
    "working directory": os.getcwd,
    "exception hook": lambda: (sys.excepthook, threading.excepthook),
    "recursion limit": sys.getrecursionlimit,
    "switch interval": sys.getswitchinterval,
}
TAKE_TIME = (threads, hidden_threads)

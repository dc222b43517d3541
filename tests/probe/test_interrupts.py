"""A signal's handler that raises in the middle of a drain: the exception is the program's, and nothing is lost."""

from __future__ import annotations

import faulthandler
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from glimpse.assembly import Origin, Rule, is_from_handler
from glimpse.assembly import events as ev
from glimpse.entry import LogEntry
from glimpse.probe import Recorder, sink_for
from glimpse.writers import BaseWriter
from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from tests.conftest import PACKAGE
from tests.support.process import run_python

KEY, GENERATOR, COROUTINE = "m:f:1:f:a:", "m:g:2:g:a:", "m:c:3:c:a:"
FAILED = ("ValueError", "no", 1, None)
EVENTS: list[tuple[Any, ...]] = [
    (ev.THREAD, 1, "main"),
    (ev.START, KEY, 10, 1, None, 1),
    (ev.START, KEY, 20, 1, None, 2),
    (ev.END, KEY, 30, 1, 2),
    (ev.GEN_START, GENERATOR, 40, 1, None, 77, 3),
    (ev.START, KEY, 45, 1, None, 4),
    (ev.EXCEPTION, KEY, 46, 1, FAILED),
    (ev.GEN_END, GENERATOR, 50, 1, None, 77),
    (ev.CORO_START, COROUTINE, 60, 1, None, 5, "Task-1", 5),
    (ev.START, KEY, 61, 1, 5, 6),
    (ev.END, KEY, 62, 1, 6),
    (ev.CORO_EXCEPTION, COROUTINE, 63, 1, FAILED, 5),
    (ev.START, KEY, 64, 1, None, 7),
    (ev.EXCEPTION, KEY, 65, 1, FAILED),
    (ev.END, KEY, 70, 1, None),
]
WRITERS: dict[str, type[BaseWriter]] = {"jsonl": JsonlWriter, "json": JsonWriter, "journal": JournalWriter}


class Interruption:
    """Raises ``KeyboardInterrupt`` at the n-th place of the package where the interpreter looks for signals."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(PACKAGE):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt


def record(kind: type[BaseWriter], path: Path, rule: Rule, number: int) -> tuple[bool, list[LogEntry]]:
    """Record the events with an interruption; whether there was one, and what is read back."""
    writer = kind(str(path))  # type: ignore[call-arg]
    sink = sink_for(writer, Origin(os.getpid(), 0), {"": rule})
    recorder = Recorder(sink, flush_interval=0)
    recorder.events += EVENTS[:8]
    interrupted = False
    profile = sys.getprofile()
    try:
        sys.setprofile(Interruption(number))
        recorder.drain()
    except KeyboardInterrupt:
        interrupted = True
    finally:
        sys.setprofile(profile)
    recorder.events += EVENTS[8:]
    recorder.close()
    assert recorder.muted == {}
    assert not hasattr(recorder.muted.mine, "number")
    assert recorder.last_error is None, f"place {number}: {recorder.last_error}"
    return interrupted, list(kind.read(str(path)))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="3.10 looks for signals between any two instructions")
@pytest.mark.parametrize("rule", [Rule(), Rule(min_duration_ms=0.000001)], ids=["all", "filtered"])
@pytest.mark.parametrize("name", WRITERS)
def test_an_interruption_anywhere_loses_and_doubles_nothing(tmp_path: Path, name: str, rule: Rule) -> None:
    """Wherever in a drain it comes, it reaches the program, and the file is as without it."""
    kind = WRITERS[name]
    _, expected = record(kind, tmp_path / "expected", rule, 0)
    assert len(expected) == 14
    number, interrupted = 0, True
    while interrupted:
        number += 1
        interrupted, found = record(kind, tmp_path / f"{number}", rule, number)
        assert found == expected, f"interrupted at place {number}"
    assert number > 30


@pytest.mark.skipif(sys.version_info < (3, 11), reason="3.10 looks for signals between any two instructions")
@pytest.mark.parametrize("ask", ["flush", "close"])
@pytest.mark.once
def test_a_handler_may_ask_for_all_to_be_written_anywhere(tmp_path: Path, ask: str) -> None:
    """Wherever in a drain it comes, the handler waits for nothing that waits for it, and all is written in the end."""
    number, asked = 0, True
    while asked:
        number += 1
        recorder = Recorder(sink_for(JsonlWriter(str(tmp_path / f"{number}")), Origin(1, 0), {}), flush_interval=0)
        recorder.events += EVENTS
        places = itertools.count(1)

        def handler(frame: FrameType, event: str, arg: object) -> None:
            ours = event in ("call", "c_return") and frame.f_code.co_filename.startswith(PACKAGE)
            if ours and next(places) == number:  # noqa: B023
                recorder.flush() if ask == "flush" else recorder.when_idle(recorder.close)  # noqa: B023

        profile = sys.getprofile()
        faulthandler.dump_traceback_later(60, exit=True)
        try:
            sys.setprofile(handler)
            recorder.flush()
        finally:
            sys.setprofile(profile)
            faulthandler.cancel_dump_traceback_later()
        asked = next(places) > number
        recorder.close()
        assert recorder.counts["errors"] == 0
        assert len(list(JsonlWriter.read(str(tmp_path / f"{number}")))) == 14, f"place {number}"
    assert number > 30


@pytest.fixture
def alarm() -> Iterator[Callable[[Callable[..., Any]], None]]:
    """Sets a handler for a signal, and takes it back."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda handler: signal.signal(signal.SIGUSR1, handler) and None
    signal.signal(signal.SIGUSR1, before)


class Limit:
    """A handler that is an object."""

    def __call__(self, number: int, frame: object) -> None:
        raise TimeoutError("too long")

    def method(self, number: int, frame: object) -> None:
        """Another that is a method."""
        raise TimeoutError("too long")


def too_long(number: int, frame: object) -> None:
    """One that is a function."""
    raise TimeoutError("too long")


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs signals")
@pytest.mark.parametrize("handler", [too_long, Limit(), Limit().method])
def test_an_exception_of_a_handler_is_not_taken_for_the_writers(alarm: Any, handler: Any) -> None:
    """A time limit's exception that comes while a writer works is raised in the program, not counted as a failure."""
    alarm(handler)

    class Slow(BaseWriter):
        taken: list[LogEntry] = []
        in_time = False

        def write_batch(self, entries: Any) -> None:
            if not self.in_time:
                self.in_time = True
                signal.raise_signal(signal.SIGUSR1)
            self.taken += entries

    slow = Slow()
    slow.taken = []
    recorder = Recorder(sink_for(slow, Origin(1, 0), {}), flush_interval=0)
    recorder.events += EVENTS
    with pytest.raises(TimeoutError, match="too long"):
        recorder.flush()
    recorder.close()
    assert recorder.counts["errors"] == 0
    assert len(slow.taken) == 14


def test_other_exceptions_are_ours() -> None:
    """What no handler raised is a writer's failure."""
    assert not is_from_handler(OSError("disk full"))
    assert is_from_handler(SystemExit())


TIMED = """
    import os, signal, sys, time
    from glimpse.assembly import Origin, events as ev
    from glimpse.probe import Recorder, sink_for
    from glimpse.writers.sqlite.writer import SqliteWriter

    def too_long(number, frame):
        global came
        came += 1
        raise TimeoutError

    came = 0
    recorder = Recorder(sink_for(SqliteWriter("t.db"), Origin(os.getpid(), 0), {}), flush_interval=0.01)
    recorder.start_flusher()
    recorder.events.append((ev.THREAD, 1, "main"))
    signal.signal(signal.SIGALRM, too_long)
    key, t, end = "m:f:1:f:a:", 0, time.monotonic() + 20
    while came < 100 and time.monotonic() < end:
        t += 10
        calls = [(ev.START, key, t, 1, None, t), (ev.START, key, t + 1, 1, None, 1), (ev.END, key, t + 2, 1, 1)]
        recorder.events += [*calls, (ev.EXCEPTION, key, t + 3, 1, ("ValueError", "no", 1, None))]
        if len(recorder.events) > 256:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0004)
                recorder.drain()
                time.sleep(1)
                raise SystemExit("the handler's exception was lost")
            except TimeoutError:
                pass
    recorder.close()
    found = list(SqliteWriter.read("t.db"))
    print(came > 10, len(found) == 4 * t // 10, [entry.entry_id for entry in found] == list(range(1, len(found) + 1)))
    print(recorder.counts["errors"], recorder.counts["dropped"])
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="3.10 looks for signals between any two instructions")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
def test_rows_are_made_without_interruption(tmp_path: Path) -> None:
    """Handlers raise while rows of SQLite are made: every entry is there once, in its order."""
    ran = run_python(cwd=tmp_path, code=TIMED)
    assert ran.stdout.split() == ["True"] * 3 + ["0", "0"], ran.stderr

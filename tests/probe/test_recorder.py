"""The buffer and its drain: bounded, flushed by time, and patient with writers that fail."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from glimpse.assembly import Origin
from glimpse.assembly.events import END, START, THREAD
from glimpse.entry import LogEntry
from glimpse.probe import Recorder, sink_for

KEY = "m:f:1:f:a:"


class Shelf:
    """A writer that keeps entries, and fails when told to."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.broken = False
        self.stalled = threading.Event()
        self.stalled.set()
        self.closed = False

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        self.stalled.wait(10)
        if self.broken:
            raise OSError(28, "No space left on device")
        self.entries += entries

    def flush(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def before_fork(self) -> None: ...
    def after_fork(self) -> None: ...


class Recording:
    """A recorder over a shelf, and what it told the user."""

    def __init__(self, **options: Any) -> None:
        self.shelf = Shelf()
        self.told: list[str] = []
        sink = sink_for(self.shelf, Origin(os.getpid(), 0), {})
        self.recorder = Recorder(sink, warn=self.told.append, **{"flush_interval": 0, **options})
        self.recorder.events.append((THREAD, 1, "main"))

    def calls(self, count: int) -> None:
        for number in range(count):
            self.recorder.events.append((START, KEY, number, 1, None, number))
            self.recorder.events.append((END, KEY, number, 1, number))


@pytest.fixture
def recording() -> Iterator[Recording]:
    """A recorder that is closed afterwards."""
    made = Recording()
    yield made
    made.recorder.close()


def test_flushing_writes_everything(recording: Recording) -> None:
    """After ``flush`` nothing waits."""
    recording.calls(3)
    recording.recorder.flush()
    assert [entry.entry_id for entry in recording.shelf.entries] == [1, 2, 3, 4, 5, 6]
    assert recording.recorder.events == []


def test_closing_writes_ends_and_closes(recording: Recording) -> None:
    """Closing twice is closing once; what is open is ended, then the writer is closed."""
    recording.recorder.events.append((START, KEY, 5, 1, None, 0))
    recording.recorder.close()
    recording.recorder.close()
    assert [(entry.stage, entry.closed) for entry in recording.shelf.entries] == [("START", None), ("END", True)]
    assert recording.shelf.closed


def test_events_are_written_after_the_flush_interval() -> None:
    """Nothing stays in memory for longer than the interval, though nobody drains."""
    recording = Recording(flush_interval=0.02)
    recording.recorder.start_flusher()
    recording.calls(1)
    deadline = time.monotonic() + 5
    while len(recording.shelf.entries) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    recording.recorder.close()
    assert len(recording.shelf.entries) == 2


def test_the_flusher_is_not_a_thread_that_programs_see() -> None:
    """``threading.enumerate`` is as without it, and stopping it waits for its end."""
    before = threading.enumerate()
    recording = Recording(flush_interval=0.01)
    recording.recorder.start_flusher()
    assert threading.enumerate() == before
    recording.recorder.close()


def test_a_failing_writer_is_tried_again_and_told_of_once(recording: Recording) -> None:
    """Entries wait while the writer fails and are written in their order when it works; one warning in all."""
    recording.shelf.broken = True
    for _ in range(3):
        recording.calls(2)
        recording.recorder.flush()
    assert len(recording.told) == 1
    assert "No space left" in recording.told[0]
    recording.shelf.broken = False
    recording.recorder.flush()
    assert [entry.entry_id for entry in recording.shelf.entries] == list(range(1, 13))
    assert recording.recorder.counts["errors"] == 3
    assert recording.recorder.counts["dropped"] == 0


def test_what_waits_for_a_failing_writer_is_bounded_and_counted() -> None:
    """Beyond the buffer's size the oldest entries are dropped, and the count says how many."""
    recording = Recording(buffer_size=100)
    recording.shelf.broken = True
    for _ in range(20):
        recording.calls(10)
        recording.recorder.flush()
    counts = recording.recorder.counts
    assert counts["dropped"] >= 280
    recording.shelf.broken = False
    recording.recorder.close()
    *written, told = recording.shelf.entries
    assert len(written) == 400 - counts["dropped"]
    assert counts["written"] == len(written) + 1
    assert (told.function, told.args) == ("glimpse.dropped", f"dropped(entries={counts['dropped']})")


def test_a_full_buffer_drops_and_counts_if_asked_to() -> None:
    """With a stalled writer and ``overflow="drop"``, callers do not wait and memory stays bounded."""
    recording = Recording(buffer_size=100, overflow="drop")
    recording.shelf.stalled.clear()
    recording.calls(1)
    drainer = threading.Thread(target=recording.recorder.flush)
    drainer.start()
    deadline = time.monotonic() + 5
    while recording.recorder.events and time.monotonic() < deadline:
        time.sleep(0.001)
    started = time.monotonic()
    for _ in range(100):
        recording.calls(10)
        recording.recorder.drain()
    spent = time.monotonic() - started
    recording.shelf.stalled.set()
    drainer.join()
    recording.recorder.close()
    assert spent < 2
    assert recording.recorder.counts["dropped"] > 0
    assert recording.recorder.counts["high_water"] <= 200


def test_a_defect_in_a_writer_never_reaches_the_caller(recording: Recording) -> None:
    """Whatever a writer raises, draining returns."""

    def explode(entries: object) -> None:
        raise AssertionError("a defect")

    recording.shelf.write_batch = explode  # type: ignore[method-assign,assignment]
    recording.calls(1)
    recording.recorder.flush()
    assert recording.recorder.last_error == "AssertionError: a defect"


def test_a_slow_writer_in_the_background_holds_nobody_up() -> None:
    """With a thread that writes, a full buffer drops whole calls and counts them, and what is written is complete."""
    recording = Recording(buffer_size=500, overflow="drop", background=True, flush_interval=0.01)
    recording.shelf.stalled.clear()
    recording.recorder.start_flusher()
    for _ in range(200):
        recording.calls(20)
        recording.recorder.drain()
    assert recording.recorder.waiting < 7000
    recording.shelf.stalled.set()
    recording.recorder.close()
    counts = recording.recorder.counts
    told = [entry for entry in recording.shelf.entries if entry.function == "glimpse.dropped"]
    written = [entry for entry in recording.shelf.entries if entry.function == "m.f"]
    assert counts["dropped"] > 0
    assert sum(int(entry.args.partition("=")[2].rstrip(")")) for entry in told) == counts["dropped"]
    assert len(written) == 8000 - counts["dropped"]
    assert not any(entry.closed for entry in written)

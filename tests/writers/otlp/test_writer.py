"""OTLP: OpenTelemetry's own exporter over a real socket, against a receiver that decodes its own protobuf."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import glimpse
from glimpse.entry import LogEntry
from glimpse.errors import ConfigError, WriterError
from tests.support.process import run_python
from tests.traces.recording import Recorder

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from glimpse.writers.otlp.writer import OtlpWriter
from tests.writers.otlp_receiver import Receiver, values


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that takes everything."""
    with Receiver() as running:
        yield running


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., OtlpWriter]]:
    """Makes writers that try again at once, and closes them."""
    monkeypatch.setattr("glimpse.writers.otlp.writer._FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr("glimpse.writers.otlp.writer._LONGEST_PAUSE_S", 0.0)
    writers: list[OtlpWriter] = []

    def open_writer(endpoint: str, **options: Any) -> OtlpWriter:
        writers.append(OtlpWriter(endpoint, **{"spool_path": str(tmp_path / "spool"), **options}))
        return writers[-1]

    yield open_writer
    for writer in writers:
        writer.close()


def entries(count: int = 1, *, ids: bool = True) -> list[LogEntry]:
    """That many calls below one."""
    program = Recorder(ids=ids, service="shop")
    with program.call("app.main"):
        for number in range(count):
            program.leaf(f"app.step{number}", ms=2)
    return [LogEntry.from_dict(entry) for entry in program.entries]


def names(receiver: Receiver) -> list[str]:
    """Of the spans received."""
    return [span.name for span in receiver.spans()]


def waiting(folder: Path) -> int:
    """How many spans wait in files."""
    return sum(len(file.read_text().splitlines()) for file in folder.glob("spool.*[0-9a-f]"))


def test_a_traced_program(receiver: Receiver, tmp_path: Path) -> None:
    """Names, ids, times and attributes by the semantic conventions, from a real recording."""
    params = {"endpoint": receiver.endpoint, "spool_path": tmp_path / "spool"}
    config = glimpse.Config("otlp", level="DEBUG", service="shop", params=params)
    tracer = glimpse.Tracer(config, glimpse.TracingPolicy(included_packages=["nothing"]))

    @tracer.trace_function
    def inner(token: str, n: int) -> int:
        if n < 0:
            raise ValueError(f"negative: {n}")
        return n * 2

    @tracer.trace_function
    def outer() -> None:
        inner("t", 4)
        with pytest.raises(ValueError, match="negative"):
            inner("t", -1)

    caller = f"00-{'4bf92f3577b34da6a3ce929d0e0e4736'}-00f067aa0ba902b7-01"
    with glimpse.extract({"traceparent": caller, "X-Request-ID": "rq"}):
        outer()
    tracer.close()
    first, failed, root = receiver.spans()
    assert {span.trace_id.hex() for span in receiver.spans()} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert root.parent_span_id.hex() == "00f067aa0ba902b7"
    assert first.parent_span_id == failed.parent_span_id == root.span_id
    found = values(first)
    assert found["code.function.name"] == first.name == inner.__module__ + "." + inner.__qualname__
    assert found["code.file.path"] == __file__
    assert found["code.line.number"] > 1
    assert found["glimpse.args"] == "inner(token=<redacted>, n=4)"
    assert (found["glimpse.result"], found["glimpse.correlation_id"]) == ("8", "rq")
    assert found["thread.name"] == "MainThread"
    assert (first.status.code, failed.status.code, failed.status.message) == (0, 2, "negative: -1")
    (event,) = failed.events
    assert event.name == "exception"
    told = values(event)
    assert (told["exception.type"], told["exception.message"]) == ("ValueError", "negative: -1")
    assert told["exception.stacktrace"].startswith("Traceback")
    assert root.start_time_unix_nano <= first.start_time_unix_nano <= first.end_time_unix_nano
    assert first.end_time_unix_nano <= failed.start_time_unix_nano <= root.end_time_unix_nano + 1000
    (resource, *_) = receiver.resources()
    assert resource["service.name"] == "shop"
    assert type(resource["process.pid"]) is int
    assert not list(tmp_path.glob("spool*"))


def test_entries_without_ids_get_some(receiver: Receiver, opened: Callable[..., OtlpWriter]) -> None:
    """That link them."""
    opened(receiver.endpoint).write_batch(entries(2, ids=False))
    first, second, root = receiver.spans()
    assert first.parent_span_id == second.parent_span_id == root.span_id
    assert first.trace_id == second.trace_id == root.trace_id
    assert len({first.span_id, second.span_id, root.span_id}) == 3
    assert first.end_time_unix_nano - first.start_time_unix_nano == 2_000_000


def test_while_the_receiver_is_away_spans_wait(tmp_path: Path, opened: Callable[..., OtlpWriter]) -> None:
    """In a file, from which they are sent first when it is back; calls may begin before and end after."""
    with Receiver() as gone:
        port = gone.port
    batch = entries(3)
    writer = opened(f"http://127.0.0.1:{port}")
    writer.write_batch(batch[:3])
    writer.write_batch(batch[3:5])
    assert waiting(tmp_path) == 2
    assert writer.trouble is not None
    assert writer.trouble.startswith(f"http://127.0.0.1:{port}/v1/traces: ")
    assert "spans wait in" in writer.trouble
    with Receiver(port) as back:
        writer.write_batch(batch[5:])
        assert names(back) == ["app.step0", "app.step1", "app.step2", "app.main"]
        assert writer.trouble is None
    assert not list(tmp_path.glob("spool*"))


def test_what_a_run_could_not_send_the_next_one_does(tmp_path: Path, opened: Callable[..., OtlpWriter]) -> None:
    """Even if it has nothing of its own to say before it ends."""
    with Receiver() as receiver:
        port = receiver.port
    first = opened(f"http://127.0.0.1:{port}")
    first.write_batch(entries())
    first.close()
    assert waiting(tmp_path) == 2
    with Receiver(port) as back:
        second = opened(f"http://127.0.0.1:{port}")
        second.write_batch(entries()[:2])
        second.write_batch(entries()[2:])
        assert len(names(back)) == 4


def test_a_program_that_is_idle_sends_what_waits(tmp_path: Path, opened: Callable[..., OtlpWriter]) -> None:
    """As soon as the receiver is back, without another call."""
    with Receiver() as gone:
        endpoint, port = gone.endpoint, gone.port
    params = {"endpoint": endpoint, "spool_path": tmp_path / "spool"}
    tracer = glimpse.Tracer(glimpse.Config("otlp", params=params, flush_interval=0.02), glimpse.TracingPolicy())
    tracer.trace_function(entries)(1)
    tracer.flush()
    assert waiting(tmp_path) == 1
    with Receiver(port) as back:
        deadline = time.monotonic() + 60
        while not back.spans() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(back.spans()) == 1
        tracer.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks(
    status: int, receiver: Receiver, opened: Callable[..., OtlpWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``Retry-After`` says how long; then everything arrives, once."""
    clock = [1000.0]
    monkeypatch.setattr("glimpse.writers.otlp.writer.System.monotonic", lambda: clock[0])
    receiver.answers.append((status, {"Retry-After": "60"}, 0.0))
    writer = opened(receiver.endpoint)
    batch = entries(2)
    writer.write_batch(batch[:3])
    assert f"HTTP {status}" in str(writer.trouble)
    clock[0] += 59
    writer.write_batch(batch[3:5])
    writer.flush()
    assert receiver.tries == 1
    clock[0] += 2
    writer.flush()
    assert names(receiver) == ["app.step0", "app.step1"]
    writer.write_batch(batch[5:])
    assert names(receiver) == ["app.step0", "app.step1", "app.main"]


def test_a_slow_receiver_is_not_waited_for(receiver: Receiver, opened: Callable[..., OtlpWriter]) -> None:
    """For longer than it is given; then its spans wait as if it were away."""
    receiver.answers.append((500, {}, 0.6))
    writer = opened(receiver.endpoint, timeout=0.2)
    writer.write_batch(entries())
    assert "timed out" in str(writer.trouble).lower() or "timeout" in str(writer.trouble).lower()
    writer._timeout = 10
    writer.before_fork()
    writer.flush()
    assert names(receiver) == ["app.step0", "app.main"]


def test_what_is_too_large_goes_in_parts(receiver: Receiver, opened: Callable[..., OtlpWriter], tmp_path: Path) -> None:
    """Down to a single span, which is kept aside if it is too large by itself, and so is what is not valid."""
    receiver.largest = 1500
    writer = opened(receiver.endpoint)
    batch = entries(9)
    batch[-1].result = "x" * 2000
    writer.write_batch(batch)
    assert names(receiver) == [f"app.step{n}" for n in range(9)]
    receiver.answers.append((400, {}, 0.0))
    writer.write_batch(entries()[1:3])
    assert str(writer.trouble).startswith(f"2 spans refused and kept in {tmp_path / 'spool'}.refused: HTTP 400")
    kept = [json.loads(line) for line in (tmp_path / "spool.refused").read_text().splitlines()]
    assert [span["name"] for span in kept] == ["app.main", "app.step0"]


def test_a_full_disk_is_told_and_the_batch_is_taken_when_offered_again(
    receiver: Receiver, opened: Callable[..., OtlpWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is lost."""
    writer = opened(receiver.endpoint)
    batch = entries()
    writer.write_batch(batch[:1])
    receiver.answers.append((503, {}, 0.0))
    monkeypatch.setattr("glimpse.writers.spool.write_all", lambda *_: (0, OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        writer.write_batch(batch[1:])
    monkeypatch.undo()
    writer._retry_at = 0.0
    writer.write_batch(batch[1:])
    assert names(receiver) == ["app.step0", "app.main"]
    assert receiver.spans()[0].parent_span_id == receiver.spans()[1].span_id


def test_bad_options(tmp_path: Path) -> None:
    """One clear error."""
    tracer = glimpse.Tracer(glimpse.Config("otlp", params={"endpoint": "localhost:4318"}))
    with pytest.raises(
        ConfigError, match="option endpoint of dest otlp: bad value 'localhost:4318'; accepted: the URL"
    ):
        tracer.trace_function(print)
    with pytest.raises(ConfigError, match="option timeout of dest otlp: bad value 0; accepted: a time above 0"):
        OtlpWriter(timeout=0, spool_path=str(tmp_path / "spool"))
    writer = OtlpWriter(spool_path=str(tmp_path / "spool"))
    writer.close()
    writer.close()
    with pytest.raises(WriterError, match="closed"):
        writer.write_batch([])


def test_without_the_exporter_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the base install does not have it."""
    monkeypatch.delitem(sys.modules, "glimpse.writers.otlp.sending", raising=False)  # if another test came first
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match=r"dest otlp needs .*: pip install 'glimpse\[otlp\]'"):
        OtlpWriter(spool_path=str(tmp_path / "spool"))


@pytest.mark.once
def test_a_program_is_not_told_of_trouble_by_anybodys_log(tmp_path: Path) -> None:
    """One line of ours at the most; OpenTelemetry's exporter, which logs, is kept from it."""
    with Receiver() as receiver:
        endpoint = receiver.endpoint
    run = run_python(
        cwd=tmp_path,
        code="""
            import glimpse
            @glimpse.trace
            def f(): return 1
            f()
        """,
        env={"GLIMPSE_DEST": "otlp", "GLIMPSE_OTLP_ENDPOINT": endpoint},
    )
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"glimpse: {endpoint}/v1/traces: ConnectionError: Connection refused; spans wait in ")
    assert run.stdout == ""
    assert len(list(tmp_path.glob("glimpse-spans.*"))) == 1


@pytest.mark.once
def test_children_send_their_own(receiver: Receiver, tmp_path: Path) -> None:
    """A forked one with a connection of its own."""
    run_python(
        cwd=tmp_path,
        code="""
            import os, glimpse
            tracer = glimpse.Tracer(policy=glimpse.TracingPolicy())
            @tracer.trace_function
            def f(n): return n
            f(1); tracer.flush()
            pid = os.fork() if hasattr(os, "fork") else 0
            f(2)
            tracer.close()
            if pid:
                os.waitpid(pid, 0)
        """,
        env={"GLIMPSE_DEST": "otlp", "GLIMPSE_OTLP_ENDPOINT": receiver.endpoint},
    )
    assert sorted(values(span)["glimpse.args"] for span in receiver.spans()) == ["f(n=1)", "f(n=2)", "f(n=2)"]
    assert len({span.span_id for span in receiver.spans()}) == 3

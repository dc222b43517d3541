"""Calls within a scope say so in their entries, in threads, tasks, generators, children and decorated functions."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import glimpse
from glimpse.errors import GlimpseError
from glimpse.traces.calls import Call
from tests.support.importing import import_path
from tests.support.project import write_files

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REQUEST = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Request-ID": "rq"}
NOTHING = glimpse.TracingPolicy(included_packages=["nothing"])


class Recorded:
    """A tracer for decorated functions, and what it has written."""

    def __init__(self, folder: Path, dest: str = "jsonl", **options: Any) -> None:
        self.path = folder / f"out.{dest}"
        where = "db_path" if dest == "sqlite" else "log_path"
        given = {name: options.pop(name) for name in ("policy", "correlation_id") if name in options}
        config = glimpse.Config(dest=dest, params={where: self.path}, **{"enable_trace_id": True, **options})
        self.tracer = glimpse.Tracer(config, **{"policy": NOTHING, **given})
        self.trace = self.tracer.trace_function

    def calls(self) -> dict[str, Call]:
        """The calls by what their arguments show, once everything is written."""
        self.tracer.close()
        return {call.args: call for call in glimpse.load(self.path).calls()}


@pytest.fixture(params=["jsonl", "journal", "sqlite"])
def recorded(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Recording into each kind of sink."""
    made = Recorded(tmp_path, request.param)
    yield made
    made.tracer.close()


def test_calls_beneath_belong_to_the_request(recorded: Recorded) -> None:
    """The outermost have the sender's span for their parent, those below them their own parents; then it is over."""

    @recorded.trace
    def inner(n: int) -> None: ...

    @recorded.trace
    def outer(n: int) -> None:
        inner(n)

    outer(1)
    with glimpse.extract(REQUEST):
        outer(2)
    outer(3)
    calls = recorded.calls()
    first, second, third = (calls[f"outer(n={n})"] for n in (1, 2, 3))
    assert (second.trace_id, second.parent_span_id, second.correlation_id) == (TRACE, SPAN, "rq")
    below = calls["inner(n=2)"]
    assert (below.trace_id, below.parent_span_id, below.correlation_id) == (TRACE, second.span_id, "rq")
    for call in (first, third):
        assert call.trace_id not in (None, TRACE)
        assert (call.parent_span_id, call.correlation_id) == (None, None)


def test_within_a_traced_call_the_request_is_a_part_of_it(recorded: Recorded) -> None:
    """A consumer that is traced itself: its own entries stay what they were, and what it handles is the request's."""

    @recorded.trace
    def handle(n: int) -> dict[str, str]:
        return glimpse.inject()

    @recorded.trace
    def consume() -> dict[str, str]:
        with glimpse.extract(REQUEST):
            sent = handle(1)
        handle(2)
        return sent

    sent = consume()
    calls = recorded.calls()
    consumer, first, second = (calls[name] for name in ("consume()", "handle(n=1)", "handle(n=2)"))
    assert sent == {"traceparent": f"00-{TRACE}-{first.span_id}-01", "X-Correlation-ID": "rq"}
    assert first.parent_id == second.parent_id == consumer.call_id
    assert (first.trace_id, first.parent_span_id) == (TRACE, SPAN)
    assert (second.trace_id, second.parent_span_id) == (consumer.trace_id, consumer.span_id)
    assert second.correlation_id is None


def test_tasks_keep_the_scope_that_they_were_started_in(recorded: Recorded) -> None:
    """Also when it has been left meanwhile; and none has another's."""

    @recorded.trace
    def leaf(n: int) -> None: ...

    @recorded.trace
    async def work(n: int) -> None:
        await asyncio.sleep(0)
        with glimpse.correlation(f"part-{n}"):
            await asyncio.sleep(0.001)
            leaf(n)
        await asyncio.sleep(0)
        leaf(10 + n)

    async def main() -> None:
        with glimpse.extract(REQUEST):
            tasks = [asyncio.create_task(work(n)) for n in range(3)]
        tasks.append(asyncio.create_task(work(3)))
        await asyncio.gather(*tasks)

    asyncio.run(main())
    calls = recorded.calls()
    for n in range(4):
        task, within, after = (calls[name] for name in (f"work(n={n})", f"leaf(n={n})", f"leaf(n={10 + n})"))
        assert (task.parent_span_id, task.correlation_id) == ((SPAN, "rq") if n < 3 else (None, None))
        assert within.parent_id == after.parent_id == task.call_id
        assert within.parent_span_id == after.parent_span_id == task.span_id
        assert within.task == after.task == task.task
        assert (within.correlation_id, after.correlation_id) == (f"part-{n}", task.correlation_id)


def test_threads_are_in_no_scope_but_by_a_copied_context(recorded: Recorded) -> None:
    """As with every context variable."""

    @recorded.trace
    def work(n: int) -> None: ...

    with glimpse.correlation("c"):
        threads = [
            threading.Thread(target=work, args=(1,)),
            threading.Thread(target=contextvars.copy_context().run, args=(work, 2)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    calls = recorded.calls()
    assert [calls[f"work(n={n})"].correlation_id for n in (1, 2)] == [None, "c"]


def test_a_generator_runs_in_the_scope_of_its_consumer(recorded: Recorded) -> None:
    """What it calls, at each step; its own entries say what they said at its start."""

    @recorded.trace
    def leaf(n: int) -> None: ...

    @recorded.trace
    def numbers() -> Iterator[int]:
        for n in range(2):
            leaf(n)
            yield n

    with glimpse.correlation("first"):
        steps = numbers()
        next(steps)
    with glimpse.correlation("second"):
        next(steps)
    steps.close()
    calls = recorded.calls()
    assert calls["numbers()"].correlation_id == calls["leaf(n=0)"].correlation_id == "first"
    assert calls["leaf(n=1)"].correlation_id == "second"
    assert calls["leaf(n=0)"].parent_id == calls["leaf(n=1)"].parent_id == calls["numbers()"].call_id


def test_decorated_functions_and_coroutines(recorded: Recorded) -> None:
    """Each call has a scope of its own, and the function keeps its kind."""

    @recorded.trace
    def leaf(n: int) -> None: ...

    @glimpse.correlation("plain")
    def plain(n: int) -> int:
        """Its own."""
        leaf(n)
        return plain(n - 1) if n else 0

    @glimpse.correlation("coroutine")
    async def coroutine(n: int) -> None:
        await asyncio.sleep(0)
        leaf(n)

    assert plain(1) == 0
    assert plain.__doc__ == "Its own."
    assert asyncio.iscoroutinefunction(coroutine)
    asyncio.run(coroutine(2))
    leaf(3)
    calls = recorded.calls()
    assert [calls[f"leaf(n={n})"].correlation_id for n in range(4)] == ["plain", "plain", "coroutine", None]
    with pytest.raises(GlimpseError, match="numbers is a generator function: enter the scope where it is consumed"):

        @glimpse.correlation("c")
        def numbers() -> Iterator[int]:
            yield 1


def test_scopes_that_end_out_of_order_leave_no_other_behind(recorded: Recorded) -> None:
    """One that ends in another context, as with an async generator's clean-up, lasts as long as what is around it."""

    @recorded.trace
    def leaf(n: int) -> None: ...

    outer, inner = glimpse.correlation("outer"), glimpse.correlation("inner")
    outer.__enter__()
    inner.__enter__()
    contextvars.Context().run(inner.__exit__, None, None, None)  # elsewhere: nothing to end there
    leaf(1)
    inner = glimpse.correlation("inner again")
    with inner, inner:
        leaf(2)
    leaf(3)
    outer.__exit__(None, None, None)
    leaf(4)
    calls = recorded.calls()
    assert [calls[f"leaf(n={n})"].correlation_id for n in range(1, 5)] == ["inner", "inner again", "inner", None]


def test_recording_that_begins_within_a_scope_is_in_it(tmp_path: Path) -> None:
    """And no longer than it lasts."""
    with glimpse.correlation("outer"), glimpse.correlation("inner"):
        recorded = Recorded(tmp_path)

        @recorded.trace
        def leaf(n: int) -> None: ...

        leaf(1)
    leaf(2)
    calls = recorded.calls()
    assert [calls[f"leaf(n={n})"].correlation_id for n in (1, 2)] == ["inner", None]


def test_an_id_of_the_whole_tracer_yields_to_a_scope(tmp_path: Path) -> None:
    """``Tracer(correlation_id=…)`` is what entries outside of any carry, and what is handed on."""
    recorded = Recorded(tmp_path, correlation_id="job-7", enable_trace_id=False)

    @recorded.trace
    def leaf(n: int) -> dict[str, str]:
        return glimpse.inject()

    assert leaf(1) == {"X-Correlation-ID": "job-7"}
    with glimpse.extract(REQUEST):
        assert leaf(2) == {"traceparent": REQUEST["traceparent"], "X-Correlation-ID": "rq"}
    calls = recorded.calls()
    assert [calls[f"leaf(n={n})"].correlation_id for n in (1, 2)] == ["job-7", "rq"]
    assert calls["leaf(n=2)"].trace_id is None
    with pytest.raises(GlimpseError, match="option correlation_id: bad value 7; accepted: text"):
        Recorded(tmp_path, correlation_id=7).tracer.trace_function(leaf)


def test_errors_alone_belong_to_the_request_too(tmp_path: Path) -> None:
    """At level ERROR no call is open, but its scope is known."""
    recorded = Recorded(tmp_path, level="ERROR")

    @recorded.trace
    def fail(n: int) -> None:
        raise ValueError(n)

    with pytest.raises(ValueError, match="1"):
        fail(1)
    with glimpse.extract(REQUEST), pytest.raises(ValueError, match="2"):
        fail(2)
    calls = recorded.calls()
    outside, within = calls["fail(n=1)"], calls["fail(n=2)"]
    assert (within.trace_id, within.parent_span_id, within.correlation_id) == (TRACE, SPAN, "rq")
    assert (outside.trace_id, outside.correlation_id) == (None, None)


def test_who_calls_decides_on_sampling(tmp_path: Path) -> None:
    """Where a policy samples: a tree is recorded in all services or in none."""
    module = write_files(tmp_path, {"sampled.py": "import glimpse\ndef work(n):\n    return glimpse.inject()\n"})
    policy = glimpse.TracingPolicy(included_packages=["sampled"], sample_rate=0.000001)
    recorded = Recorded(tmp_path, policy=policy)
    with import_path(module):
        recorded.tracer.install()
        work = import_module("sampled").work
        left_out = work(1)["traceparent"]
        with glimpse.extract(REQUEST):
            assert work(2)["traceparent"].startswith(f"00-{TRACE}-")
        with glimpse.extract({"traceparent": f"00-{TRACE}-{SPAN}-00"}):
            refused = work(3)["traceparent"]
        recorded.tracer.uninstall()
    assert left_out.endswith("-00")
    assert refused.startswith(f"00-{TRACE}-")
    assert refused.endswith("-00")
    assert list(recorded.calls()) == ["work(n=2)"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_is_in_the_scope_until_it_leaves_it(recorded: Recorded) -> None:
    """Its recorder begins anew, and is told of the scope."""

    @recorded.trace
    def leaf(n: int) -> None: ...

    with glimpse.extract(REQUEST):
        child = os.fork()
        leaf(1 if child == 0 else 2)
    if child == 0:
        leaf(3)
        recorded.tracer.close()
        os._exit(0)
    os.waitpid(child, 0)
    calls = recorded.calls()
    assert [calls[f"leaf(n={n})"].correlation_id for n in (1, 2, 3)] == ["rq", "rq", None]
    assert calls["leaf(n=1)"].pid == child
    assert calls["leaf(n=1)"].trace_id == TRACE

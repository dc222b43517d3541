"""A program that uses OpenTelemetry itself: its current span is the parent of calls that have none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import glimpse
from tests.context.test_scopes import Recorded
from tests.support.process import run_python

sdk = pytest.importorskip("opentelemetry.sdk.trace")


def test_the_current_span_is_the_parent_of_calls_without_one(tmp_path: Path) -> None:
    """Also around and within coroutines and functions that have calls of their own."""
    tracer = sdk.TracerProvider().get_tracer("test")
    recorded = Recorded(tmp_path)

    @recorded.trace
    def leaf(n: int) -> None: ...

    @recorded.trace
    def outer() -> None:
        leaf(1)
        with tracer.start_as_current_span("within") as span:
            spans["within"] = span.get_span_context()
            leaf(2)

    @recorded.trace
    async def task() -> None:
        await asyncio.sleep(0)
        leaf(3)

    spans = {}
    with tracer.start_as_current_span("request") as span:
        spans["request"] = span.get_span_context()
        outer()
        asyncio.run(task())
        with glimpse.extract({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}):
            leaf(4)
    leaf(5)
    calls = recorded.calls()
    request, within = (f"{spans[name].span_id:016x}" for name in ("request", "within"))
    assert calls["outer()"].parent_span_id == calls["task()"].parent_span_id == request
    assert calls["leaf(n=1)"].parent_span_id == calls["outer()"].span_id
    assert calls["leaf(n=2)"].parent_span_id == within
    assert calls["leaf(n=2)"].parent_id == calls["outer()"].call_id
    assert calls["leaf(n=3)"].parent_span_id == calls["task()"].span_id
    assert {calls[f"leaf(n={n})"].trace_id for n in (1, 2, 3)} == {f"{spans['request'].trace_id:032x}"}
    assert calls["leaf(n=4)"].parent_span_id == "2" * 16
    assert calls["leaf(n=5)"].parent_span_id is None


@pytest.mark.once
def test_it_may_be_imported_later_and_traced_itself(tmp_path: Path) -> None:
    """Glimpse does not import it, and finds it when the program does."""
    run = run_python(
        cwd=tmp_path,
        code="""
            import sys
            import glimpse
            glimpse.install(glimpse.TracingPolicy(included_packages=["opentelemetry.context", "opentelemetry.trace"]))
            @glimpse.trace
            def leaf(n): pass
            leaf(1)
            assert "opentelemetry" not in sys.modules
            from opentelemetry.sdk.trace import TracerProvider
            with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
                print(f"{span.get_span_context().span_id:016x}")
                leaf(2)
        """,
        env={"GLIMPSE_TRACE_ID": "1"},
    )
    assert run.stderr == ""
    (call,) = (entry for entry in run.entries if entry["args"] == "leaf(n=2)")
    assert call["parent_span_id"] == run.stdout.strip()

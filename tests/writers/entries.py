"""Entries to write in tests: plain ones, whole calls, and any that hypothesis can think of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from glimpse.entry import LogEntry

SECOND = "2023-12-01 10:30:15."


def start(number: int, **changes: Any) -> LogEntry:
    """A START whose entry id is ``number``, at that microsecond."""
    given: dict[str, Any] = {
        "entry_id": number, "call_id": number, "parent_id": None, "depth": 1, "level": "INFO",
        "function": "shop.orders.total", "args": "total(items=[1, 2])", "stage": "START",
        "timestamp": f"{SECOND}{number % 1_000_000:06d}", "thread": "MainThread", "pid": 4242, **changes,
    }  # fmt: skip
    return LogEntry(**given)


def end(number: int, call_id: int, **changes: Any) -> LogEntry:
    """The END of a call."""
    given = {"args": "total", "result": "3", "duration_ms": (number - call_id) / 1000, **changes}
    return start(number, call_id=call_id, stage="END", **given)


def exception(number: int, call_id: int, **changes: Any) -> LogEntry:
    """The EXCEPTION of a call."""
    failure = {"type": "ValueError", "message": "no", "line": 7, "traceback": "Traceback …"}
    given = {"level": "ERROR", "exception": failure, "duration_ms": (number - call_id) / 1000, **changes}
    return start(number, call_id=call_id, stage="EXCEPTION", **given)


def calls(count: int, first: int = 1) -> list[LogEntry]:
    """Entries of that many calls, one after the other."""
    numbers = range(first, first + 2 * count, 2)
    return [entry for number in numbers for entry in (start(number), end(number + 1, number))]


def expressible(text: str) -> bool:
    """Whether JSON can spell a text: two lone surrogates that make a pair are one character there."""
    return text == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


texts = st.text(st.characters(exclude_categories=()), max_size=20).filter(expressible)
timestamps = st.one_of(
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S.%f")), st.just("yesterday"), texts
)
numbers = st.integers(0, 2**53)
durations = st.one_of(
    st.floats(0, 1e9), st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 10**12).map(lambda n: n / 1e6)
)
exceptions = st.fixed_dictionaries(
    {"type": texts, "message": texts, "line": st.none() | numbers}, optional={"traceback": texts}
)


def _entry(stage: str) -> st.SearchStrategy[LogEntry]:
    return st.builds(
        LogEntry,
        entry_id=st.just(0),
        call_id=st.integers(1, 6),
        parent_id=st.none() | numbers,
        depth=st.integers(0, 100),
        level=st.sampled_from(("INFO", "ERROR", "DEBUG")),
        function=st.sampled_from(("a.b.c", "f")) | texts,
        args=texts,
        stage=st.just(stage),
        timestamp=timestamps,
        thread=texts,
        pid=st.just(4242),
        **{name: st.none() | kind for name, kind in _OPTIONAL.items()},
    )


_OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "task": texts, "result": texts, "closed": st.just(True), "exception": exceptions, "duration_ms": durations,
    "active_ms": durations, "yields": numbers, "trace_id": texts, "span_id": texts, "parent_span_id": texts,
    "service": st.just("shop"), "correlation_id": texts, "policy": texts, "file": texts, "line": numbers,
}  # fmt: skip
assert set(_OPTIONAL) == {field.name for field in fields(LogEntry)[11:]}


def _numbered(entries: Sequence[LogEntry]) -> list[LogEntry]:
    for number, entry in enumerate(entries, 1):
        entry.entry_id = number
    return list(entries)


anything = st.lists(
    st.sampled_from(("START", "END", "EXCEPTION", "SUSPEND", "RESUME")).flatmap(_entry), max_size=12
).map(_numbered)
"""Any entries whatever, with ids from 1: nothing but their types is as it should be."""


@st.composite
def threads_of_calls(draw: st.DrawFn) -> list[LogEntry]:
    """Entries of nested calls as the assembler makes them, some of which have no end."""
    entries: list[LogEntry] = []
    stack: list[LogEntry] = []
    for step in draw(st.lists(st.sampled_from(("call", "return", "raise", "suspend")), max_size=25)):
        number = len(entries) + 1
        moment = f"{SECOND}{number * 10:06d}"
        if step == "call" or not stack:
            parent = stack[-1].call_id if stack else None
            opened = start(
                number, parent_id=parent, depth=len(stack) + 1, args=f"total({draw(texts)})", timestamp=moment
            )
            stack.append(opened)
            entries.append(opened)
            continue
        call = stack[-1]
        of_call: dict[str, Any] = {"parent_id": call.parent_id, "depth": call.depth, "timestamp": moment}
        duration = (number - call.entry_id) * 0.01
        if step == "suspend":
            entries.append(start(number, call_id=call.call_id, stage="SUSPEND", level="DEBUG", args="total", **of_call))
            continue
        stack.pop()
        if step == "return":
            entries.append(end(number, call.call_id, result=draw(texts), duration_ms=duration, **of_call))
        else:
            failure = draw(exceptions)
            of_call |= {"args": call.args, "exception": failure, "duration_ms": duration}
            entries.append(exception(number, call.call_id, **of_call))
    return entries


def as_stored(entry: LogEntry) -> LogEntry:
    """What an entry is when it comes back: numbers that JSON has no text for are absent."""
    import math

    changed = {
        name: None for name in ("duration_ms", "active_ms")
        if (value := getattr(entry, name)) is not None and not math.isfinite(value)
    }  # fmt: skip
    return LogEntry(**{**{field.name: getattr(entry, field.name) for field in fields(LogEntry)}, **changed})

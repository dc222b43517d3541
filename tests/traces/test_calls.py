"""Joining entries to calls."""

from __future__ import annotations

import pytest
from hypothesis import given

from glimpse.traces.calls import ADOPTED, ENDED, STARTED, Call, call_events, finished_calls
from tests.traces.recording import Recorder
from tests.traces.strategies import programs


def calls_of(program: Recorder) -> dict[int, Call]:
    """The program's calls by number."""
    return {call.call_id: call for call in finished_calls(program.entries)}


@given(programs)
def test_every_start_becomes_one_call(program: Recorder) -> None:
    """Each call starts and ends once, with the parent that its entries name."""
    events = list(call_events(program.entries))
    started = [call.call_id for event, call in events if event == STARTED]
    ended = {call.call_id: call for event, call in events if event == ENDED}
    expected = {entry["call_id"]: entry for entry in program.entries if entry["stage"] == "START"}
    assert started == list(expected)
    assert ended.keys() == expected.keys()
    for number, call in ended.items():
        assert (call.parent.call_id if call.parent else None) == expected[number]["parent_id"]
        assert call.args == expected[number]["args"]
    ends = {entry["call_id"] for entry in program.entries if entry["stage"] != "START"}
    assert {number for number, call in ended.items() if call.finished} == ends


def test_self_time_is_what_children_leave() -> None:
    """A caller's own time is its duration less its callees'."""
    program = Recorder()
    with program.call("app.main", ms=5):
        program.leaf("app.one", ms=2)
        program.leaf("app.two", ms=3)
    main = calls_of(program)[1]
    assert main.duration_ms == pytest.approx(10)
    assert main.self_ms == pytest.approx(5)


def test_a_generator_takes_its_active_time_only() -> None:
    """While a generator is suspended, the time is its caller's."""
    program = Recorder()
    with program.call("app.main"):
        generator = program.start("app.numbers")
        program.spend(100)
        program.end(generator, active_ms=2.0, yields=10)
    calls = calls_of(program)
    assert calls[1].self_ms == pytest.approx(98)
    assert calls[2].self_ms == pytest.approx(2)
    assert calls[2].yields == 10


def test_callees_at_the_same_time_never_make_own_time_negative() -> None:
    """Tasks that run side by side may take more than their caller lasted."""
    program = Recorder()
    main = program.start("app.main", task="t0")
    tasks = [program.start("app.fetch", task=f"t{n}", parent=main) for n in (1, 2)]
    program.spend(10)
    for task in tasks:
        program.end(task)
    program.end(main)
    assert calls_of(program)[1].self_ms == 0


def test_children_before_their_caller_find_it() -> None:
    """Writers that know only afterwards which calls matter may put a callee first."""
    program = Recorder()
    with program.call("app.main", ms=1):
        program.leaf("app.one", ms=2)
    start, child_start, child_end, end = program.entries
    events = list(call_events([child_start, child_end, start, end]))
    assert [event for event, _ in events] == [STARTED, ENDED, STARTED, ADOPTED, ENDED]
    child, main = events[0][1], events[2][1]
    assert child.parent is main
    assert main.self_ms == pytest.approx(1)


def test_a_task_that_outlives_its_creator_keeps_its_parent() -> None:
    """The caller may have ended before the task that it started runs."""
    program = Recorder()
    spawn = program.start("app.spawn", task="main")
    program.end(spawn)
    program.end(program.start("app.background", task="other", parent=spawn))
    calls = calls_of(program)
    assert calls[3].parent is calls[1]


def test_an_exception_without_start_is_a_call() -> None:
    """At level ERROR only exceptions are written; their arguments come with them."""
    program = Recorder()
    call = program.start("app.main", "n=1")
    program.fail(call, KeyError("x"))
    (only,) = finished_calls([dict(program.entries[1], call_id=2)])
    assert (only.args, only.failed, only.complete) == ("main(n=1)", True, False)
    assert (only.error_type, only.error_message, only.raised_here) == ("KeyError", "'x'", True)


def error_level(*frames: tuple[str, int, bool]) -> list[dict[str, object]]:
    """Exceptions as level ERROR writes them: function, depth, and whether the exception is new there."""
    program = Recorder()
    for function, _, is_new in frames:
        call = program.start(function)
        error = ValueError("bad")
        error.seen = not is_new  # type: ignore[attr-defined]
        program.fail(call, error)
    ends = [entry for entry in program.entries if entry["stage"] == "EXCEPTION"]
    return [
        {**entry, "entry_id": number, "call_id": number, "parent_id": None, "depth": depth}
        for number, (entry, (_, depth, _)) in enumerate(zip(ends, frames, strict=True), 1)
    ]


def test_exceptions_of_level_error_are_nested_by_depth() -> None:
    """Without STARTs, an exception that leaves one depth after the other is one way out."""
    entries = error_level(("app.a", 3, True), ("app.b", 2, False), ("app.c", 3, True), ("app.d", 1, True))
    events = list(call_events(entries))
    assert [(event, call.function) for event, call in events] == [
        (STARTED, "app.b"), (STARTED, "app.a"), (ENDED, "app.a"), (ENDED, "app.b"),
        (STARTED, "app.c"), (ENDED, "app.c"), (STARTED, "app.d"), (ENDED, "app.d"),
    ]  # fmt: skip
    paths = {call.function: [outer.function for outer in call.path()] for _, call in events}
    assert paths == {"app.a": ["app.b", "app.a"], "app.b": ["app.b"], "app.c": ["app.c"], "app.d": ["app.d"]}


def test_numbers_used_again_are_another_run() -> None:
    """A process id that comes back, as in containers, does not mix two runs."""
    first, second = Recorder(), Recorder(start_us=1_801_426_615_000_000)
    first.start("app.main")
    second.leaf("app.main")
    calls = list(finished_calls([*first.entries, *second.entries]))
    assert [call.finished for call in calls] == [False, True]


def test_services_join_by_their_spans() -> None:
    """The root in another process hangs below the call whose span it names."""
    client = Recorder(pid=1, ids=True, service="web")
    server = Recorder(pid=2, ids=True, service="payments")
    request = client.start("web.pay")
    handled = server.start("payments.charge", trace_id=request["trace_id"], parent_span_id=request["span_id"])
    server.end(handled)
    client.end(request)
    in_order = [client.entries[0], *server.entries, client.entries[1]]
    late = [*server.entries, *client.entries]
    for entries in (in_order, late):
        calls = list(finished_calls(entries))
        charge = next(call for call in calls if call.function == "payments.charge")
        assert charge.parent is not None
        assert [call.function for call in charge.path()] == ["web.pay", "payments.charge"]


def test_a_circle_of_parents_is_harmless() -> None:
    """Damaged numbers do not make reading endless."""
    program = Recorder()
    program.leaf("app.one")
    program.leaf("app.two")
    one, _, two, _ = program.entries
    entries = [dict(one, parent_id=3), dict(two, parent_id=1)]
    assert all(len(call.path()) <= 2 for call in finished_calls(entries))


def test_a_call_that_is_said_to_be_in_itself() -> None:
    """It is a root: whoever follows the callers comes to an end."""
    program = Recorder()
    program.leaf("app.main")
    for entry in program.entries:
        entry["parent_id"] = entry["call_id"]
    (call,) = finished_calls(program.entries)
    assert call.parent is None
    assert call.self_ms == call.duration_ms

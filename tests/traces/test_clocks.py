"""Clocks of several machines are put in step by what calls between them show."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glimpse
from glimpse.cli import main
from glimpse.traces.calls import call_events
from glimpse.traces.clocks import measure
from glimpse.traces.records import epoch_us
from glimpse.traces.tree import TreeBuilder
from tests.traces.recording import START_US, Recorder

MS = 1000


def request(offset_ms: int, *, waits: bool = True, handled_in: dict[str, Any] | None = None) -> list[Recorder]:
    """A client and a server whose clock is so many milliseconds ahead: 5 there, 30 in it, 5 back."""
    client = Recorder(1, ids=True, service="client")
    server = Recorder(2, ids=True, service="server", start_us=START_US + (offset_ms + 10) * MS)
    asks = client.start("client.ask")
    client.spend(5)
    sends = client.start("client.send")
    client.spend(5)
    if handled_in is not None:
        handled_in["outer"] = server.start("server.loop")
    got = {"trace_id": sends["trace_id"], "parent_span_id": sends["span_id"]}
    handles = server.start("server.handle", **{"parent": handled_in["outer"] if handled_in else None, **got})
    server.entries[-1].update(got)
    server.spend(5)
    query = server.start("server.query")
    server.spend(20)
    server.end(query)
    server.spend(5)
    server.end(handles)
    client.spend(35 if waits else 1)
    client.end(sends)
    client.spend(5)
    client.end(asks)
    return [client, server]


def saved(recorders: list[Recorder], folder: Path) -> list[Path]:
    """The files of several services."""
    return [each.save(folder / f"{each.service}.jsonl") for each in recorders]


def outline(recorders: list[Recorder]) -> list[tuple[int, str]]:
    """Levels and functions of the one tree that there is."""
    records = [{**entry, "_source": place} for place, each in enumerate(recorders) for entry in each.entries]

    def read() -> list[dict[str, Any]]:
        return sorted(copy.deepcopy(records), key=lambda record: str(record["timestamp"]))

    (_, root), *others = TreeBuilder().roots(call_events(measure(read).corrected(read())))
    assert not others
    found: list[tuple[int, str]] = []

    def walk(node: Any) -> None:
        found.append((node.level, node.call.function))
        for child in node:
            walk(child)

    walk(root)
    return found


WHOLE = [(1, "client.ask"), (2, "client.send"), (3, "server.handle"), (4, "server.query")]


@pytest.mark.parametrize("offset_ms", [0, 3, -3, 500, -500, 86_400_000, -86_400_000])
def test_one_tree_whatever_the_clocks_say(offset_ms: int) -> None:
    """Also if the server seems to have answered before it was asked."""
    assert outline(request(offset_ms)) == WHOLE


@settings(max_examples=40)
@given(offset_ms=st.integers(-10_000_000, 10_000_000))
def test_corrected_calls_are_within_their_callers(offset_ms: int) -> None:
    """As exactly as the time on the way lets one tell: here, where both ways take as long, to the millisecond."""
    recorders = request(offset_ms)
    records = [entry for each in recorders for entry in each.entries]
    clocks = measure(lambda: sorted(records, key=lambda record: str(record["timestamp"])))
    in_step = abs(offset_ms) <= 6
    assert clocks.offsets == ({} if in_step else {2: -offset_ms * MS})
    fixed = list(clocks.corrected(sorted(copy.deepcopy(records), key=lambda record: str(record["timestamp"]))))
    times = [epoch_us(record["timestamp"]) for record in fixed]
    assert times == sorted(times)  # type: ignore[type-var]


def test_a_call_that_nobody_waits_for_bounds_from_below_only() -> None:
    """It may end later than its caller, and then moves by what it needs to begin after it."""
    records = [entry for each in request(-500, waits=False) for entry in each.entries]
    clocks = measure(lambda: records)
    assert clocks.offsets == {2: 495 * MS}
    assert list(clocks.notes()) == [
        "the clock of server (pid 2) is 0.495 s behind, by its calls to and from others: its times are corrected"
    ]
    assert measure(lambda: [entry for each in request(500, waits=False) for entry in each.entries]).offsets == {}


def test_differences_add_up_along_calls() -> None:
    """A third machine, which only the second one calls."""
    client, server = request(500)
    third = Recorder(3, ids=True, service="third", start_us=START_US - 700 * MS + 20 * MS)
    query = next(entry for entry in server.entries if entry["function"] == "server.query")
    call = third.start("third.find", trace_id=query["trace_id"], parent_span_id=query["span_id"])
    third.spend(10)
    third.end(call)
    records = [entry for each in (client, server, third) for entry in each.entries]
    found = measure(lambda: records).offsets
    assert found[2] == -500 * MS
    assert found[3] == 700 * MS


def test_a_traced_loop_does_not_take_the_request_from_its_sender() -> None:
    """The caller elsewhere comes before the one in the same process; without its trace, the latter is its place."""
    within: dict[str, Any] = {}
    client, server = request(0, handled_in=within)
    server.end(within["outer"])
    trees = [(call.function, call.parent.function if call.parent else None) for call in glimpse_calls([client, server])]
    assert ("server.handle", "client.send") in trees
    assert ("server.handle", "server.loop") in [
        (call.function, call.parent.function if call.parent else None) for call in glimpse_calls([server])
    ]


def glimpse_calls(recorders: list[Recorder]) -> list[Any]:
    """The calls of several processes, read in the order of time."""
    records = sorted((e for each in recorders for e in each.entries), key=lambda record: str(record["timestamp"]))
    return [call for event, call in call_events(records) if event == "ended"]


def test_files_of_several_services(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One tree on the terminal, with the services' names, and a note on what was corrected."""
    files = saved(request(-2500), tmp_path)
    assert main(["tree", *map(str, reversed(files)), "--width", "0"]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "MainThread · pid 1 · client"
    assert [line.partition("  #")[0].rstrip() for line in lines[1:5]] == [
        "50.0 ms  client.ask() → None",
        "40.0 ms  └ send() → None",
        "30.0 ms    └ [server pid 2] server.handle() → None",
        "20.0 ms      └ query() → None",
    ]
    assert told.err == (
        "glimpse: note: the clock of server (pid 2) is 2.500 s behind, by its calls to and from others: "
        "its times are corrected\n"
    )
    assert [call.function for call in glimpse.load(*files).calls()] == [
        "server.query", "server.handle", "client.send", "client.ask",
    ]  # fmt: skip


def test_what_is_handled_long_after_it_was_sent_is_in_the_same_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sender has ended by then, with all that it was called by."""
    sender = Recorder(1, ids=True, service="sender")
    with sender.call("sender.main"):
        sent = sender.start("sender.send")
        sender.end(sent)
    handler = Recorder(2, ids=True, service="handler", start_us=START_US + 60_000 * MS)
    got = {"trace_id": sent["trace_id"], "parent_span_id": sent["span_id"]}
    handler.end(handler.start("handler.handle", **got))
    sender.spend(90_000)
    with sender.call("sender.main"):
        pass
    assert main(["tree", "--json", *map(str, saved([sender, handler], tmp_path))]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["level"], row["function"]) for row in rows] == [
        (1, "sender.main"),
        (2, "sender.send"),
        (3, "handler.handle"),
        (1, "sender.main"),
    ]


def test_a_caller_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its span: its service's trace was not given."""
    client, server = request(0)
    assert main(["tree", str(saved([server], tmp_path)[0])]) == 0
    span = next(entry for entry in client.entries if entry["function"] == "client.send")["span_id"]
    assert f"called from span {span}, which is not in the trace" in capsys.readouterr().out

"""From what happened to calls to rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from glimpse.traces.calls import CallEvent, finished_calls
from glimpse.traces.choosing import chosen_at_the_end
from glimpse.traces.filters import Selection
from glimpse.views.html.rows import BUNDLE, FAILED, RAISED, UNFINISHED
from tests.support.reportpage import ReportPage
from tests.traces.recording import Recorder, shop
from tests.traces.strategies import programs
from tests.views.html.making import report_of


def outline(page: ReportPage) -> list[tuple[str, str | None]]:
    """Each row's function and its caller's."""
    names, rows = page.names(), page.rows()
    return [
        (names[row["function"]], names[rows[row["caller"]]["function"]] if row["caller"] >= 0 else None) for row in rows
    ]


def test_every_call_is_a_row() -> None:
    """In the order of the starts, with its caller, times and flags."""
    program = shop(5)
    page = report_of(program.entries)
    starts = [entry for entry in program.entries if entry["stage"] == "START"]
    rows = page.rows()
    assert [row["id"] for row in rows] == [entry["call_id"] for entry in starts]
    assert [page.names()[row["function"]] for row in rows] == [entry["function"] for entry in starts]
    callers = [rows[row["caller"]]["id"] if row["caller"] >= 0 else None for row in rows]
    assert callers == [entry["parent_id"] for entry in starts]
    durations = {call.call_id: call.duration_ms for call in finished_calls(iter(program.entries)) if call.finished}
    for row in rows:
        if row["id"] in durations:
            assert row["duration"] == round(durations[row["id"]] * 1e6)
    flags = {page.names()[row["function"]]: row["flags"] for row in rows}
    assert flags["shop.mail.send_all"] == FAILED
    assert flags["shop.mail.Mailer.send"] == FAILED | RAISED
    assert flags["shop.worker.handle"] == UNFINISHED


@given(programs)
def test_any_program(program: Recorder) -> None:
    """Calls are neither lost nor counted twice, and lie within their callers on the same lane."""
    page = report_of(program.entries)
    rows = page.rows()
    assert len(rows) == page.facts["calls"] == sum(entry["stage"] == "START" for entry in program.entries)
    for row in rows:
        caller = rows[row["caller"]] if row["caller"] >= 0 else None
        if caller is not None and caller["lane"] == row["lane"]:
            assert caller["start"] <= row["start"]
            assert row["start"] + row["duration"] <= caller["start"] + caller["duration"]


@given(programs)
def test_any_program_in_few_rows(program: Recorder) -> None:
    """Rows that were put together stand for all calls, and every function's figures count each of them."""
    page = report_of(program.entries, calls=4)
    rows = page.rows()
    assert sum(row["calls"] for row in rows) == page.facts["calls"]
    assert sum(function[2] for function in page.facts["functions"]) == page.facts["calls"] - page.facts["unfinished"]
    bundles = [row for row in rows if row["flags"] & BUNDLE]
    assert page.facts["bundles"]["calls"] == sum(row["calls"] for row in bundles)
    assert page.facts["bundles"]["count"] == len(bundles)


def choice(**wanted: object) -> object:
    """Lets through the calls that a selection chooses."""
    selection = Selection(**wanted)  # type: ignore[arg-type]

    def let_through(events: Iterator[CallEvent]) -> Iterator[CallEvent]:
        return chosen_at_the_end(events, selection)

    return let_through


def test_chosen_calls_keep_their_places() -> None:
    """A call below ones that were left out hangs on the nearest one that was not; times stay as they were."""
    program = shop(5)
    every = {row["id"]: row for row in report_of(program.entries).rows()}
    page = report_of(program.entries, choice=choice(min_ms=10.0))  # type: ignore[arg-type]
    assert ("shop.load.open_csv", "shop.load.load_orders") in outline(page)
    assert ("shop.load.parse_item", "shop.load.load_orders") not in outline(page)
    for row in page.rows():
        same = ("start", "duration")
        offset = every[page.rows()[0]["id"]]["start"]
        assert [row[name] for name in same] == [every[row["id"]]["start"] - offset, every[row["id"]]["duration"]]


def test_callers_that_were_left_out_are_stepped_over() -> None:
    """Also several of them on top of each other."""
    program = Recorder()
    with program.call("a.outer", ms=1), program.call("b.middle"), program.call("c.middle"):
        program.leaf("d.inner")
    page = report_of(
        program.entries,
        choice=lambda events: ((event, call) for event, call in events if "middle" not in call.function),
    )
    assert outline(page) == [("a.outer", None), ("d.inner", "a.outer")]


def test_a_caller_that_comes_late() -> None:
    """Writers may put the children of a call before it; they are its children all the same."""
    program = Recorder()
    with program.call("a.outer", ms=1):
        program.leaf("b.inner")
    outer, inner, inner_end, outer_end = program.entries
    page = report_of([inner, inner_end, outer, outer_end])
    assert sorted(outline(page), key=str) == [("a.outer", None), ("b.inner", "a.outer")]


@pytest.mark.parametrize("calls", [50, 100_000])
def test_short_calls_leave_out_no_failures(calls: int) -> None:
    """With few rows too, every failed call and all above it are there one by one."""
    program = shop(1000)
    page = report_of(program.entries, calls=calls)
    rows, names = page.rows(), page.names()
    failed = [names[row["function"]] for row in rows if row["flags"] & FAILED]
    assert sorted(failed) == ["shop.load.parse_item"] * 3 + ["shop.mail.Mailer.send", "shop.mail.send_all"]
    assert len(rows) <= max(calls, 100) or calls > 10_000
    for row in rows:
        if row["flags"] & FAILED:
            assert row["text"]


def test_texts_beyond_the_limit() -> None:
    """Failures and some calls of each function keep theirs, and the page knows how many."""
    program = Recorder()
    for number in range(3000):
        program.leaf("app.f", f"number={number}, noise={hash(str(number) * 9)}", "x" * 200, ms=1)
    page = report_of(program.entries, text_bytes=1000)
    kept = sum(1 for row in page.rows() if row["text"])
    assert kept == page.facts["texts"]["kept"] == len(page.texts())
    assert page.facts["texts"]["shown"] == kept
    assert 20 <= kept < 3000

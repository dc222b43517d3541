"""What the page says before a row is opened."""

from __future__ import annotations

from glimpse.traces.calls import finished_calls
from glimpse.traces.stats import TopTable
from glimpse.views.html.summary import MOST_STEPS
from tests.traces.recording import START_US, Recorder, shop
from tests.views.html.making import report_of


def test_totals() -> None:
    """What there is of everything."""
    facts = report_of(shop(50).entries).facts
    wanted = {
        "calls": 239, "exceptions": 2, "failed": 3, "unfinished": 1, "processes": 1, "threads": 3, "tasks": 0,
        "services": ["shop"], "first": "2023-12-01 10:30:15.123456", "began_us": START_US, "rows": 239,
    }  # fmt: skip
    assert {name: facts[name] for name in wanted} == wanted


def test_functions_are_those_of_glimpse_top() -> None:
    """The same figures as on the command line."""
    program = shop(50)
    table = TopTable()
    table.add_calls(finished_calls(iter(program.entries)))
    wanted = {row["function"]: list(row.values())[1:] for row in table.rows()}
    page = report_of(program.entries)
    assert {name: row[2:] for name, row in zip(page.names(), page.facts["functions"], strict=True)} == wanted


def test_ids_and_times_of_any_size() -> None:
    """Long ids are text by the number of the row; a duration that is no length of time is unknown."""
    program = Recorder()
    program.leaf("app.one")
    program.leaf("app.two")
    for entry in program.entries[2:]:
        entry["call_id"] += 1 << 64
    program.entries[1]["duration_ms"] = 1e300
    facts = report_of(program.entries).facts
    assert facts["long_ids"] == {"1": str((1 << 64) + 3)}
    assert facts["span_ns"] < 1 << 60


def test_failures() -> None:
    """By type and place, with the way there, and rows to go to."""
    page = report_of(shop(50).entries)
    rows, names = page.rows(), page.names()
    first = next(group for group in page.facts["failures"] if group["type"] == "ConnectionRefusedError")
    assert names[first["function"]] == "shop.mail.Mailer.send"
    assert first["messages"] == [["[Errno 111] Connection refused", 1]]
    assert first["caught"] == "shop.main.main"
    assert first["traceback"].startswith("Traceback")
    for row, name, args, failed in first["path"]:
        assert names[rows[row]["function"]] == name
        assert args.startswith(name.rpartition(".")[2] + "(")
        assert failed == bool(rows[row]["flags"] & 1)


def test_a_long_way_to_a_failure_is_cut() -> None:
    """A number stands for the calls in the middle."""
    program = Recorder()
    calls = [program.start("app.down", f"depth={depth}") for depth in range(500)]
    error = RecursionError("too deep")
    for call in reversed(calls):
        program.fail(call, error)
    (group,) = report_of(program.entries).facts["failures"]
    assert len(group["path"]) == MOST_STEPS + 1
    assert [step for step in group["path"] if isinstance(step, int)] == [500 - MOST_STEPS]

"""Exceptions as text."""

from __future__ import annotations

from textwrap import dedent

import pytest

from glimpse.traces.calls import finished_calls
from glimpse.traces.failures import Failure, Failures
from glimpse.views.text.failures import failure_lines, failure_markdown, failure_row
from glimpse.views.text.style import Style, cells
from tests.traces.recording import Recorder, shop


def rows(program: Recorder) -> list[Failure]:
    """The failures of a program."""
    failures = Failures()
    failures.add_calls(finished_calls(program.entries))
    return failures.rows()


def test_a_group() -> None:
    """What, where, how often, when, where it ended, and the calls that led there."""
    expected = """\
        ConnectionRefusedError: [Errno 111] Connection refused                    1 time
          raised in shop.mail.Mailer.send, line 31
          caught in main #1 · 2023-12-01 10:30:15.343926 · MainThread · shop
            shop.main.main(path='orders.csv')                                         #1
            └ mail.send_all(to=['a@example.com'], retries=3) ✗                      #302
              └ Mailer.send(to='a@example.com', body='Your order …') ✗              #303"""
    assert "\n".join(failure_lines(rows(shop(10))[0], Style(80))) == dedent(expected)


def test_other_messages_and_times() -> None:
    """Of several, the most frequent message is the title and the others are counted."""
    program = Recorder()
    for message in ("a", "b", "b", "c", "d", "e"):
        program.fail(program.start("app.f"), ValueError(message))
        program.spend(1500)
    lines = list(failure_lines(rows(program)[0], Style(80)))
    assert lines[0].startswith("ValueError: b ")
    assert lines[0].endswith("6 times")
    assert "  left the outermost traced call · 2023-12-01 10:30:15 to 10:30:22 · MainThread" in lines
    assert lines[3:6] == ["  also 1 × a", "  also 1 × c", "  also 1 × d"]


def test_traceback_on_request() -> None:
    """The traceback of the example, escaped."""
    program = Recorder()
    program.fail(program.start("app.f"), ValueError("\x1b[2J"))
    text = "\n".join(failure_lines(rows(program)[0], Style(80), traceback=True))
    assert "    Traceback (most recent call last):" in text
    assert "ValueError: \\x1b[2J" in text


def test_a_deep_path_is_cut_at_its_beginning() -> None:
    """The calls next to the failure are the ones that matter."""
    program = Recorder()
    for level in range(100):
        program.start(f"app.level_{level}")
    program.fail(program.start("app.f"), ValueError("x" * 200))
    lines = list(failure_lines(rows(program)[0], Style(80)))
    assert max(map(cells, lines)) <= 80
    assert "    … 71 calls above" in lines


def test_json_and_markdown() -> None:
    """The same for programs and for documents."""
    failure = rows(shop(10))[0]
    row = failure_row(failure)
    assert (row["type"], row["count"], row["caught_in"]) == (
        "ConnectionRefusedError",
        1,
        {"function": "shop.main.main", "call_id": 1},
    )
    assert [call["failed"] for call in row["path"]] == [False, True, True]
    lines = list(failure_markdown(failure, traceback=True))
    assert lines[0] == "### `ConnectionRefusedError: [Errno 111] Connection refused`: 1 time"
    assert "```" in lines


@pytest.mark.parametrize(
    "exception", [None, [], {"type": 3}, {"type": "E", "message": {}, "traceback": 7, "line": "x"}]
)
def test_odd_exceptions(exception: object) -> None:
    """Whatever stands in the field, it is shown or left out."""
    program = Recorder()
    program.fail(program.start("app.f"), ValueError("x"))
    program.entries[1]["exception"] = exception
    (failure,) = rows(program)
    assert list(failure_lines(failure, Style(80), traceback=True))
    assert failure_row(failure)["count"] == 1

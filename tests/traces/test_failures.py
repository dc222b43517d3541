"""Exceptions by type and place."""

from __future__ import annotations

import io
import json
import random

import pytest
from hypothesis import given

from glimpse.traces import failures as module
from glimpse.traces.calls import finished_calls
from glimpse.traces.failures import Failure, Failures, find_callers
from glimpse.traces.lines import Damage
from tests.traces.recording import Recorder
from tests.traces.strategies import programs
from tests.traces.test_calls import error_level


def of_calls(program: Recorder) -> Failures:
    """The failures, put together from calls."""
    failures = Failures()
    failures.add_calls(finished_calls(program.entries))
    return failures


def of_lines(program: Recorder, separators: tuple[str, str] = (",", ":")) -> Failures:
    """The failures, searched for in lines."""
    text = "".join(json.dumps(entry, separators=separators) + "\n" for entry in program.entries)
    failures, stream = Failures(), io.BytesIO(text.encode())
    failures.add_lines(stream, Damage("t"))
    find_callers(stream, failures.rows())
    return failures


def summary(failures: Failures) -> list[tuple[object, ...]]:
    """What is to be equal."""
    return [
        (row.type, row.function, row.line, row.count, row.first, row.last, dict(row.messages), path_of(row))
        for row in failures.rows()
    ]


def path_of(failure: Failure) -> list[tuple[str, str, bool]]:
    """The example's way."""
    return [(call.function, call.args, call in failure.passed) for call in failure.example.path()]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads in pieces much smaller than the file."""
    monkeypatch.setattr(module, "CHUNK", 700)


@pytest.mark.usefixtures("small_blocks")
@given(programs)
def test_searching_lines_agrees_with_reading_calls(program: Recorder) -> None:
    """The fast way finds the same failures with the same way to each, compact or spaced."""
    expected = summary(of_calls(program))
    assert summary(of_lines(program)) == expected
    assert summary(of_lines(program, (", ", ": "))) == expected


def test_an_exception_counts_once() -> None:
    """However many calls it passes, it is one, at the place where it was raised."""
    program = Recorder()
    with program.call("app.main", "n=1"):
        try:
            with program.call("app.outer", "n=2"), program.call("app.inner", "n=3"):
                raise KeyError("x")
        except KeyError:
            pass
    (failure,) = of_calls(program).rows()
    assert (failure.type, failure.function, failure.line, failure.count) == ("KeyError", "app.inner", 31, 1)
    assert path_of(failure) == [
        ("app.main", "main(n=1)", False),
        ("app.outer", "outer(n=2)", True),
        ("app.inner", "inner(n=3)", True),
    ]
    assert failure.caught_in is not None
    assert failure.caught_in.function == "app.main"


def test_level_error_counts_an_exception_once() -> None:
    """Where only exceptions are recorded, their depths tell which calls one of them passed."""
    program = Recorder()
    program.entries = error_level(("app.a", 3, True), ("app.b", 2, False), ("app.b", 2, True), ("app.c", 1, False))
    for failures in (of_calls(program), of_lines(program)):
        assert [(row.function, row.count, path_of(row)) for row in failures.rows()] == [
            ("app.a", 1, [("app.b", "b()", True), ("app.a", "a()", True)]),
            ("app.b", 1, [("app.c", "c()", True), ("app.b", "b()", True)]),
        ]


def test_another_exception_on_the_way_is_another() -> None:
    """A caller that raises something else from it has failed on its own."""
    program = Recorder()
    outer = program.start("app.outer")
    program.fail(program.start("app.inner"), KeyError("x"))
    program.fail(outer, RuntimeError("wrapped"))
    assert sorted(row.type for row in of_calls(program).rows()) == ["KeyError", "RuntimeError"]


def test_groups_by_type_and_place() -> None:
    """Messages differ within a group; the most frequent groups come first."""
    program = Recorder()
    for number in range(5):
        program.fail(program.start("app.parse"), ValueError(f"bad row {number % 2}"))
    program.fail(program.start("app.parse"), TypeError("no"))
    first, second = of_calls(program).rows()
    assert (first.type, first.count, first.messages.most_common(1)) == ("ValueError", 5, [("bad row 0", 3)])
    assert (second.type, second.count) == ("TypeError", 1)


def test_an_exception_that_leaves_everything_is_not_caught() -> None:
    """The way to the outermost call is all failed."""
    program = Recorder()
    with pytest.raises(ValueError, match="x"), program.call("app.main"), program.call("app.inner"):
        raise ValueError("x")
    (failure,) = of_lines(program).rows()
    assert failure.caught_in is None
    assert [failed for _, _, failed in path_of(failure)] == [True, True]


@pytest.mark.usefixtures("small_blocks")
def test_the_way_is_found_across_a_large_file() -> None:
    """Callers whose START is far before the failure are found, with the right run of the same numbers."""
    program = Recorder()
    main = program.start("app.main", "config='a'")
    for number in range(3_000):
        program.leaf("app.noise", f"n={number}, text='{random.random()}'")
    job = program.start("app.job", "n=9")
    program.fail(program.start("app.step"), OSError("disk"))
    program.end(job)
    program.end(main)
    entries = program.entries
    program.entries = [*Recorder().entries, *entries, *entries]
    (failure,) = of_lines(program).rows()
    assert failure.count == 2
    assert path_of(failure) == [
        ("app.main", "main(config='a')", False),
        ("app.job", "job(n=9)", False),
        ("app.step", "step()", True),
    ]


def test_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that makes up types or places does not fill the memory; nothing goes uncounted."""
    monkeypatch.setattr(module, "MOST_GROUPS", 10)
    program = Recorder()
    for number in range(30):
        program.fail(program.start(f"app.f{number}"), ValueError())
    failures = of_calls(program)
    assert len(failures.rows()) == 10
    assert failures.count == 30

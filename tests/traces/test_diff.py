"""What changed between two traces."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.errors import GlimpseError
from glimpse.traces.calls import finished_calls
from glimpse.traces.diff import KINDS, Change, Limit, Profile, changes, parse_limits
from tests.traces.recording import Recorder


def profile(program: Recorder) -> Profile:
    """What is compared of a program."""
    return Profile(finished_calls(program.entries))


def timed(durations: list[float]) -> Recorder:
    """One function with these durations."""
    program = Recorder()
    for duration in durations:
        program.leaf("app.work", ms=duration)
    return program


def kinds(before: Recorder, after: Recorder) -> list[str]:
    """The kinds of change."""
    return [change.kind for change in changes(profile(before), profile(after))]


def noisy(seed: int, count: int, mean: float) -> list[float]:
    """Durations as a busy machine gives them."""
    source = random.Random(seed)
    return [max(mean * source.lognormvariate(0, 0.5), 0.01) for _ in range(count)]


@given(st.integers(0, 2**32), st.integers(0, 2**32))
@settings(max_examples=30)
def test_noise_is_no_change(one: int, other: int) -> None:
    """Two runs of the same program differ in every duration, and in nothing that matters."""
    assert kinds(timed(noisy(one, 300, 1)), timed(noisy(other, 300, 1))) == []


@given(st.integers(0, 2**32))
@settings(max_examples=30)
def test_a_slower_function_is_found(seed: int) -> None:
    """Twice the time is more than noise, and so is half of it."""
    before, after = timed(noisy(seed, 300, 1)), timed(noisy(seed + 1, 300, 2))
    assert kinds(before, after) == ["slower"]
    assert kinds(after, before) == ["faster"]


def test_few_calls_must_not_overlap() -> None:
    """One slow call says little; three that are all slower say something."""
    assert kinds(timed([10]), timed([13])) == []
    assert kinds(timed([10, 11, 12]), timed([11, 30, 40])) == []
    assert kinds(timed([10, 11, 12]), timed([20, 30, 40])) == ["slower"]


def test_calls_of_one_moment_are_as_one() -> None:
    """Hundreds of calls within some hundredths of a second are slower because the machine was busy just then."""
    assert kinds(timed([0.05] * 400), timed([0.07] * 400)) == []
    assert kinds(timed([0.05] * 4_000), timed([0.07] * 4_000)) == ["slower"]


def test_microseconds_do_not_matter() -> None:
    """A change of less than a millisecond in all is none."""
    assert kinds(timed([0.01] * 20), timed([0.04] * 20)) == []


def test_functions_come_and_go() -> None:
    """New and gone functions are told by name."""
    before, after = Recorder(), Recorder()
    before.leaf("app.old")
    after.leaf("app.new")
    found = changes(profile(before), profile(after))
    assert [(change.kind, change.function) for change in found] == [
        ("new-functions", "app.new"),
        ("gone-functions", "app.old"),
    ]


def test_counts() -> None:
    """Calls that became more or fewer by more than the threshold."""
    (change,) = changes(profile(timed([1] * 10)), profile(timed([1] * 15)))
    assert (change.kind, change.before, change.after, change.relative) == ("calls", 10, 15, 0.5)
    assert kinds(timed([1] * 20), timed([1] * 21)) == []


def test_results_for_the_same_arguments() -> None:
    """Another result is told with its arguments; addresses, and results that vary anyway, are not."""
    before, after = Recorder(), Recorder()
    for program, price, place in ((before, "1.0", "0x7f1200"), (after, "1.1", "0x7f9900")):
        program.leaf("app.price", "n=1", price)
        program.leaf("app.price", "n=2", "2.0")
        program.leaf("app.make", "n=1", f"<Thing at {place}>")
        for number in range(2):
            program.leaf("app.now", "", f"{price}{number}")
    (change,) = changes(profile(before), profile(after))
    assert (change.kind, change.function, change.before, change.after) == ("results", "app.price", "1.0", "1.1")
    assert change.detail == "price(n=1), 1 of 2"


def test_new_errors_come_first() -> None:
    """An exception of a type that a function did not raise before."""
    before, after = Recorder(), Recorder()
    for program in (before, after):
        program.fail(program.start("app.work"), KeyError("old"))
    after.fail(after.start("app.work"), ValueError("new"))
    found = changes(profile(before), profile(after))
    assert found[0] == Change("new-errors", "app.work", 0, 1, None, "ValueError: new")
    assert kinds(after, before)[-1] == "gone-errors"


def test_limits() -> None:
    """Rates take a share, the others none."""
    limits = parse_limits("slower=20%, new-errors,calls=0.5")
    assert limits == [Limit("slower", 0.2), Limit("new-errors"), Limit("calls", 0.5)]
    assert limits[0].broken_by(Change("slower", "f", 1.0, 1.3, 0.3))
    assert not limits[0].broken_by(Change("slower", "f", 1.0, 1.1, 0.1))
    assert limits[1].broken_by(Change("new-errors", "f", 0, 1))


@pytest.mark.parametrize("text", ["", "slower", "slower=x", "slower=-1%", "new-errors=3", "sloer=20%", "slower=nan"])
def test_bad_limits_are_named(text: str) -> None:
    """The message names the option and what it takes."""
    with pytest.raises(GlimpseError, match="--fail-on"):
        parse_limits(text)


def test_every_kind_has_its_order() -> None:
    """The gravest kinds come first."""
    assert KINDS[:2] == ("new-errors", "slower")

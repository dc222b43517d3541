"""How calls are spelt."""

from __future__ import annotations

from typing import Any

import pytest

from glimpse.traces.calls import Call, finished_calls
from glimpse.views.text.naming import call_text, fit_name, outcome_text, split_function
from glimpse.views.text.style import fit_left
from tests.traces.recording import Recorder


def call(function: str, args: str = "", **end: Any) -> Call:
    """A call that has ended."""
    program = Recorder()
    program.end(program.start(function, args), **end)
    return next(finished_calls(program.entries))


@pytest.mark.parametrize(
    ("function", "parts"),
    [
        ("shop.load.parse_item", ("shop.load", "parse_item")),
        ("shop.models.Order.total", ("shop.models", "Order.total")),
        ("shop.models._Order.total", ("shop.models", "_Order.total")),
        ("shop.load.outer.<locals>.inner", ("shop.load", "outer.<locals>.inner")),
        ("main", ("", "main")),
    ],
)
def test_module_and_rest(function: str, parts: tuple[str, str]) -> None:
    """Classes begin with a capital, nested functions stand before <locals>."""
    assert split_function(function) == parts


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (None, "shop.load.parse(row=1)"),
        ("shop.load", "parse(row=1)"),
        ("shop.main", "load.parse(row=1)"),
        ("other.main", "shop.load.parse(row=1)"),
        ("shop.load.sub", "load.parse(row=1)"),
    ],
)
def test_what_the_caller_shares_is_left_out(module: str | None, text: str) -> None:
    """Only the part of the module that the caller's does not tell is shown."""
    assert call_text(call("shop.load.parse", "row=1"), module) == text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ("self=<Order>, quantity=2", "Order.total(quantity=2)"),
        ("self=<Order>", "Order.total()"),
        ("self=<SpecialOrder>, quantity=2", "Order.total(self=<SpecialOrder>, quantity=2)"),
        ("quantity=2", "Order.total(quantity=2)"),
    ],
)
def test_the_receiver_goes_without_saying(args: str, text: str) -> None:
    """The receiver is shown only if its class is another one than the method's."""
    assert call_text(call("shop.models.Order.total", args), "shop.models") == text


def test_arguments_that_are_not_known() -> None:
    """A call whose START is missing shows that."""
    program = Recorder()
    program.leaf("app.main", "n=1")
    (only,) = finished_calls(program.entries[1:])
    assert call_text(only) == "app.main(?)"


def test_outcomes() -> None:
    """A result, what a generator yielded, why there is no result."""
    assert outcome_text(call("app.f", result="3")) == "→ 3"
    assert outcome_text(call("app.f", result="None")) == "→ None"
    assert outcome_text(call("app.f", result="None", yields=1200)) == "→ 1,200 yielded"
    assert outcome_text(call("app.f", result=None, yields=3, closed=True)) == "→ 3 yielded, closed early"
    program = Recorder()
    program.start("app.f")
    assert outcome_text(next(finished_calls(program.entries))) == "▶ unfinished"
    program.fail(program.stacks["MainThread", None][0], ValueError("no\x1b"))
    failed = next(finished_calls(program.entries))
    assert outcome_text(failed) == "✗ ValueError: no\\x1b"
    assert outcome_text(failed, brief=True) == "✗ ValueError"


def test_names_in_little_room() -> None:
    """A name loses its first parts; the last one is cut only where not even that has room."""
    name = "flask.sansio.app.App.add_url_rule"
    assert fit_name(name, 33) == name
    assert fit_name(name, 24) == "…app.App.add_url_rule"
    assert fit_name(name, 20) == "…App.add_url_rule"
    assert fit_name(name, 16) == "…add_url_rule"
    assert fit_name(name, 12) == fit_left(name, 12) == "…dd_url_rule"
    assert fit_name("app.outer.<locals>.inner", 17) == "…r.<locals>.inner"
    assert fit_name("日本.総計.合計する", 15) == "…総計.合計する"

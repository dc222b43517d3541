"""What is seen in the code of a method, without calling it."""

from __future__ import annotations

import functools
import sys
from typing import Any

import pytest

from glimpse.values import Renderer
from glimpse.values.effects import refusal
from tests.values.effects.hostile import HARMFUL, Hostile, cached_function, closes_over, state
from tests.values.effects.samples import HARMLESS, Held, Loud, User, asked

RENDERER = Renderer()


@pytest.mark.parametrize("value", HARMLESS.values(), ids=HARMLESS)
def test_usual_texts_are_made(value: Any) -> None:
    """What programs write as a rule is called, and shown as it is."""
    assert refusal(type(value), "__repr__") == ""
    assert RENDERER.text(value) == repr(value)


def test_text_of_the_readme() -> None:
    """The example that everybody starts with, and one that fails."""
    assert RENDERER.text(User(id=123, name="John")) == "User(id=123, name='John')"
    assert RENDERER.text(User(id=123)) == "<User repr failed: AttributeError>"


@pytest.mark.parametrize("function", [*HARMFUL, closes_over()], ids=lambda function: function.__name__)
def test_harmful_methods_are_not_called(function: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that could be noticed happens, directly or through whatever else is called."""
    hostile = type("Subject", (Hostile,), {"__repr__": function})()
    before = state(hostile)
    text = RENDERER.text([hostile])
    assert " object at 0x" in text
    assert state(hostile) == before
    assert function.__defaults__ in (None, ([],))
    assert "antigravity" not in sys.modules
    assert cached_function.cache_info().currsize == 0
    assert capsys.readouterr().out == ""


class Numbers(Held):
    """An iterator whose text would be harmless."""

    def __next__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "numbers"


class Watched(Held):
    """Notices every reading."""

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)

    def __repr__(self) -> str:
        return f"Watched({self.name})"


def test_classes_that_are_never_asked() -> None:
    """Iterators, objects that answer for themselves, and things that are called as methods but are none."""
    assert not asked(Numbers())
    assert not asked(Watched(name="x"))
    assert not asked(type("Thing", (), {"__repr__": functools.partial(str, 1)})())
    assert not asked(type("Thing", (), {"__repr__": functools.partialmethod(str)})())
    assert not asked(type("Thing", (), {"__repr__": Loud()})())

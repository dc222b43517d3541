"""The functions that rewritten code refers to, connected and not."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from glimpse.probe import Slot, hooks, slot

NAMES = [
    "enter0",
    "enter2",
    "enter",
    "enter_self1",
    "end_f",
    "done_f",
    "raised",
    "keep",
    "leave_f",
    "yielded_g",
    "enter_a",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_function_does_nothing_while_its_slot_is_not_connected(name: str) -> None:
    """Values pass through, handlers match nothing, and nothing is recorded."""
    function = Slot(0).function(name)
    values = {"enter2": (1, 2), "enter": (1, 2, 3), "enter_self1": (1, 2), "end_f": ("x",), "keep": ("x",)}
    result = function("key", *values.get(name, ("x",) if name == "yielded_g" else ()))
    assert result == ("x" if name in ("end_f", "keep", "yielded_g") else () if name == "raised" else None)


def test_functions_are_the_same_for_all_code_of_a_slot() -> None:
    """Connecting a slot reaches every module that was bound to it."""
    assert slot(3).function("enter2") is slot(3).function("enter2")
    assert slot(3).function("enter2") is not slot(4).function("enter2")


@pytest.mark.parametrize("number", [0, 2])
def test_functions_are_pickled_by_name(number: int) -> None:
    """Code that is pickled by value finds the functions of the process that it arrives in."""
    function: Any = slot(number).function("end_f")
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("number", [0, 2])
def test_a_short_end_is_called_by_negation(number: int) -> None:
    """It is one object for all code of a slot, does what the function does, and is pickled by name too."""
    ending: Any = slot(number).constant("done_f_here")
    assert ending is slot(number).constant("done_f_here")
    assert (-ending, hooks.name_of(ending)) == (None, "done_f_here")
    assert pickle.loads(pickle.dumps(ending)) is ending


def test_constants_of_the_program_have_no_name() -> None:
    """Only what stands for a function of the probe is taken for one."""
    assert [hooks.name_of(each) for each in (None, "end_f", pickle.loads, frozenset())] == [None] * 4


def test_a_name_that_is_no_function_is_an_attribute_error() -> None:
    """The module answers only for its functions."""
    with pytest.raises(AttributeError, match="nonsense"):
        hooks.nonsense  # noqa: B018

"""Objects that are shown by their place and what they hold of plain values."""

from __future__ import annotations

import gc
import weakref
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.values import REDACTED, Limits, Renderer

SEEN_OFTEN = 40


class Loud:
    """Its text cannot be asked for: it would set a global."""

    def __repr__(self) -> str:
        global _asked
        _asked = True
        return "loud"


class Slotted:
    """The same, with slots."""

    __slots__ = ("_hidden", "size", "title", "token")
    __repr__ = Loud.__repr__


class Both(Slotted):
    """With slots and a dictionary."""


_asked = False


def loud(**attributes: Any) -> Loud:
    """An object that holds these."""
    value = Loud()
    value.__dict__.update(attributes)
    return value


def often(renderer: Renderer, value: Any) -> str:
    """The text after the class was seen so often that it has code of its own."""
    return [renderer.text(value) for _ in range(SEEN_OFTEN)][-1]


def inside(text: str) -> str:
    """What a text says of the object beside its place."""
    return text.partition(": ")[2][:-1]


def test_text_follows_what_the_object_holds() -> None:
    """A text that is remembered is not shown any more when a value changes, is set to None, or becomes plain."""
    renderer = Renderer()
    value = loud(name="first", size=None, other=[])
    assert inside(often(renderer, value)) == "name='first'"
    value.name = "second"  # type: ignore[attr-defined]
    assert inside(renderer.text(value)) == "name='second'"
    value.size = 3  # type: ignore[attr-defined]
    assert inside(renderer.text(value)) == "name='second', size=3"
    value.other = 1.5  # type: ignore[attr-defined]
    assert inside(renderer.text(value)) == "name='second', size=3, other=1.5"
    value.name = None  # type: ignore[attr-defined]
    assert inside(renderer.text(value)) == "size=3, other=1.5"
    assert not _asked


def test_equal_values_of_other_kinds_are_not_taken_for_each_other() -> None:
    """1, True and 1.0 are equal and have three texts."""
    renderer = Renderer()
    value = loud(size=1)
    shown = []
    for size in (1, True, 1.0, 1):
        value.size = size  # type: ignore[attr-defined]
        shown.append(inside(often(renderer, value)))
    assert shown == ["size=1", "size=True", "size=1.0", "size=1"]


def test_hidden_values_are_neither_shown_nor_kept() -> None:
    """What stands under a hidden name is not in the text, before and after the class has code of its own."""
    renderer = Renderer()
    value = loud(name="x", password="hunter2-hunter2")
    assert {inside(renderer.text(value)) for _ in range(SEEN_OFTEN)} == {f"name='x', password={REDACTED}"}
    value.password = "other"  # type: ignore[attr-defined]
    assert inside(renderer.text(value)) == f"name='x', password={REDACTED}"


@pytest.mark.parametrize("cls", [Slotted, Both])
def test_slots_are_shown_like_attributes(cls: type) -> None:
    """In slots and beside a dictionary, set or not."""
    renderer = Renderer()
    value = cls()
    value.title, value.token, value._hidden = "t", "secret", 1
    if cls is Both:
        value.extra = 5
    shown = inside(often(renderer, value))
    assert set(shown.split(", ")) == {"title='t'", f"token={REDACTED}", *(["extra=5"] if cls is Both else [])}
    value.size = 9
    assert "size=9" in renderer.text(value)
    del value.title
    assert "title" not in renderer.text(value)


def test_no_object_and_no_large_value_is_kept_alive() -> None:
    """Neither the object, nor what it holds, nor long texts, which are not shown either."""

    class Held:
        """Can be told when it goes."""

    renderer = Renderer()
    held = Held()
    value = loud(name="x" * 100_000, held=held, number=Decimal(1))
    gone, gone_too = weakref.ref(value), weakref.ref(held)
    large = value.name  # type: ignore[attr-defined]
    shown = often(renderer, value)
    del value, held
    gc.collect()
    assert gone() is None
    assert gone_too() is None
    assert "number=" in shown
    assert "name=" not in shown
    assert not any(type(each) is tuple and any(item is large for item in each) for each in gc.get_referrers(large))


def test_names_that_are_no_texts() -> None:
    """An instance dictionary may hold anything: the object is shown by its place then."""
    value = loud(name="x")
    value.__dict__[5] = "five"  # type: ignore[index]
    assert often(Renderer(), value).endswith(f"Loud object at {hex(id(value))}>")


def test_narrow_room_is_kept_to_by_remembered_texts() -> None:
    """Within other values there is less room than at the top, also for a text that is known."""
    renderer = Renderer(Limits(max_field_length=300))
    value = loud(name="n" * 60, other="o" * 60)
    whole = often(renderer, value)
    text = renderer.text(["x" * 200, value])
    assert len(whole) < 300
    assert len(text) < 300 + 64
    assert whole not in text


@settings(max_examples=25)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "_c", "token", "d", "e", "f", "g", "h"]),
            st.one_of(st.none(), st.integers(), st.text(max_size=8), st.booleans(), st.just([]), st.floats()),
            max_size=9,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_text_is_that_of_a_renderer_that_remembers_nothing(states: list[dict[str, Any]]) -> None:
    """Whatever an object goes through, its text is the one that a fresh renderer makes of it."""
    renderer = Renderer()
    value = Loud()
    for state in states:
        value.__dict__.clear()
        value.__dict__.update(state)
        assert {renderer.text(value) for _ in range(10)} == {Renderer().text(value)}

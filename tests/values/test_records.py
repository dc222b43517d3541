"""Lists of records, whose texts are made and remembered together: they must be what a walk through each gives."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, make_dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.values import Limits, Renderer

OFTEN = 40
"""Lists after which code is made."""


@dataclass
class Item:
    """A record."""

    sku: Any
    qty: Any
    unit: Any
    password: Any = "hidden"


def warm(limits: Limits | None = None) -> Renderer:
    """A renderer that has met such records, with each of the usual kinds of values."""
    renderer = Renderer(limits)
    for number in range(64):
        item = Item(f"A{number}", number if number % 3 else None, Decimal(number))
        renderer.freeze(item)
        renderer.freeze([item])
    assert renderer._walk.records
    return renderer


VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["token=abc", "a: b", "--password x", "Bearer abcdefghij", "é", "\ud800", "'", '"', "x" * 300]),
    st.integers(),
    st.none(),
    st.booleans(),
    st.floats(),
    st.decimals(allow_nan=True),
    st.just(10**30),
    st.lists(st.integers(), max_size=2),
)
ITEMS = st.builds(Item, VALUES, VALUES, VALUES, VALUES)
PLAIN_ITEMS = st.builds(Item, st.text("abc'é=:", max_size=9), st.integers(-9, 99) | st.none(), st.decimals())


@given(
    lists=st.lists(
        st.lists(st.one_of(PLAIN_ITEMS, PLAIN_ITEMS, PLAIN_ITEMS, ITEMS, st.integers()), max_size=18), max_size=5
    ),
    room=st.sampled_from([40, 60, 90, 150, 200, 512, 2000]),
    inside=st.integers(0, 5),
)
def test_as_a_walk(lists: list[list[Any]], room: int, inside: int) -> None:
    """Texts are those that a walk from object to object gives, the first time and again, at any depth."""
    limits = Limits(max_field_length=room, max_depth=4)
    renderer, walking = warm(limits), warm(limits)
    for each in [*lists, *lists]:
        value: Any = each
        for _ in range(inside):
            value = [value]
        walking._walk.records.clear()
        assert renderer.text(value) == walking.text(value)


@pytest.mark.parametrize(
    "change",
    [
        lambda items: setattr(items[1], "qty", True),
        lambda items: setattr(items[1], "qty", 1.0),
        lambda items: setattr(items[0], "unit", Decimal("1.0")),
        lambda items: setattr(items[2], "sku", "token=abc"),
        lambda items: setattr(items[2], "sku", ["A"]),
        lambda items: delattr(items[0], "unit"),
        lambda items: items.append(items[0]),
        lambda items: items.pop(),
        lambda items: items.reverse(),
        lambda items: items.clear(),
        lambda items: items.__setitem__(1, 5),
        lambda items: items.append(items),
        lambda items: setattr(items[0], "sku", items),
    ],
)
def test_changes(change: Any) -> None:
    """What changed shows in the next text, also values that are equal to those before."""
    renderer = warm()
    items: list[Any] = [Item("A", 1, Decimal(1)), Item("B", 1, Decimal("1.5")), Item("C", 3, Decimal(2))]
    before = renderer.text(items)
    assert before == renderer.text(items) == Renderer().text(items)
    change(items)
    assert renderer.text(items) == Renderer().text(items)


def test_secrets() -> None:
    """Hidden fields and secrets in fields are not shown, nor remembered."""
    renderer = warm()
    items = [Item("A", 1, Decimal(1), password="abcdef"), Item("B", 2, Decimal(2), password="ghijkl")]
    text = renderer.text(items)
    assert text.count("password=<redacted>") == 2
    assert "abcdef" not in text
    assert renderer.text([Item("api_key=abcdef", 1, Decimal(1))]).count("abcdef") == 0


def test_other_classes() -> None:
    """A subclass, or an object whose class was changed, is shown as what it is; its fields are not read plainly."""

    class Odd(Item):
        @property
        def qty(self) -> int:
            raise AssertionError("a property was asked")

        @qty.setter
        def qty(self, value: int) -> None:
            """Nothing."""

    renderer = warm()
    items = [Item("A", 1, Decimal(1)), Item("B", 1, Decimal(2))]
    renderer.text(items)
    items[1].__class__ = Odd
    assert renderer.text(items) == Renderer().text(items)


def test_nothing_is_kept() -> None:
    """Neither lists nor records nor their class live longer for it."""
    renderer = Renderer()
    kind = make_dataclass("Kind", ["a", "b"])
    items = [kind(n, str(n)) for n in range(64)]
    for item in items:
        renderer.freeze(item)
    few = items[:3]
    for _ in range(OFTEN):
        renderer.freeze(few)
    assert renderer._walk.records
    gone = weakref.ref(items[0]), weakref.ref(kind)
    del few, items, item, kind
    gc.collect()
    assert [each() for each in gone] == [None, None]
    assert not renderer._walk.records


def test_lists_of_something_else() -> None:
    """A class whose lists hold other things time and again is walked as any other, and shown the same."""
    renderer = warm()
    for number in range(100):
        items = [Item("A", number, Decimal(1)), Item(b"B", number, Decimal(1))]
        assert renderer.text(items) == Renderer().text(items)
    assert not renderer._walk.records

"""Classes that declare their fields: shown field by field, as their generated ``repr`` shows them."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.values import OVERSHOOT, REDACTED, Limits, Redactor, Renderer

OFTEN = 60
"""Calls after which a class has code of its own."""


@dataclass
class Item:
    sku: str
    qty: int
    unit: Decimal | None = None
    price: float = 0.5
    kind: ClassVar[str] = "item"
    unseen: str = field(default="unseen", repr=False)


@dataclass(frozen=True)
class Order:
    id: int
    items: list[Item]
    parent: Any = None


@dataclass
class Special(Item):
    """Inherits fields, and the generated text."""

    extra: int = 1


class Plain(Item):
    """Inherits the text without being a dataclass itself."""


@dataclass(slots=True)
class Slotted:
    a: int
    b: str


@dataclass(repr=False)
class Silent:
    a: int


@dataclass
class Spoken:
    a: int

    def __repr__(self) -> str:
        return f"spoken {self.a}"


class Point(NamedTuple):
    x: int
    y: str = "y"


Untyped = namedtuple("Untyped", "x y")


@dataclass
class Empty:
    pass


@pytest.mark.parametrize(
    "value",
    [
        Item("A1", 2),
        Item("A1", 2, Decimal("1.5")),
        Order(1, [Item("a", 1), Item("b", 2)], parent=Order(2, [])),
        Special("A", 1, extra=2),
        Plain("A", 1),
        Slotted(1, "b"),
        Silent(1),
        Spoken(1),
        Point(1),
        Untyped([1], {"a": 1}),
        Empty(),
        Order(10**5, [], parent='it\'s "quoted" {braces}'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_text_is_the_generated_one(value: Any) -> None:
    """Seen once or often, the text is the one that the class's own ``repr`` gives."""
    renderer = Renderer()
    for _ in range(OFTEN):
        assert renderer.text(value) == repr(value)


@given(
    st.lists(
        st.one_of(st.text(), st.integers(), st.none(), st.floats(), st.lists(st.integers())), min_size=4, max_size=4
    )
)
def test_other_kinds_of_values_than_the_first_ones(values: list[Any]) -> None:
    """The code made for a class from its first instances is right for all others."""
    renderer = Renderer(Limits(max_field_length=100_000, max_items=10_000), Redactor(defaults=False))
    for _ in range(OFTEN):
        renderer.text(Item("A1", 2, Decimal(1), 0.5))
    item = Item(*values)
    assert renderer.text(item) == repr(item)
    assert renderer.text([item, {"item": item}]) == repr([item, {"item": item}])


@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 40))
def test_cut_objects_are_bounded(limit: int, length: int, count: int) -> None:
    """An object with long fields has a text of the same length whether it was seen often or not."""
    renderer = Renderer(Limits(max_field_length=limit))
    value = Order(1, [Item("x" * length, 1)] * count, parent="y" * length)
    texts = {renderer.text(value) for _ in range(OFTEN)}
    assert all(len(text) <= limit + OVERSHOOT for text in texts)
    assert len(repr(value)) > limit or texts == {repr(value)}


def test_cut_object_says_how_much_is_missing() -> None:
    """Of an object seen for the first time fields are counted, of one seen often the characters of its text."""
    renderer = Renderer(Limits(max_field_length=60))
    texts = [renderer.text(Item("x" * 100, 1)) for _ in range(OFTEN)]
    assert all(text.startswith(f"{Item.__qualname__}(sku='xxx") for text in texts)
    assert texts[0].endswith("… 3 more)")
    whole = repr(Item("x" * 100, 1))
    shown, _, missing = texts[-1].removesuffix(" more)").partition("… ")
    assert whole == f"{shown}{whole[len(shown) : len(shown) + int(missing)]})"


def test_cycle_of_objects() -> None:
    """Objects that know each other show the ellipsis that a dataclass shows."""
    renderer = Renderer()
    items: list[Any] = []
    order = Order(1, items)
    items.append(order)
    for _ in range(OFTEN):
        assert renderer.text(order) == repr(order) == "Order(id=1, items=[...], parent=None)"


def test_unset_fields_are_left_out() -> None:
    """A half-built object shows what it has so far."""
    renderer = Renderer()
    for _ in range(OFTEN):
        renderer.text(Item("A", 1))
    half = object.__new__(Item)
    assert renderer.text(half) == "Item(unit=None, price=0.5)"
    half.sku = "A"
    assert renderer.text(half) == "Item(sku='A', unit=None, price=0.5)"


def test_hidden_fields_stay_hidden_when_seen_often() -> None:
    """The code made for a class never reads a hidden field."""

    @dataclass
    class User:
        name: str
        token: str
        roles: list[str]

    renderer = Renderer()
    texts = {renderer.text(User("bob", "t0psecret", ["a"])) for _ in range(OFTEN)}
    assert texts == {f"{User.__qualname__}(name='bob', token={REDACTED}, roles=['a'])"}


def test_attrs_classes() -> None:
    """Classes of attrs are walked like dataclasses, with what they choose to show."""
    attrs = pytest.importorskip("attrs")

    @attrs.define
    class Part:
        name: str
        password: str = "p4ss"
        _inner: list[Any] = attrs.field(factory=list)
        unseen: int = attrs.field(default=1, repr=False)

    @attrs.define
    class Masked:
        value: str = attrs.field(repr=lambda value: "***")

    @attrs.frozen
    class Shown:
        a: int
        b: Any = None

    renderer = Renderer()
    for _ in range(OFTEN):
        assert renderer.text(Part("n")) == f"Part(name='n', password={REDACTED}, _inner=[])"
        assert renderer.text(Masked("text")) == "Masked(value=***)"
        assert renderer.text(Shown(1, Shown(2))) == repr(Shown(1, Shown(2)))


def test_msgspec_structs() -> None:
    """Structs of msgspec are walked like dataclasses."""
    msgspec = pytest.importorskip("msgspec")
    kind = msgspec.defstruct("Part", [("name", str), ("token", str)])
    assert Renderer().text(kind("n", "t0psecret")) == f"Part(name='n', token={REDACTED})"

"""What is asked of an instance before its text is made."""

from __future__ import annotations

import functools
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from glimpse.values import Renderer
from glimpse.values.effects import refusal
from tests.values.effects.samples import (
    CALLS,
    Colour,
    Everywhere,
    Guarded,
    Held,
    Loud,
    Own,
    Point,
    Slotted,
    Through,
    User,
    asked,
)

RENDERER = Renderer()


VALUES: list[Any] = [
    None, 1, 1.5, "text", b"bytes", Decimal(1), Path("a"), datetime.now(timezone.utc), Colour.RED, Point(1), object(),
    [1, [2, {"a": (3,)}]], {"a": {1}}, deque([1]), OrderedDict(a=1), len, Held, Held(a=1),
    User(id=1, name=User(id=2, name="x")),
    (n for n in range(2)), weakref.ref(Held), types.SimpleNamespace(a=1), functools.partial(len, [1]),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_that_an_attribute_may_have(value: Any) -> None:
    """Whatever has a harmless text itself may be shown in another one."""
    user = User(id=value, name=[value])
    assert asked(user) is (type(value) is not weakref.ref)
    assert not asked(User(id=value, name=[value, Loud()]))


def test_what_is_held_is_looked_at_before_each_call() -> None:
    """The same class is called for one instance and not for another, and the harmful object never is."""
    CALLS.clear()
    harmful: list[Any] = [
        Loud(),
        [Loud()],
        {"a": (1, Loud())},
        {Loud()},
        Slotted(Loud()),
        Held(x=1).__dict__ | {"y": Loud()},
    ]
    harmful += [deque([Loud()]), types.MappingProxyType({"a": Loud()}), functools.partial(len, Loud()), Loud().__repr__]
    for value in harmful:
        assert RENDERER.text(User(id=1, name=value)).endswith(": id=1>")
    assert RENDERER.text(User(id=1, name=None)) == "User(id=1, name=None)"
    assert CALLS == []


def test_too_much_to_look_at_is_not_shown() -> None:
    """Long and deep values cost a bounded look, and cycles end."""
    assert not asked(User(id=1, name=list(range(10_000))))
    chain: Any = None
    for number in range(1000):
        chain = User(id=number, name=chain)
    assert not asked(chain)
    loop = Guarded(next=None)
    loop.next = [loop]
    assert RENDERER.text(loop) == "Guarded([...])"


class Bag:
    """Goes through something else when it is gone through."""

    def __iter__(self) -> Iterator[Any]:
        return iter([Loud()])


class Grows(dict):  # type: ignore[type-arg]
    """Adds what is missing."""

    def __missing__(self, key: object) -> int:
        self[key] = 1
        return 1


class First(Held):
    """Takes an item."""

    def __repr__(self) -> str:
        return f"First({self.items['a']})"


def test_classes_that_are_asked_sometimes() -> None:
    """What an attribute is decides: the same operation is harmless on one value and not on another."""
    for harmless in (
        Everywhere(name="x"),
        Through(items=[1, Colour.RED]),
        Through(items=Own(a=1)),
        First(items={"a": 1}),
        First(items=OrderedDict(a=1)),
    ):
        assert asked(harmless)
    for harmful in (
        Everywhere(),
        Through(items=Bag()),
        Through(items=iter([1])),
        Through(items=[Loud()]),
        First(items=Grows()),
        First(items=defaultdict(int)),
    ):
        assert not asked(harmful)


def test_cached_property_is_shown_once_it_is_there() -> None:
    """What a cached property holds may be read, but not made."""

    class Cached:
        @functools.cached_property
        def made(self) -> str:
            """What is made once."""
            return "made"

        def __repr__(self) -> str:
            return f"Cached({self.made})"

    value = Cached()
    assert not asked(value)
    assert value.__dict__ == {}
    assert value.made == "made"
    assert RENDERER.text(value) == "Cached(made)"


def test_weak_reference_is_followed() -> None:
    """What a weak reference leads to is asked like an attribute."""

    class Child(Held):
        def __repr__(self) -> str:
            parent = self.parent()
            return f"Child of {parent.name if parent is not None else None}"

    parent, loud = Held(name="p"), Held(name=Loud())
    assert RENDERER.text(Child(parent=weakref.ref(parent))) == "Child of p"
    assert not asked(Child(parent=weakref.ref(loud)))


class Branch:
    """A node of a tree that shows all that is below it."""

    def __init__(self, *below: Any) -> None:
        self.below = list(below)

    def __repr__(self) -> str:
        return f"Branch({self.below!r})"


def test_large_trees_are_not_written_out() -> None:
    """What holds more than can be shown is shown by its place, the sooner within other values."""
    renderer = Renderer()
    small, middle, large = (Branch(*(Branch(1) for _ in range(count))) for count in (2, 9, 60))
    assert renderer.text(small) == "Branch([Branch([1]), Branch([1])])"
    assert renderer.text([small]) == "[Branch([Branch([1]), Branch([1])])]"
    assert renderer.text(middle).startswith("Branch([Branch([1]), ")
    assert " object at 0x" in renderer.text([middle])
    assert " object at 0x" in renderer.text(large)
    assert " object at 0x" in renderer.text(Branch(list(range(1000))))


class Node:
    """The base of many classes, whose text is refused."""

    def __repr__(self) -> str:
        CALLS.append("repr")
        return "node"


class Shape:
    """The base of many classes, of which one has a text that is not harmless."""

    def __repr__(self) -> str:
        return self.describe()

    def describe(self) -> str:
        """What it is."""
        return "shape"


def test_refusals_are_not_repeated_for_each_of_many_classes() -> None:
    """After some classes, a method that all inherit is not looked through any more; unless one of them passed."""
    refusals = [refusal(type(f"Node{number}", (Node,), {}), "__repr__") for number in range(12)]
    assert refusals[0] != refusals[-1] == "is refused for the other classes that inherit it"

    def describe(self: Any) -> str:
        CALLS.append("describe")
        return "loud"

    assert refusal(Shape, "__repr__") == ""
    for number in range(12):
        assert "inherit" not in refusal(type(f"Loud{number}", (Shape,), {"describe": describe}), "__repr__")
    assert refusal(type("Quiet", (Shape,), {}), "__repr__") == ""

"""Classes whose text is harmless as long as what they hold is, and what tells whether it is made."""

from __future__ import annotations

import enum
import reprlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from glimpse.values.effects import harmless

CALLS: list[str] = []
"""What should not have happened."""

COLOURS = {1: "red", 2: "green"}


def asked(value: Any) -> bool:
    """Whether the ``__repr__`` of a value is called for its text."""
    found = harmless(type(value), "__repr__")
    return found is not None and found.allows(value, 512)


class Held:
    """An object that holds what it is given."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Loud(Held):
    """An object whose text does not go unnoticed."""

    def __repr__(self) -> str:
        CALLS.append("repr")
        return "loud"


class Colour(enum.Enum):
    """What an attribute may be."""

    RED = 1


class Point(NamedTuple):
    """What an attribute may be."""

    x: int


class User(Held):
    """The usual text."""

    def __repr__(self) -> str:
        return f"User(id={self.id}, name={self.name!r})"


class Slotted:
    """A class with slots."""

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __repr__(self) -> str:
        return f"Slotted({self.x!r})"


class Joined(Held):
    """Lists made on the way, comprehensions and conditions."""

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in self.__dict__.items() if not name.startswith("_")]
        if len(parts) > 3:
            parts = [*parts[:3], "..."]
        parts.append("end")
        return "{}({})".format(self.__class__.__name__, ", ".join(parts))


class Percent(Held):
    """Old ways of filling in."""

    def __repr__(self) -> str:
        return "<%s %5.2f %s %%>" % (type(self).__qualname__, self.x, self.y)  # noqa: UP031


class Properties(Held):
    """Properties, methods, class and static methods, defaults and keywords."""

    unit = "EUR"

    @property
    def total(self) -> float:
        """What it comes to."""
        return sum(item * 2 for item in self.items)

    def shown(self, *parts: object, sign: str = "=") -> str:
        """Some parts in a row."""
        return sign.join(str(part) for part in parts)

    @classmethod
    def title(cls) -> str:
        """The name of the class."""
        return cls.__name__.upper()

    @staticmethod
    def short(value: object, size: int = 10) -> str:
        """The beginning of a text."""
        return repr(value)[:size]

    def __repr__(self) -> str:
        body = self.shown("total", self.total, self.unit, sign=":")
        return f"{self.title()}<{body} {self.short(self.items)} {COLOURS.get(1, '?')}>"


class Derived(User):
    """What the base says, and more."""

    def __repr__(self) -> str:
        return f"Derived of {super().__repr__()}"


class Guarded(Held):
    """With the standard library's guard against cycles."""

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        return f"Guarded({self.next!r})"


class Own(dict):  # type: ignore[type-arg]
    """A container."""

    def __repr__(self) -> str:
        return f"Own({super().__repr__()}, {len(self)}, {sorted(self.items())})"


class Tried(Held):
    """What is missing is handled."""

    def __repr__(self) -> str:
        try:
            return f"Tried({self.missing})"
        except AttributeError:
            return "Tried()"


class Told(Held):
    """The text is that of ``__str__``, and of the parent."""

    def __str__(self) -> str:
        return f"{self.name} of {self.parent.name if self.parent is not None else 'nobody'}"

    def __repr__(self) -> str:
        return f"<Told {self}>"


class Lines(Held):
    """A method that yields."""

    def lines(self) -> Iterator[str]:
        """Some lines."""
        yield f"first {self.x}"
        yield from (f"more {item}" for item in self.rest)

    def __repr__(self) -> str:
        return "; ".join(self.lines())


HARMLESS: dict[str, Any] = {
    "format string": User(id=123, name="John"),
    "slots": Slotted(Decimal(1)),
    "list made on the way": Joined(a=1, b="x", _c=3, d=[1, 2], e=()),
    "percent": Percent(x=1, y="z"),
    "properties": Properties(items=[1, 2]),
    "super": Derived(id=1, name="x"),
    "guard": Guarded(next=Guarded(next=None)),
    "container": Own(b=1, a=2),
    "try": Tried(),
    "other object": Told(name="a", parent=Told(name="b", parent=None)),
    "generator": Lines(x=1, rest=["a", "b"]),
}


class Everywhere(Held):
    """Answers to any name."""

    def __getattr__(self, name: str) -> str:
        CALLS.append(name)
        return name

    def __repr__(self) -> str:
        return f"Everywhere({self.name})"


class Through(Held):
    """Goes through an attribute."""

    def __repr__(self) -> str:
        return ", ".join(f"{item}" for item in self.items)

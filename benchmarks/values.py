"""What the text of a value costs, beside ``repr``, ``reprlib`` and what other tools make of it, in the same run.

    python benchmarks/values.py

A tool takes part if it is installed: cheap_repr (snoop's), hunter, kolo, logfire, eliot. *new* is Glimpse's text of an
object that it has not seen before, *again* of one that it has. Each figure is the least of many short rounds, and all
take turns, so that a noisy machine disturbs them alike. Ratios matter, absolute times depend on the machine.
``--quick`` only checks that everything runs.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import math
import reprlib
import time
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from glimpse.values import Renderer


@dataclass
class Item:
    """A line of an order."""

    sku: str
    qty: int
    unit: Decimal


@dataclass
class Order:
    """What an application passes around."""

    id: int
    customer: str
    email: str
    country: str
    day: date
    items: list[Item]
    note: str = ""


class Plain:
    """An object without a text of its own."""


class Spoken:
    """An object with a text of its own, which is called under guard."""

    def __init__(self) -> None:
        self.x, self.y = 1, 2

    def __repr__(self) -> str:
        return f"Spoken({self.x}, {self.y})"


class Named:
    """An object that shows its class and names its attributes, as most do."""

    def __init__(self, number: int) -> None:
        self.id, self.name, self.active = number, "Ann Smith", True

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, name={self.name!r})"


class Computed:
    """An object that shows a property, and what a method gives."""

    def __init__(self, number: int) -> None:
        self._id, self._name = number, "Ann Smith"

    @property
    def id(self) -> int:
        """Its number."""
        return self._id

    def label(self) -> str:
        """Its name."""
        return self._name.title()

    def __repr__(self) -> str:
        return f"<Computed {self.id} {self.label()}>"


class Numbers(list):  # type: ignore[type-arg]
    """A list that says only how long it is."""

    def __repr__(self) -> str:
        return f"<{len(self)} numbers>"


class Basket:
    """An object whose text shows others: what it holds is looked at before each call."""

    def __init__(self) -> None:
        self.id = 1
        self.items = [Spoken(), Spoken()]

    def __repr__(self) -> str:
        return f"Basket({self.id}, {self.items})"


class Counted:
    """An object whose text changes it, so that it is not made."""

    def __init__(self) -> None:
        self.id, self.shown = 1, 0

    def __repr__(self) -> str:
        self.shown += 1
        return f"Counted({self.id})"


class Colour(Enum):
    """An enumeration."""

    RED = 1


@dataclass(slots=True)
class Slotted:
    """A dataclass with slots."""

    a: int
    b: str


class Wide:
    """Of 200 attributes, its own text shows two."""

    def __init__(self, number: int) -> None:
        for place in range(200):
            setattr(self, f"field_{place}", number)

    def __repr__(self) -> str:
        return f"Wide({self.field_1}, {self.field_2})"  # type: ignore[attr-defined]


Point = namedtuple("Point", "x y z")
Fields = make_dataclass("Fields", [(f"field_{place}", int, place) for place in range(200)])


def order(number: int) -> Order:
    """An order of three lines."""
    items = [Item(f"AB{number}", quantity, Decimal("12.50")) for quantity in (1, 2, 3)]
    return Order(
        number, f"Ann Smith {number}", "ann@example.org", "NO", date(2024, 1, 2), items, "leave it at the door"
    )


def levels(depth: int, number: int) -> dict[str, Any]:
    """Dictionaries within each other."""
    return {"level": depth, "id": number, **({"child": levels(depth - 1, number)} if depth else {})}


VALUES: dict[str, Callable[[int], Any]] = {
    "short string": lambda n: f"NO-warehouse-{n}",
    "time of day": lambda n: f"10:30:{n}",
    "JSON text, 170 characters": lambda n: (
        '{"id": 1, "lines": [{"sku": "AB-123", "unit": "12.50"}], "note": "after 10:30"}' * 2 + str(n)
    ),
    "string of 100,000": lambda n: "x" * 100_000 + str(n),
    "float": lambda n: n + 0.5,
    "Decimal": lambda n: Decimal(n) / 4,
    "date": lambda n: date(2024, 1, n % 28 + 1),
    "datetime": lambda n: datetime(2024, 1, n % 28 + 1, 10, 30, tzinfo=timezone.utc),
    "UUID": lambda n: UUID(int=n << 64),
    "path": lambda n: Path(f"/srv/data/{n}.csv"),
    "member of an enumeration": lambda _: Colour.RED,
    "bytes": lambda n: b"some bytes %d" % n,
    "tuple of 2": lambda n: ("a", n),
    "list of 3 integers": lambda n: [n, 2, 3],
    "list of 100 integers": lambda n: list(range(n, n + 100)),
    "list of 20 strings": lambda n: [f"abc{n}"] * 20,
    "list of 1,000 dataclasses": lambda n: [Slotted(n, "b") for _ in range(1000)],
    "dict of 3": lambda n: {"id": n, "net": 2, "tax": 3},
    "dict with a hidden key": lambda n: {"id": n, "user": "bob", "password": "hunter2"},
    "10 dicts within each other": lambda n: levels(10, n),
    "named tuple": lambda n: Point(n, 2, "z"),
    "dataclass of 3 fields": lambda n: Item("AB123", n, Decimal("12.50")),
    "dataclass of 7 with 3 others": order,
    "dataclass with slots": lambda n: Slotted(n, "b"),
    "dataclass of 200 fields": Fields,
    "object": lambda _: Plain(),
    "object with its own repr": lambda _: Spoken(),
    "object that names its attributes": Named,
    "object with a property and a method": Computed,
    "list with its own repr": lambda n: Numbers([n, 2]),
    "object that shows two others": lambda _: Basket(),
    "object of 200 attributes": Wide,
    "object whose repr has effects": lambda _: Counted(),
}
_MANY = 150  # more than are remembered of a class


def models() -> dict[str, Callable[[int], Any]]:
    """Objects of libraries, if they are installed."""
    found: dict[str, Callable[[int], Any]] = {}
    with contextlib.suppress(ImportError):
        attrs = importlib.import_module("attrs").make_class("Part", ["sku", "qty", "unit"])
        found["attrs class of 3 fields"] = lambda n: attrs("AB123", n, 12.5)
    with contextlib.suppress(ImportError):
        model = importlib.import_module("pydantic").create_model(
            "Part", sku=(str, "AB123"), qty=(int, 1), unit=(float, 1)
        )
        found["pydantic model of 3 fields"] = lambda n: model(qty=n)
    return found


def graph(size: int) -> dict[str, Any]:
    """A cycle of nodes, each of which also leads to the first."""
    first: dict[str, Any] = {"name": 0}
    node = first
    for name in range(1, size):
        node["next"] = {"name": name, "first": first}
        node = node["next"]
    node["next"] = first
    return first


def nested(depth: int) -> list[Any]:
    """A list in a list, and so on."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


GIANTS: dict[str, Callable[[int], Any]] = {
    "list of 10,000,000 integers": lambda scale: list(range(10_000_000 // scale)),
    "string of 1 GB": lambda scale: "s" * (1_000_000_000 // scale),
    "cyclic graph of 100,000 nodes": lambda scale: graph(100_000 // scale),
    "100,000 lists in each other": lambda scale: nested(100_000 // scale),
    "dict of 1,000,000 strings": lambda scale: dict.fromkeys(range(1_000_000 // scale), "x" * 80),
}


def peers() -> dict[str, Callable[[Any], object]]:
    """What the tools that are installed make of a value."""
    found: dict[str, Callable[[Any], object]] = {"repr": repr, "reprlib": reprlib.repr}
    for tool, (module, name) in {
        "cheap_repr": ("cheap_repr", "cheap_repr"),
        "hunter": ("hunter.util", "safe_repr"),
        "kolo": ("kolo.serialize", "dump_msgpack"),
        "kolo_lean": ("kolo.serialize", "dump_msgpack_lightweight_repr"),
        "logfire": ("logfire._internal.json_encoder", "logfire_json_dumps"),
        "eliot": ("eliot.json", "_dumps_unicode"),
    }.items():
        with contextlib.suppress(ImportError, AttributeError):
            found[tool] = getattr(importlib.import_module(module), name)
    return found


def round_ns(function: Callable[[Any], object], values: list[Any]) -> float:
    """Nanoseconds of one call, as the mean of a short round; none if it fails."""
    started = time.perf_counter_ns()
    try:
        for value in values:
            function(value)
    except Exception:
        return math.nan
    return (time.perf_counter_ns() - started) / len(values)


def least_ns(functions: list[Callable[[Any], object]], values: list[Any], rounds: int) -> list[float]:
    """The least round of each function; they take turns."""
    timed = [[round_ns(function, values) for function in functions] for _ in range(rounds)]
    return [min(column) for column in zip(*timed, strict=True)]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description="What the text of a value costs, beside repr, reprlib and other tools."
    )
    parser.add_argument("--quick", action="store_true", help="few rounds and small giants: only see that it runs")
    quick = parser.parse_args().quick
    rounds, scale, many = (1, 1000, 20) if quick else (25, 1, _MANY)
    freeze = Renderer().freeze
    others = peers()
    gc.disable()

    print(f"{'ratios to repr':36}{'new':>7}{'again':>7}" + "".join(f"{tool:>11}" for tool in others))
    for name, make in (VALUES | models()).items():
        values = [make(number) for number in range(many)]
        round_ns(freeze, values)
        times = dict(zip(["new", *others], least_ns([freeze, *others.values()], values, rounds), strict=True))
        again = least_ns([freeze], values[:1] * many, rounds)[0]
        plain = times.pop("repr")
        row = f"{name:36}{times.pop('new') / plain:7.2f}{again / plain:7.2f}{plain:8.0f} ns"
        print(row + "".join(f"{each / plain:11.2f}" for each in times.values()))

    print(f"\n{'giant':40}{'text':>10}")
    for name, make in GIANTS.items():
        value = make(scale)
        print(f"{name:40}{least_ns([freeze], [value] * 5, 4 * rounds)[0] / 1000:7.1f} µs")
        del value


if __name__ == "__main__":
    main()

"""What the text of a value costs, beside ``repr`` and ``reprlib`` in the same run: ``python benchmarks/values.py``.

Each figure is the least of many short rounds, and the three take turns, so that a noisy machine disturbs them alike.
Ratios matter, absolute times depend on the machine. ``--quick`` only checks that everything runs.
"""

from __future__ import annotations

import argparse
import gc
import reprlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

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


ITEMS = [Item("AB123", quantity, Decimal("12.50")) for quantity in (1, 2, 3)]
ORDER = Order(1, "Ann Smith", "ann@example.org", "NO", date(2024, 1, 2), ITEMS, "leave it at the door")
VALUES: dict[str, Any] = {
    "short string": "NO-warehouse",
    "time of day": "10:30:15",
    "JSON text, 170 characters": '{"id": 1, "lines": [{"sku": "AB-123", "unit": "12.50"}], "note": "after 10:30"}' * 2,
    "float": 1.5,
    "Decimal": Decimal("12.50"),
    "date": date(2024, 1, 2),
    "bytes": b"some bytes",
    "tuple of 2": ("a", 1),
    "list of 3 integers": [1, 2, 3],
    "list of 100 integers": list(range(100)),
    "list of 20 strings": ["abc"] * 20,
    "dict of 3": {"id": 1, "net": 2, "tax": 3},
    "dict with a hidden key": {"id": 1, "user": "bob", "password": "hunter2"},
    "dataclass of 3 fields": ITEMS[0],
    "dataclass of 7 with 3 others": ORDER,
    "object": Plain(),
    "object with its own repr": Spoken(),
    "object that shows two others": Basket(),
    "object whose repr has effects": Counted(),
}


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


def round_ns(function: Callable[[Any], object], value: object, calls: int) -> float:
    """Nanoseconds of one call, as the mean of a short round."""
    started = time.perf_counter_ns()
    for _ in range(calls):
        function(value)
    return (time.perf_counter_ns() - started) / calls


def least_ns(functions: list[Callable[[Any], object]], value: object, rounds: int, calls: int) -> list[float]:
    """The least round of each function; they take turns."""
    timed = [[round_ns(function, value, calls) for function in functions] for _ in range(rounds)]
    return [min(column) for column in zip(*timed, strict=True)]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="What the text of a value costs, beside repr and reprlib.")
    parser.add_argument("--quick", action="store_true", help="few rounds and small giants: only see that it runs")
    quick = parser.parse_args().quick
    rounds, scale = (2, 1000) if quick else (300, 1)
    freeze = Renderer().freeze
    gc.disable()

    print(f"{'value':30}{'freeze':>10}{'repr':>10}{'reprlib':>10}{'/ repr':>9}{'/ reprlib':>11}")
    for name, value in VALUES.items():
        round_ns(freeze, value, 50)
        ours, plain, library = least_ns([freeze, repr, reprlib.repr], value, rounds, 50)
        times = f"{ours:7.0f} ns{plain:7.0f} ns{library:7.0f} ns"
        print(f"{name:30}{times}{ours / plain:8.2f} {ours / library:10.2f}")

    print(f"\n{'giant':40}{'freeze':>10}")
    for name, make in GIANTS.items():
        value = make(scale)
        print(f"{name:40}{least_ns([freeze], value, rounds, 5)[0] / 1000:7.1f} µs")
        del value


if __name__ == "__main__":
    main()

"""Code made for classes and shapes of dictionaries, and what it remembers: the text is always that of the moment."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.values import OVERSHOOT, REDACTED, Limits, Redactor, Renderer

OFTEN = 200
"""Calls after which code is made, also for kinds of values that came later."""

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300), st.decimals(), st.dates(),
    st.datetimes(), st.timedeltas(), st.binary(max_size=20), st.lists(st.integers(), max_size=3),
)  # fmt: skip
LOOKALIKES = [1, True, 1.0, Decimal(1), 0.0, -0.0, Decimal("1.0"), Decimal("1.00"), "1", b"1", None, False, 0]


@dataclass
class Line:
    sku: Any
    qty: Any = 1
    unit: Any = None


@dataclass
class Order:
    id: int
    lines: list[Line] = field(default_factory=list)
    note: str = ""


@dataclass(slots=True)
class Slotted:
    a: Any
    b: Any = 1


@pytest.mark.parametrize("first", LOOKALIKES, ids=repr)
def test_equal_values_are_not_taken_for_each_other(first: Any) -> None:
    """A field that changes to an equal value of another kind, or to another zero, shows the new one."""
    renderer = Renderer()
    line, slotted, record = Line(first), Slotted(first), {"sku": first, "qty": 1}
    for _ in range(OFTEN):
        renderer.text(line), renderer.text(slotted), renderer.text(record)
    for other in LOOKALIKES:
        line.sku = slotted.a = record["sku"] = other
        for value in (line, slotted, record, [line], {"line": line}):
            assert renderer.text(value) == repr(value)


@settings(max_examples=60)
@given(st.lists(st.tuples(SCALARS, SCALARS), min_size=1, max_size=12))
def test_one_object_whose_fields_change(states: list[tuple[Any, Any]]) -> None:
    """Whatever an object, or a dictionary, holds next, its text is the one that ``repr`` would give now."""
    renderer = Renderer(Limits(max_field_length=100_000, max_items=10_000), Redactor(defaults=False))
    line, record = Line("a"), {"sku": "a", "unit": None}
    for _ in range(4):
        for sku, unit in states:
            line.sku, line.unit = sku, unit
            record["sku"], record["unit"] = sku, unit
            for _ in range(6):
                assert renderer.text(line) == repr(line)
                assert renderer.text(record) == repr(record)


@given(
    st.dictionaries(st.text(max_size=8), SCALARS, max_size=6),
    st.integers(1, 200),
)
def test_shapes_are_bounded_and_equal_repr_within_limits(record: dict[str, Any], limit: int) -> None:
    """Dictionaries of any keys, seen often: the text of ``repr`` if it fits, never longer than the limit and mark."""
    renderer = Renderer(Limits(max_field_length=limit), Redactor(defaults=False))
    for _ in range(30):
        text = renderer.text(record)
        assert len(text) <= limit + OVERSHOOT
        assert len(repr(record)) > limit or text == repr(record)


def test_what_lies_deeper_may_change() -> None:
    """Only what an object holds itself is remembered: a change in a list, or in an object in it, shows."""
    renderer = Renderer()
    order = Order(1, [Line("a"), Line("b")], "note")
    for step in range(OFTEN):
        order.lines[0].qty = step
        assert renderer.text(order) == repr(order)
        order.lines.append(order.lines.pop(0))
        assert renderer.text(order) == repr(order)


def test_keys_may_change() -> None:
    """The same values under other keys, or in another order, are shown under those."""
    renderer = Renderer()
    record: dict[str, Any] = {"a": 1, "b": "two"}
    for _ in range(OFTEN):
        renderer.text(record)
    record["c"] = record.pop("a")
    assert renderer.text(record) == "{'b': 'two', 'c': 1}"
    record["password"] = record.pop("b")
    assert renderer.text(record) == f"{{'c': 1, 'password': {REDACTED}}}"


def test_other_objects_in_the_same_place() -> None:
    """Objects that come and go have the places of others in memory, never their texts."""
    renderer = Renderer()
    for number in range(2000):
        assert (
            renderer.text(Line(f"sku {number % 7}", number)) == f"Line(sku='sku {number % 7}', qty={number}, unit=None)"
        )
        assert renderer.text({"id": number, "odd": number % 2}) == f"{{'id': {number}, 'odd': {number % 2}}}"


def test_nothing_but_plain_values_is_kept() -> None:
    """Objects, those inside them, time zones and hidden values go when the program lets them go."""

    class Zone(tzinfo):
        def utcoffset(self, moment: datetime | None) -> timedelta:
            return timedelta(hours=1)

        def dst(self, moment: datetime | None) -> None:
            return None

    class Secret:
        pass

    @dataclass
    class User:
        name: str
        password: Any
        seen: Any
        lines: Any

    renderer = Renderer()
    zone, secret, line = Zone(), Secret(), Line("a")
    user = User("ann", secret, datetime(2024, 1, 1, tzinfo=zone), [line])
    record = {"name": "ann", "password": secret, "seen": datetime(2024, 1, 1, tzinfo=zone), "line": line}
    for _ in range(OFTEN):
        renderer.text(user), renderer.text(record)
    alive = [weakref.ref(each) for each in (zone, secret, line, user, User)]
    del zone, secret, line, user, record, User
    gc.collect()
    assert [each() for each in alive] == [None] * 5


def test_hidden_values_and_secrets_in_texts_stay_hidden_when_seen_often() -> None:
    """What is remembered has been redacted."""
    renderer = Renderer()
    record = {"user": "bob", "token": "t0psecret", "url": "postgres://bob:t0psecret@db/x", "when": date(2024, 1, 2)}
    line = Line("password=t0psecret", 1)
    for _ in range(OFTEN):
        assert "t0psecret" not in renderer.text(record) + renderer.text(line) + renderer.text([line, record])


def test_long_texts_are_remembered_by_identity() -> None:
    """A text that is looked into is looked into again if it is another of the same length, or in the same place."""
    renderer = Renderer()
    for number in range(500):
        text = f"password=x{number:04}; n={number}"
        assert renderer.text(text) == renderer.text(text) == repr(f"password={REDACTED}; n={number}")


def test_callbacks_are_asked_each_time() -> None:
    """A function that decides what a text becomes is not taken to decide the same next time."""
    answers = iter(range(10_000))
    renderer = Renderer(redactor=Redactor([lambda text: f"{text}{next(answers)}"]))
    line, record = Line("a"), {"sku": "a"}
    assert len({renderer.text(line) for _ in range(OFTEN)} | {renderer.text(record) for _ in range(OFTEN)}) == 2 * OFTEN


def test_depth_is_limited_for_what_is_seen_often() -> None:
    """An object at the deepest level is not shown from memory where it would not be shown otherwise."""
    renderer = Renderer(Limits(max_depth=1))
    line, record = Line("a"), {"sku": "a"}
    for _ in range(OFTEN):
        assert renderer.text(line) == repr(line)
        assert renderer.text([line, record]) == "[Line(… 3 more), {… 1 more}]"


def test_times_with_zones_show_them() -> None:
    """Moments in fields are shown with their zone."""
    renderer = Renderer()
    line = Line(datetime.fromisoformat("2024-01-01"), datetime(2024, 1, 1, tzinfo=timezone.utc))
    for _ in range(OFTEN):
        assert renderer.text(line) == repr(line)


def test_braces_and_quotes_in_keys() -> None:
    """Keys are never taken for code."""
    renderer = Renderer()
    record = {"{value}": 1, "'": "x", '"\\N{BULLET}\n': None, "{{": 2.5, "é\ud800": True}
    expected = repr(record)
    assert all(renderer.text(record) == expected for _ in range(OFTEN))

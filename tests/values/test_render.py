"""Texts of values: equal to ``repr`` within the limits, bounded beyond them, and made without touching the program."""

from __future__ import annotations

import datetime
import gc
import hashlib
import re
import sys
import time
import uuid
import weakref
from array import array
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from functools import partial
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.values import OVERSHOOT, Limits, Redactor, Renderer

ENOUGH = Renderer(Limits(max_field_length=100_000, max_items=10_000, max_depth=100), Redactor(defaults=False))
DEFAULT = Renderer()


class Node:
    """One of many that all know each other."""

    def __init__(self) -> None:
        self.others: list[Node] = []

    def meet(self, other: Node) -> None:
        """Know one more."""
        self.others.append(other)


class Color(Enum):
    RED = 1


class Level(IntEnum):
    LOW = 1


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.decimals(),
    st.fractions(),
    st.dates(),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.timedeltas(),
    st.uuids(),
    st.sampled_from([Color.RED, Level.LOW, int, len, PurePosixPath("/tmp/a"), range(5), ..., NotImplemented]),
)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.binary(), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(KEYS, inner),
        st.dictionaries(KEYS, inner).map(OrderedDict),
        st.dictionaries(KEYS, inner).map(lambda items: defaultdict(list, items)),
        st.frozensets(KEYS),
        st.sets(KEYS),
        st.lists(inner, max_size=4).map(deque),
        st.lists(inner, max_size=4).map(UserList),
        st.dictionaries(KEYS, st.integers(0, 3)).map(Counter),
        inner.map(lambda value: SimpleNamespace(value=value)),
        inner.map(lambda value: ValueError(value, 1)),
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_text_within_the_limits_is_the_repr(value: Any) -> None:
    """Built-in values, however nested, show as their own repr when nothing is cut or hidden."""
    assert ENOUGH.text(value) == repr(value)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(1, 600), st.integers(1, 20), st.integers(1, 5))
def test_text_is_never_longer_than_the_limit_and_its_marks(value: Any, length: int, items: int, depth: int) -> None:
    """Whatever the value and the limits, the text fits in the field plus the room for marks."""
    text = Renderer(Limits(length, items, depth)).text(value)
    assert len(text) <= length + OVERSHOOT


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_frozen_value_is_immutable(value: Any) -> None:
    """What waits in a buffer is an exact built-in scalar or a text."""
    atom = DEFAULT.freeze(value)
    assert type(atom) in (int, float, bool, str, type(None)) or (type(atom) is tuple and type(atom[0]) is str)
    assert len(DEFAULT.atom_text(atom)) <= DEFAULT.limits.max_field_length + OVERSHOOT


@pytest.mark.parametrize("value", [0, -7, 2.5, True, None, "plain text", ""])
def test_scalars_are_kept_as_they_are(value: object) -> None:
    """Numbers and short plain texts are not turned into text on the hot path."""
    assert DEFAULT.freeze(value) is value


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), b"bytes", "x" * 511, "a=b, token=c", [1], Decimal("1.5")]
)
def test_what_json_or_a_reader_could_not_take_becomes_text_at_once(value: object) -> None:
    """Non-finite numbers, bytes, long texts, texts with secrets and objects are texts when they are frozen."""
    assert type(DEFAULT.freeze(value)) is tuple


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.50"), "Decimal('1.50')"),
        (Fraction(1, 3), "Fraction(1, 3)"),
        (datetime.date(2024, 1, 2), "datetime.date(2024, 1, 2)"),
        (uuid.UUID(int=1), "UUID('00000000-0000-0000-0000-000000000001')"),
        (Color.RED, "<Color.RED: 1>"),
        (UserDict(a=1), "{'a': 1}"),
        (deque([1, 2], maxlen=3), "deque([1, 2], maxlen=3)"),
        ({"a": 1}.keys(), "dict_keys(['a'])"),
        (slice(1, None), "slice(1, None, None)"),
        (KeyError("x"), "KeyError('x')"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        (bytearray(b"ab"), "bytearray(b'ab')"),
        (sys, "<module 'sys'>"),
        (partial(int, "1", base=2), "functools.partial(<class 'int'>, '1', base=2)"),
        (re.match("b+", "abbb"[1:]), "<re.Match object; span=(0, 3), match='bbb'>"),
        ([].append, None),
        (Node.__init__, None),
        (array("i", [1, 2]), None),
        (hashlib.sha256(), None),
    ],
)
def test_texts_of_the_standard_library(value: object, text: str) -> None:
    """Common values of the standard library are shown in the form in which one would type them."""
    assert DEFAULT.text(value) == (repr(value) if text is None else text)


def test_bound_methods_do_not_show_their_object() -> None:
    """A method is shown by its name and the class that it is bound to."""
    assert DEFAULT.text(graph.__call__) == repr(graph.__call__)
    assert DEFAULT.text(Node().meet) == "<bound method Node.meet of <Node>>"
    assert DEFAULT.text(dict.fromkeys) == repr(dict.fromkeys)


def test_long_list_says_how_much_is_missing() -> None:
    """A cut list ends with the number of items that are not shown."""
    text = DEFAULT.text(list(range(10_000_000)))
    assert text.startswith("[0, 1, 2, ")
    shown = text.count(",", 0, text.index("…"))
    assert text.endswith(f"… {10_000_000 - shown:,} more]")


def test_long_string_says_how_much_is_missing() -> None:
    """A cut string ends with the number of characters that are not shown."""
    text = DEFAULT.text("é" * 2000)
    assert text == f"'{'é' * 510}… 1,490 more'"


def test_string_that_grows_when_escaped_is_cut_at_the_limit() -> None:
    """Characters that ``repr`` spells out count with the length that they are shown with."""
    text = DEFAULT.text("\x00" * 400)
    assert len(text) <= 512 + OVERSHOOT
    shown = text.count("\\x00")
    assert text.endswith(f"… {400 - shown:,} more'")


@pytest.mark.parametrize("bits", [20_000, 10_000_000])
def test_huge_numbers_show_their_size(bits: int) -> None:
    """Numbers beyond the interpreter's limit of digits have a short text and raise nothing."""
    assert DEFAULT.text(1 << (bits - 1)) == f"<int of {bits:,} bits>"
    assert DEFAULT.text([-(1 << (bits - 1))]) == f"[<int of {bits:,} bits>]"


def test_cycles_are_shown_as_repr_shows_them() -> None:
    """A container within itself shows the ellipsis of its kind."""
    numbers: list[Any] = [1]
    numbers.append(numbers)
    mapping: dict[str, Any] = {}
    mapping["me"] = [mapping]
    assert DEFAULT.text(numbers) == repr(numbers) == "[1, [...]]"
    assert DEFAULT.text(mapping) == repr(mapping) == "{'me': [{...}]}"


def test_depth_and_items_are_limited() -> None:
    """Containers deeper than the limit, and items beyond it, are counted and not shown."""
    renderer = Renderer(Limits(max_items=2, max_depth=2))
    assert renderer.text([1, [2, [3, 4]], 5]) == "[1, [2, [… 2 more]], … 1 more]"
    assert renderer.text({"a": 1, "b": 2, "c": 3}) == "{'a': 1, 'b': 2, … 1 more}"
    assert renderer.text((1, 2, 3)) == "(1, 2, … 1 more)"


def graph(size: int) -> dict[str, Any]:
    """Nodes as dictionaries, each of which leads to the first and to the next."""
    first: dict[str, Any] = {"name": 0}
    node = first
    for name in range(1, size):
        node["next"] = {"name": name, "first": first, "back": node}
        node = node["next"]
    node["next"] = first
    return first


def nested(depth: int) -> list[Any]:
    """A list in a list, and so on."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "make",
    [
        lambda: list(range(10_000_000)),
        lambda: dict.fromkeys(range(1_000_000), "x" * 100),
        lambda: ["y" * 1_000_000] * 100_000,
        lambda: "s" * 200_000_000,
        lambda: b"s" * 100_000_000,
        lambda: graph(100_000),
        lambda: [[[list(range(1000))] * 1000] * 1000] * 1000,
        lambda: nested(50_000),
        lambda: deque(range(1_000_000)),
        lambda: [1.5] * 1_000_000,
        lambda: ("s" * 100_000_000, 1),
        lambda: {"s" * 100_000_000: 1},
        lambda: ValueError(list(range(1_000_000))),
    ],
)
def test_giants_cost_microseconds(make: Any) -> None:
    """The work is bounded while the text is made: it does not grow with the value."""
    value = make()
    DEFAULT.freeze(value)
    best = min(_seconds(value) for _ in range(50))
    del value
    assert best < 500e-6


def _seconds(value: object) -> float:
    started = time.perf_counter()
    DEFAULT.freeze(value)
    return time.perf_counter() - started


def test_nothing_is_kept_alive() -> None:
    """Neither a value nor its class lives longer because its text was made."""

    def used() -> list[weakref.ref[Any]]:
        class Local:
            def __repr__(self) -> str:
                raise ValueError

        refs = []
        for cls in (Local, type("Plain", (), {}), type("Items", (list,), {})):
            value = cls()
            DEFAULT.text([value])
            refs += [weakref.ref(cls), weakref.ref(value)]
        return refs

    refs = used()
    gc.collect()
    assert [ref() for ref in refs] == [None] * 6


def test_iterators_are_not_consumed() -> None:
    """Generators, iterators and files give everything that they hold after their text was made."""
    numbers = (number for number in range(3))
    pairs = zip([1], [2], strict=True)
    for value in (numbers, pairs, iter([1]), map(str, [1])):
        assert DEFAULT.text(value).startswith("<")
    assert (list(numbers), list(pairs)) == ([0, 1, 2], [(1, 2)])


def test_objects_without_a_repr_show_their_class_and_place() -> None:
    """The default text is made by us and is the one that Python gives."""
    node = Node()
    assert DEFAULT.text(node) == repr(node)


def test_receiver_is_the_name_of_the_class() -> None:
    """``self`` is shown as its class, and ``cls`` as itself, also under a metaclass."""
    meta = type("Meta", (type,), {})
    assert DEFAULT.receiver(Node()) == "Node"
    assert DEFAULT.receiver(Node) == "Node"
    assert DEFAULT.receiver(meta("Made", (), {})) == "Made"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ValueError("bad thing"), "bad thing"),
        (ValueError(), ""),
        (ValueError("a", 2), "('a', 2)"),
        (KeyError("name"), "'name'"),
        (FileNotFoundError(2, "No such file", "x.txt"), "[Errno 2] No such file: 'x.txt'"),
        (ValueError([1, 2]), "[1, 2]"),
        (ValueError(Color.RED), "Color.RED"),
    ],
)
def test_message_is_what_str_gives(problem: BaseException, text: str) -> None:
    """The message of an exception is its ``str``."""
    assert DEFAULT.message(problem) == str(problem) == text


def test_message_is_bounded() -> None:
    """A message of any size, or made of any container, is cut like every other text."""
    for problem in (ValueError("m" * 10_000_000), ValueError(list(range(1_000_000))), ValueError("a", "b" * 100_000)):
        assert len(DEFAULT.message(problem)) <= 512 + OVERSHOOT
        assert "more" in DEFAULT.message(problem)


def test_message_hides_what_it_repeats_of_secrets() -> None:
    """Texts, bytes, numbers and containers of hidden arguments do not show in the message."""
    problem = ValueError("login of bob with hunter2 failed: b'\\xffkey', 4111111111111111, o'ne")
    secrets = ["hunter2", b"\xffkey", 4111111111111111, ("o'ne", None), object()]
    assert DEFAULT.message(problem, secrets) == (
        "login of bob with <redacted> failed: b'<redacted>', <redacted>, <redacted>"
    )


def test_short_secrets_are_hidden_as_whole_words() -> None:
    """A secret of one or two letters does not tear other words apart."""
    assert DEFAULT.message(ValueError("a bad pin ab"), ["a"]) == "<redacted> bad pin ab"


@pytest.mark.parametrize("secret", ["s" * 5000, b"s" * 5000, "s\n" * 800, b"\xff" * 3000])
def test_long_secrets_are_hidden_though_the_message_is_cut(secret: Any) -> None:
    """Of a secret longer than what is shown not even its beginning is seen."""
    for message in (f"bad {secret}", f"bad {secret!r}", secret):
        text = DEFAULT.message(ValueError(message), [secret])
        assert text.endswith(("<redacted>", "<redacted>'"))
        assert "ss" not in text
        assert "xff" not in text


@pytest.mark.parametrize("make", [lambda text: text, lambda text: [text], lambda text: {text: 1}, ValueError])
def test_texts_can_always_be_written(make: Any) -> None:
    """Lone surrogates, which no file can hold, do not get through to a writer."""
    atom = DEFAULT.freeze(make("file \udcff name"))
    assert DEFAULT.atom_text(atom).encode()
    assert type(atom) is tuple
    assert DEFAULT.message(ValueError("file \udcff name")) == "file ? name"

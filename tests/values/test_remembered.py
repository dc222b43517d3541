"""Texts that are asked for again only when what they are made of has changed."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any

import pytest

from glimpse.values import REDACTED, Limits, Renderer, hostile, rendering

CALLS: list[bool] = []


class Named:
    """A text made of two attributes."""

    kind = "thing"

    def __init__(self, name: Any, size: Any = 1) -> None:
        self.name = name
        self.size = size

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.size}, {self.kind})"


class Slotted:
    """The same in slots."""

    __slots__ = ("name",)

    def __init__(self, name: Any) -> None:
        self.name = name

    def __repr__(self) -> str:
        return "Slotted(%s)" % self.name  # noqa: UP031


class Anonymous:
    """A text made of the class alone."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


LEVEL = 1


class Levelled:
    """A text that a global has a part in."""

    def __init__(self) -> None:
        self.name = "x"

    def __repr__(self) -> str:
        return f"{self.name} at {LEVEL}"


def often(renderer: Renderer, value: Any) -> str:
    """The text after it was made some times."""
    return [renderer.text(value) for _ in range(5)][-1]


def test_text_follows_what_it_is_made_of() -> None:
    """A value that changes, also to one that is equal, is missing, or is no plain value any more, is seen."""
    renderer = Renderer()
    value = Named("a")
    assert often(renderer, value) == "Named('a', 1, thing)"
    value.size = True
    assert often(renderer, value) == "Named('a', True, thing)"
    value.name = ["in", "a", "list"]
    assert often(renderer, value) == "Named(['in', 'a', 'list'], True, thing)"
    value.name.append("more")
    assert "more" in renderer.text(value)
    value.name = "b"
    value.kind = "other"
    assert often(renderer, value) == "Named('b', True, other)"
    del value.size
    assert "AttributeError" in renderer.text(value)


def test_class_that_is_given_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the class itself holds has a part in the text too."""
    renderer = Renderer()
    value = Named("a")
    often(renderer, value)
    monkeypatch.setattr(Named, "kind", "changed")
    assert renderer.text(value) == "Named('a', 1, changed)"
    monkeypatch.setattr(Named, "__repr__", lambda self: f"patched {self.name}")
    assert renderer.text(value) == "patched a"


def test_secret_that_comes_later_is_concealed() -> None:
    """An attribute with a hidden name is looked for each time."""
    renderer = Renderer()
    value = Named("hunter2-hunter2")
    assert "hunter2" in often(renderer, value)
    value.password = "hunter2-hunter2"  # type: ignore[attr-defined]
    assert {renderer.text(value) for _ in range(5)} == {f"Named('{REDACTED}', 1, thing)"}


def test_slots() -> None:
    """Attributes in slots are told apart like others."""
    renderer = Renderer()
    value = Slotted("a")
    assert often(renderer, value) == "Slotted(a)"
    value.name = "b"
    assert often(renderer, value) == "Slotted(b)"


def test_text_without_values() -> None:
    """A text that is made of the class alone is remembered too."""
    assert often(Renderer(), Anonymous()) == "<Anonymous>"


def test_globals_have_a_part_in_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a text uses more than what the object holds, it is made each time."""
    renderer = Renderer()
    value = Levelled()
    assert often(renderer, value) == "x at 1"
    monkeypatch.setitem(globals(), "LEVEL", 2)
    assert renderer.text(value) == "x at 2"


def test_long_texts_are_not_kept() -> None:
    """Of a long value, nothing outlives its object; and a text that was cut is made again where there is more room."""
    renderer = Renderer()
    value = Named("x" * 100_000)
    long = value.name
    assert often(renderer, value).startswith("Named('xxx")
    del value
    gc.collect()
    assert not any(type(each) is tuple and any(item is long for item in each) for each in gc.get_referrers(long))
    other = Named("y" * 100)
    narrow = Renderer(Limits(max_field_length=120))
    within = narrow.text(["z" * 60, other])
    assert narrow.text(other) == repr(other)
    assert narrow.text(["z" * 60, other]) == within


def test_text_within_a_text_is_not_kept() -> None:
    """While another text is made, there is only the name; it is not taken for the text afterwards."""
    renderer = Renderer()
    value = Named("a")

    class Outer:
        """Has its text made by something that makes texts."""

        def __repr__(self) -> str:
            assert rendering()
            CALLS.append(renderer.text(value) == "<Named>")
            return "outer"

    assert hostile.GuardedCall(repr, "Outer")(Outer()) == "outer"
    assert CALLS == [True]
    assert renderer.text(value) == "Named('a', 1, thing)"


class Fails:
    """A text that cannot be made of some values."""

    def __init__(self, name: Any) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name  # type: ignore[no-any-return]


def test_failures_are_not_kept() -> None:
    """What stands in the place of a text is not taken for the text; a text that was made is not made again."""
    renderer = Renderer()
    asked: list[str] = []

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "__repr__":
            asked.append(frame.f_code.co_name)

    fails, works = Fails(5), Fails("text")
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        texts = [renderer.text(value) for value in (fails, works) * 3]
    finally:
        sys.setprofile(before)
    assert texts == ["<Fails repr failed: TypeError>", "text"] * 3
    assert len(asked) == 4

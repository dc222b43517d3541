"""Methods that are called for a text only if nothing can be noticed of it."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.values import Renderer
from tests.values.effects.samples import (
    CALLS,
    HARMLESS,
    Colour,
    Derived,
    Everywhere,
    Guarded,
    Held,
    Joined,
    Lines,
    Loud,
    Percent,
    Properties,
    Through,
    Told,
    Tried,
    User,
)

RENDERER = Renderer()


class LoopContext:
    """As in template engines: the length is found by going through the iterator."""

    def __init__(self, items: Any) -> None:
        self._iterator = iter(items)
        self.index0 = 0
        self._length: int | None = None

    @property
    def length(self) -> int:
        """How many items there are."""
        if self._length is None:
            rest = list(self._iterator)
            self._iterator = iter(rest)
            self._length = len(rest) + self.index0
        return self._length

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index0}/{self.length}>"


class AsyncLoopContext(LoopContext):
    """The same for asynchronous iterators."""

    @property
    async def length(self) -> int:  # type: ignore[override]
        """How many items there are."""
        return 1


class ParserElement:
    """As in parsers: the name is made up when it is first asked for, and kept."""

    def __init__(self) -> None:
        self.customName: str | None = None
        self._defaultName: str | None = None
        self.expr = "x"

    @property
    def default_name(self) -> str:
        """The name, made once."""
        if self._defaultName is None:
            self._defaultName = f"Parser:{self.expr}"
        return self._defaultName

    def __str__(self) -> str:
        return self.customName or self.default_name

    def __repr__(self) -> str:
        return str(self)


def test_text_that_consumes_an_iterator_is_not_made() -> None:
    """The iterator behind a property stays where it is, and the object is shown by what it holds."""
    stream = iter([1, 2, 3])
    loop = LoopContext(stream)
    before = dict(loop.__dict__)
    text = RENDERER.text([loop])
    assert text.startswith("[<tests.values.test_effects.LoopContext object at 0x")
    assert text.endswith(": index0=0>]")
    assert loop.__dict__ == before
    assert list(stream) == [1, 2, 3]


def test_no_coroutine_is_left_without_await() -> None:
    """A text that would make coroutines makes none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert " object at 0x" in RENDERER.text(AsyncLoopContext([1]))
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_text_that_is_kept_is_not_made() -> None:
    """What would be made up and kept at the first text is made up later, as it would be without us."""
    parser = ParserElement()
    RENDERER.text({"parser": parser})
    assert parser._defaultName is None
    parser.expr = "y"
    assert str(parser) == "Parser:y"


def test_loops_of_jinja2_are_not_moved() -> None:
    """The real loop contexts, while a template runs."""
    jinja2 = pytest.importorskip("jinja2")
    environment = jinja2.Environment(enable_async=True)
    texts: list[str] = []
    environment.globals["show"] = lambda value: texts.append(RENDERER.text(value)) or ""
    template = environment.from_string("{% for i in items %}{{ show(loop) }}{{ i }}{% endfor %}")
    assert template.render(items=(n for n in range(3))) == "012"
    assert asyncio.run(template.render_async(items=(n for n in range(3)))) == "012"
    plain = jinja2.Environment()
    plain.globals["show"] = environment.globals["show"]
    template = plain.from_string("{% for i in items %}{{ show(loop) }}{{ i }}{% endfor %}")
    assert template.render(items=(n for n in range(3))) == "012"
    assert len(texts) == 9
    assert all(" object at 0x" in text for text in texts)


def test_elements_of_pyparsing_keep_no_name() -> None:
    """The real parser elements have the same attributes after their text was made."""
    pyparsing = pytest.importorskip("pyparsing")
    word = pyparsing.Word(pyparsing.nums)
    elements = [word, word + word, pyparsing.ZeroOrMore(word), pyparsing.Literal("a") | word]
    before = [dict(element.__dict__) for element in elements]
    RENDERER.text(elements)
    assert [dict(element.__dict__) for element in elements] == before


def test_unasked_object_shows_what_is_plain() -> None:
    """In place of a text that is not made stand the object's place and its first plain, short values, no secrets."""
    loud = Loud(id=5, _hidden=1, password="hunter2", nothing=None, other=Held(), note="x" * 1000, a=1, b=2, c=3, d=4)
    text = RENDERER.text(loud)
    shown = "id=5, password=<redacted>, a=1, b=2, c=3, d=4"
    assert text == f"<tests.values.effects.samples.Loud object at {id(loud):#x}: {shown}>"
    nothing = Loud()
    assert RENDERER.text(nothing) == object.__repr__(nothing)
    assert RENDERER.text([Loud(a=1), Loud(a=1)]).count(": a=1>") == 2


class Explained(Exception):
    """An exception with a message of its own."""

    def __str__(self) -> str:
        return f"{self.args[0]} because of {self.args[1]!r}"


class Remembered(Exception):
    """An exception that makes its message once."""

    def __str__(self) -> str:
        self.message = "made"
        return self.message


def test_message_is_made_only_if_it_is_harmless() -> None:
    """The same care is taken for ``__str__`` of exceptions and of their arguments: in its place stand the arguments."""
    CALLS.clear()
    assert RENDERER.message(Explained("failed", [1])) == "failed because of [1]"
    assert RENDERER.message(Explained("failed", Loud())).startswith(
        "('failed', <tests.values.effects.samples.Loud object at"
    )
    remembered = Remembered("what it was given")
    assert RENDERER.message(remembered) == "what it was given"
    assert "message" not in remembered.__dict__
    assert RENDERER.message(ValueError(type("Said", (Loud,), {"__str__": Loud.__repr__})())).startswith("<")
    assert CALLS == []


plain = st.none() | st.integers() | st.text(max_size=5) | st.booleans() | st.floats()
nested = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
things = st.sampled_from([*HARMLESS.values(), Loud(), Colour.RED, object()])


@given(st.dictionaries(st.sampled_from(["id", "name", "x", "y", "items", "rest", "next", "parent"]), nested | things))
def test_nothing_changes_whatever_is_held(attributes: dict[str, Any]) -> None:
    """Instances of all classes, with attributes of any kind, are the same afterwards, and show the same text."""
    CALLS.clear()
    for cls in (User, Joined, Percent, Properties, Derived, Guarded, Tried, Told, Lines, Everywhere, Through, Loud):
        value = cls(**attributes)
        before = dict(value.__dict__)
        assert type(RENDERER.text(value)) is str
        assert CALLS == []
        assert list(value.__dict__) == list(before)
        assert all(value.__dict__[name] is held for name, held in before.items())


@pytest.mark.parametrize("build", ["attrs", "dataclass"])
def test_generated_texts_with_own_parts(build: str) -> None:
    """Classes whose text is generated from functions of the program are looked through with those functions."""
    if build == "attrs":
        attrs = pytest.importorskip("attrs")
        made = attrs.define(
            type("Made", (), {"__annotations__": {"x": int}, "x": attrs.field(repr=lambda x: f"<{x}>")})
        )
        assert RENDERER.text(made(1)) == "Made(x=<1>)"
        field = attrs.field(repr=lambda _: CALLS.append("field"))
        harmful = attrs.define(type("Made", (), {"__annotations__": {"x": int}, "x": field}))
        assert " object at 0x" in RENDERER.text(harmful(1))
    else:
        made = dataclasses.make_dataclass("Made", [("x", int)], namespace={"__repr__": lambda self: f"<{self.x}>"})
        assert RENDERER.text(made(1)) == "<1>"


def test_traced_text_is_looked_through(tmp_path: Path) -> None:
    """In instrumented modules the calls of the probe do not count as effects, and harmful texts are still seen."""
    (tmp_path / "shop.py").write_text(
        "class Item:\n"
        "    def __init__(self, sku): self.sku = sku\n"
        "    def label(self):\n"
        "        try:\n            return self.sku.upper()\n"
        "        finally:\n            pass\n"
        "    def __repr__(self): return f'Item({self.label()})'\n"
        "class Lazy(Item):\n"
        "    def __repr__(self):\n        self.seen = True\n        return 'lazy'\n"
        "def show(value): return value\n"
    )
    script = tmp_path / "main.py"
    script.write_text(
        "import shop\nshop.show(shop.Item('a1'))\nlazy = shop.Lazy('b2')\nshop.show(lazy)\nprint(lazy.__dict__)\n"
    )
    command = [sys.executable, "-m", "glimpse", "run", "-q", "-i", "shop", "-o", "out.jsonl", "main.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "{'sku': 'b2'}" in done.stdout
    entries = (tmp_path / "out.jsonl").read_text()
    assert "Item(A1)" in entries
    assert "shop.Lazy object at 0x" in entries

"""Methods that are called for a text only if nothing can be noticed of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import functools
import gc
import inspect
import reprlib
import subprocess
import sys
import threading
import types
import warnings
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.values import Renderer
from glimpse.values.effects import harmless, refusal

RENDERER = Renderer()
CALLS: list[str] = []
COLOURS = {1: "red", 2: "green"}
LOCK = threading.Lock()
counter = 0


def asked(value: Any) -> bool:
    """Whether the ``__repr__`` of a value is called for its text."""
    check = harmless(type(value), "__repr__")
    return check is not None and check(value)


class Held:
    """An object that holds what it is given."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Loud(Held):
    """An object whose text does not go unnoticed."""

    def __repr__(self) -> str:
        CALLS.append("repr")
        return "loud"


# -- what was found in real projects ------------------------------------------------------------------------------------


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


# -- what is called -----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("value", HARMLESS.values(), ids=HARMLESS)
def test_usual_texts_are_made(value: Any) -> None:
    """What programs write as a rule is called, and shown as it is."""
    assert refusal(type(value), "__repr__") == ""
    assert RENDERER.text(value) == repr(value)


def test_text_of_the_readme() -> None:
    """The example that everybody starts with, and one that fails."""
    assert RENDERER.text(User(id=123, name="John")) == "User(id=123, name='John')"
    assert RENDERER.text(User(id=123)) == "<User repr failed: AttributeError>"


VALUES: list[Any] = [
    None, 1, 1.5, "text", b"bytes", Decimal(1), Path("a"), datetime.now(timezone.utc), Colour.RED, Point(1), object(),
    [1, [2, {"a": (3,)}]], {"a": {1}}, deque([1]), OrderedDict(a=1), len, Held, Held(a=1), User(id=1, name=User(id=2, name="x")),
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


# -- what is not called ---------------------------------------------------------------------------------------------------


def _sets_attribute(self: Any) -> str:
    self.seen = True
    return ""


def _sets_global(_: Any) -> str:
    global counter
    counter += 1
    return ""


def _sets_item(self: Any) -> str:
    self.held["x"] = 1
    return ""


def _deletes(self: Any) -> str:
    del self.held
    return ""


def _counts(self: Any) -> str:
    self.held += [1]
    return ""


def _appends(self: Any) -> str:
    return f"{self.held.append(1)}"


def _appends_by_name(self: Any) -> str:
    add = self.held.append
    return f"{add(1)}"


def _appends_later(self: Any) -> str:
    return ", ".join(map(self.held.append, [1]))  # type: ignore[arg-type]


def _takes_next(self: Any) -> str:
    return str(next(self.stream))


def _goes_through(self: Any) -> str:
    return ", ".join(str(item) for item in self.stream)


def _unpacks(self: Any) -> str:
    first, *_ = self.stream
    return str(first)


def _asks_whether_in(self: Any) -> str:
    return str(5 in self.stream)


def _lists(self: Any) -> str:
    return str([*self.stream])


def _gets_from_defaultdict(self: Any) -> str:
    return str(self.counts["a"])


def _locks(self: Any) -> str:
    with self.lock:
        return ""


def _locks_global(_: Any) -> str:
    with LOCK:
        return ""


def _acquires(self: Any) -> str:
    return str(self.lock.acquire())


def _prints(_: Any) -> str:
    print("text")
    return ""


def _calls_data(self: Any) -> str:
    return str(self.callback())


def _calls_method_of_data(self: Any) -> str:
    return str(self.loud.__repr__())


def _shows_data(self: Any) -> str:
    return "{0.loud!r:>5}".format(self)


def _shows_data_of_data(self: Any) -> str:
    return "{0.inner.loud}".format(self)  # noqa: UP032


def _shows_by_name(self: Any) -> str:
    return "%(loud)s" % self.__dict__


def _shows_in_container(self: Any) -> str:
    return str([(1, self.loud)])


def _shows_appended(self: Any) -> str:
    parts: list[Any] = []
    for _ in range(2):
        if parts:
            return str(parts)
        parts.append(self.loud)
    return ""


def _shows_through_function(self: Any) -> str:
    def inner(value: Any) -> str:
        return f"{value}"

    return inner(self.loud)


def _shows_through_lambda(self: Any) -> str:
    return (lambda: str(self.loud))()


def _shows_through_global(self: Any) -> str:
    return helper(self.loud)


def helper(value: Any, size: int = 5) -> str:
    """What several methods use."""
    return repr(value)[:size]


def _compares(self: Any) -> str:
    return str(self.touchy == 1)


def _asks_for_truth(self: Any) -> str:
    return "a" if self.touchy else "b"


def _adds(self: Any) -> str:
    return str(self.touchy + 1)


def _measures(self: Any) -> str:
    return str(len(self.touchy))


def _sorts(self: Any) -> str:
    return str(len(sorted([self.touchy, self.touchy])))


def _hashes(self: Any) -> str:
    return str(len({self.touchy}))


def _reads_property_of_data(self: Any) -> str:
    return str(self.touchy.value)


def _asks_for_attribute(self: Any) -> str:
    return str(hasattr(self.touchy, "value"))


def _reads_class_of_data(self: Any) -> str:
    return str(isinstance(self.liar, int))


def _reads_cached(self: Any) -> str:
    return str(self.cached)


def _reads_descriptor(self: Any) -> str:
    return str(self.described)


def _reads_shadowed(self: Any) -> str:
    return str(self.method())


def _makes_coroutine(self: Any) -> str:
    return str(self.later())


def _imports(_: Any) -> str:
    import antigravity  # noqa: F401

    return ""


def _runs_text(_: Any) -> str:
    return str(eval("CALLS.append(1)"))


def _sets_by_function(self: Any) -> str:
    setattr(self, "x", 1)  # noqa: B010
    return ""


def _sets_by_object(self: Any) -> str:
    object.__setattr__(self, "x", 1)
    return ""


def _raises_kept(self: Any) -> str:
    raise self.error


def _remembers(_: Any, seen: list[int] = []) -> str:  # noqa: B006
    seen.append(1)
    return str(seen)


def _closes_over() -> Callable[[Any], str]:
    calls = 0

    def shown(_: Any) -> str:
        nonlocal calls
        calls += 1
        return str(calls)

    return shown


@functools.lru_cache
def cached_function(_: int) -> str:
    """A function that remembers."""
    return "cached"


def _calls_cached(_: Any) -> str:
    return cached_function(1)


class Touchy:
    """An object that notices whatever is done to it."""

    @property
    def value(self) -> int:
        """A value."""
        CALLS.append("property")
        return 1

    def _noticed(self, *_: object) -> Any:
        CALLS.append("operator")
        return 1

    __eq__ = __add__ = __bool__ = __len__ = __lt__ = _noticed  # type: ignore[assignment]

    def __hash__(self) -> int:
        return self._noticed()  # type: ignore[no-any-return]


class Liar:
    """An object that is asked for its class."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        CALLS.append("class")
        return int


class Described:
    """A descriptor that notices being read."""

    def __get__(self, instance: object, owner: type) -> str:
        CALLS.append("descriptor")
        return "described"


class Hostile:
    """Everything that the harmful methods use."""

    described = Described()

    def __init__(self) -> None:
        self.held: Any = []
        self.stream: Any = iter([1, 2, 3])
        self.counts: Any = defaultdict(int)
        self.lock = threading.Lock()
        self.callback = lambda: CALLS.append("callback")
        self.loud = Loud()
        self.inner = Held(loud=Loud())
        self.touchy = Touchy()
        self.liar = Liar()
        self.error = ValueError("kept")
        self.method = self.callback  # type: ignore[assignment]

    @functools.cached_property
    def cached(self) -> str:
        """What is made once."""
        return "cached"

    def method(self) -> str:
        """What an attribute of the instance stands before."""
        return "method"

    async def later(self) -> None:
        """What has to be awaited."""


HARMFUL = [
    function for name, function in sorted(globals().items()) if name[:1] == "_" and inspect.isfunction(function)
    and function is not _closes_over
]  # fmt: skip


def state(value: Hostile) -> Any:
    """All that a harmful method could change."""
    counts, stream = dict(value.counts), value.stream.__length_hint__()
    return list(value.__dict__), list(value.held), counts, stream, value.error.__traceback__, counter, len(CALLS)


@pytest.mark.parametrize("function", [*HARMFUL, _closes_over()], ids=lambda function: function.__name__)
def test_harmful_methods_are_not_called(function: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that could be noticed happens, directly or through whatever else is called."""
    hostile = type("Subject", (Hostile,), {"__repr__": function})()
    before = state(hostile)
    text = RENDERER.text([hostile])
    assert " object at 0x" in text
    assert state(hostile) == before
    assert function.__defaults__ in (None, ([],))
    assert "antigravity" not in sys.modules
    assert cached_function.cache_info().currsize == 0
    assert capsys.readouterr().out == ""


class Numbers(Held):
    """An iterator whose text would be harmless."""

    def __next__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "numbers"


class Bag:
    """Goes through something else when it is gone through."""

    def __iter__(self) -> Iterator[Any]:
        return iter([Loud()])


class Grows(dict):  # type: ignore[type-arg]
    """Adds what is missing."""

    def __missing__(self, key: object) -> int:
        self[key] = 1
        return 1


class Everywhere(Held):
    """Answers to any name."""

    def __getattr__(self, name: str) -> str:
        CALLS.append(name)
        return name

    def __repr__(self) -> str:
        return f"Everywhere({self.name})"


class Watched(Held):
    """Notices every reading."""

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)

    def __repr__(self) -> str:
        return f"Watched({self.name})"


class Through(Held):
    """Goes through an attribute."""

    def __repr__(self) -> str:
        return ", ".join(f"{item}" for item in self.items)


class First(Held):
    """Takes an item."""

    def __repr__(self) -> str:
        return f"First({self.items['a']})"


def test_classes_that_are_never_asked() -> None:
    """Iterators, objects that answer for themselves, and things that are called as methods but are none."""
    assert not asked(Numbers())
    assert not asked(Watched(name="x"))
    assert not asked(type("Thing", (), {"__repr__": functools.partial(str, 1)})())
    assert not asked(type("Thing", (), {"__repr__": functools.partialmethod(str)})())
    assert not asked(type("Thing", (), {"__repr__": Loud()})())


def test_classes_that_are_asked_sometimes() -> None:
    """What an attribute is decides: the same operation is harmless on one value and not on another."""
    assert asked(Everywhere(name="x"))
    assert not asked(Everywhere())
    assert asked(Through(items=[1, Colour.RED])) and asked(Through(items=Own(a=1)))
    assert (
        not asked(Through(items=Bag())) and not asked(Through(items=iter([1]))) and not asked(Through(items=[Loud()]))
    )
    assert asked(First(items={"a": 1})) and asked(First(items=OrderedDict(a=1)))
    assert not asked(First(items=Grows())) and not asked(First(items=defaultdict(int)))


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


def test_unasked_object_shows_what_is_plain() -> None:
    """In place of a text that is not made stand the place of the object and its first plain attributes, no secrets."""
    loud = Loud(id=5, _hidden=1, password="hunter2", nothing=None, other=Held(), note="x" * 1000, a=1, b=2, c=3, d=4)
    text = RENDERER.text(loud)
    assert text.startswith(
        f"<tests.values.test_effects.Loud object at {id(loud):#x}: id=5, password=<redacted>, note='xxx"
    )
    assert len(text) <= 512 + 64
    nothing = Loud()
    assert RENDERER.text(nothing) == object.__repr__(nothing)
    assert RENDERER.text([Loud(a=1), Loud(a=1)]).count(": a=1>") == 2


# -- exceptions -----------------------------------------------------------------------------------------------------------


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
        "('failed', <tests.values.test_effects.Loud object at"
    )
    remembered = Remembered("what it was given")
    assert RENDERER.message(remembered) == "what it was given"
    assert "message" not in remembered.__dict__
    assert RENDERER.message(ValueError(type("Said", (Loud,), {"__str__": Loud.__repr__})())).startswith("<")
    assert CALLS == []


# -- in general -----------------------------------------------------------------------------------------------------------

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

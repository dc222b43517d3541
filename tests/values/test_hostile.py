"""Code of the traced program that is called for a text: guarded, left alone when it misbehaves, and never recorded."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

from glimpse.natives import System
from glimpse.values import RENDERING, Renderer, rendering

RENDERER = Renderer()


def with_repr(function: Callable[[Any], Any], name: str = "Thing") -> Any:
    """An instance of a new class with this ``__repr__``."""
    return type(name, (), {"__repr__": function})()


def raises(problem: type[BaseException]) -> Callable[[Any], str]:
    """A ``__repr__`` that raises."""

    def shown(_: object) -> str:
        raise problem

    return shown


SLOW = "slow"


def slow(_: object) -> str:
    """A ``__repr__`` that takes long, if the clock is told so. It uses a global, so it is called each time."""
    return SLOW


class Clock:
    """A clock that goes on by a microsecond whenever it is read, however busy the machine is."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        """The time in nanoseconds."""
        self.now += 1_000
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What guarded calls tell slow from fast by."""
    clock = Clock()
    monkeypatch.setattr(System, "perf_counter_ns", clock)
    return clock


@contextmanager
def on_call(function: Callable[..., Any], action: Callable[[], object]) -> Iterator[None]:
    """Something that happens at each call of a function, without a trace of it in the function."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is function.__code__:
            action()

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def endless(value: object) -> str:
    """A ``__repr__`` that calls itself."""
    return repr(value)


class Quiet(Exception):
    """An exception that cannot be shown either."""

    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (raises(ValueError), "ValueError"),
        (raises(Quiet), "Quiet"),
        (raises(GeneratorExit), "GeneratorExit"),
        (raises(SystemExit), "SystemExit"),
        (raises(MemoryError), "MemoryError"),
        (endless, "RecursionError"),
        (lambda _: 5, "TypeError"),
        (lambda _: None, "TypeError"),
    ],
)
def test_failing_repr_says_how_it_failed(function: Callable[[Any], Any], name: str) -> None:
    """Whatever a ``__repr__`` raises stays inside, and the text names it; the values beside it are shown."""
    thing = with_repr(function)
    for _ in range(30):
        assert RENDERER.text(thing) == f"<Thing repr failed: {name}>"
    assert RENDERER.text({"a": [thing, 1]}) == f"{{'a': [<Thing repr failed: {name}>, 1]}}"


def test_repr_that_is_none_is_a_failure() -> None:
    """A class without any usable ``__repr__`` has a text all the same."""
    assert RENDERER.text(type("Thing", (), {"__repr__": None})()) == "<Thing repr failed: TypeError>"


def test_text_of_a_text_subclass_becomes_an_exact_text() -> None:
    """What a ``__repr__`` returns cannot smuggle its own methods in."""

    class Loud(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise ValueError

        __getitem__ = __contains__ = __len__  # type: ignore[assignment]

    loud = Loud("loud")
    (text,) = RENDERER.freeze(with_repr(lambda _: loud))
    assert text == "loud"
    assert type(text) is str


def test_huge_text_of_a_repr_is_cut() -> None:
    """A ``__repr__`` of any length is shown as far as there is room."""
    text = RENDERER.text(with_repr(lambda _: "x" * 1_000_000))
    assert text == "x" * 512 + "… 999,488 more"


def test_failing_repr_is_left_alone_for_a_while(clock: Clock) -> None:
    """A class that fails ten times running is not asked for a second, and is asked again later."""
    calls: list[int] = []
    shown = raises(ValueError)
    thing = with_repr(shown)
    with on_call(shown, lambda: calls.append(1)):
        for _ in range(1000):
            assert RENDERER.text(thing) == "<Thing repr failed: ValueError>"
        assert len(calls) == 10
        clock.now += 1_000_000_000
        RENDERER.text(thing)
    assert len(calls) == 11


def test_slow_repr_is_left_alone(clock: Clock) -> None:
    """A class that took more than 50 ms in slow calls is shown by a remark for fifty times as long."""
    calls: list[int] = []

    def sleep() -> None:
        calls.append(1)
        clock.now += 20_000_000

    thing = with_repr(slow)
    with on_call(slow, sleep):
        texts = [RENDERER.text([thing] * 5) for _ in range(20)]
        assert len(calls) == 3
        assert texts[-1] == f"[{', '.join(['<Thing repr skipped: slow>'] * 5)}]"
        clock.now += 50 * 70_000_000
        assert RENDERER.text(thing) == "slow"


def test_sleeping_repr_cannot_hang_the_program() -> None:
    """Code that sleeps is seen before it is called, and never is."""
    thing = with_repr(lambda _: time.sleep(3600))
    assert RENDERER.text(thing) == object.__repr__(thing)


def test_slow_call_now_and_then_is_forgiven(clock: Clock) -> None:
    """A class that is fast as a rule is shown also after many slow calls: the machine was busy."""
    calls = itertools.count(1)
    fast = "fast"

    def shown(_: object) -> str:
        return fast

    def busy() -> None:
        if next(calls) % 50 == 0:
            clock.now += 10_000_000

    thing = with_repr(shown)
    with on_call(shown, busy):
        assert {RENDERER.text(thing) for _ in range(500)} == {"fast"}
    assert next(calls) == 501


def test_thread_is_marked_while_it_renders() -> None:
    """The tracer can tell that a call was made for a text, on this thread only, and nothing stays behind."""
    seen: list[object] = []

    def shown(_: object) -> str:
        return "seen"

    def look() -> None:
        other = threading.Thread(target=lambda: seen.append(rendering()))
        other.start()
        other.join(5)
        seen.extend([rendering(), threading.get_ident() in RENDERING])

    with on_call(shown, look):
        assert RENDERER.text(with_repr(shown)) == "seen"
    RENDERER.text(with_repr(raises(ValueError)))
    RENDERER.message(Quiet())
    assert seen == [False, True, True]
    assert not rendering()
    assert not RENDERING


def test_messages_are_guarded_too() -> None:
    """An exception that cannot give its message has a text all the same."""
    assert RENDERER.message(Quiet()) == "<Quiet repr failed: ValueError>"
    assert RENDERER.message(ValueError(with_repr(raises(KeyError)))) == "<Thing repr failed: KeyError>"
    assert RENDERER.text(Quiet()) == "<Quiet repr failed: ValueError>"


@contextmanager
def handled(number: int, handler: Any) -> Iterator[None]:
    """A handler of a signal, gone afterwards."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


class TimesOut:
    """A handler that is a method."""

    def stop(self, *_: object) -> None:
        """The program's own time limit."""
        raise TimeoutError


def exits(*_: object) -> None:
    """A handler that ends the program."""
    sys.exit(3)


@pytest.mark.parametrize(
    ("handler", "problem"),
    [(TimesOut().stop, TimeoutError), (exits, SystemExit), (signal.default_int_handler, KeyboardInterrupt)],
)
def test_what_a_signal_handler_raises_reaches_the_program(handler: Any, problem: type[BaseException]) -> None:
    """A time limit, a request to exit or Ctrl-C that comes while a text is made is not swallowed."""

    def shown(_: object) -> str:
        return "too late"

    number = signal.SIGINT if handler is signal.default_int_handler else signal.SIGTERM
    with handled(number, handler):
        with pytest.raises(problem), on_call(shown, lambda: signal.raise_signal(number)):
            RENDERER.freeze([with_repr(shown)])
        assert not RENDERING


class Liar:
    """An object that raises or lies wherever it is touched."""

    touched: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        Liar.touched.append(name)
        raise ValueError(name)

    def _touch(self, *_: object) -> Any:
        Liar.touched.append("operator")
        raise ValueError

    __eq__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __index__ = _touch  # type: ignore[assignment]

    def __hash__(self) -> int:
        return self._touch()


class Meta(type):
    """A metaclass whose every answer is a trap."""

    touched: list[str] = []

    def _touch(cls, *_: object) -> Any:
        Meta.touched.append("operator")
        raise ValueError

    __hash__ = __eq__ = __instancecheck__ = __subclasscheck__ = __call__ = __repr__ = _touch  # type: ignore[assignment]

    def __getattribute__(cls, name: str) -> Any:
        Meta.touched.append(name)
        raise ValueError(name)


def test_objects_are_not_touched() -> None:
    """No attribute, operator or class of an object is asked for anything on the way to its text."""
    trapped = Meta("Trapped", (), {})
    value = object.__new__(trapped)
    liar = Liar()
    Liar.touched.clear()
    Meta.touched.clear()
    for thing in (liar, value, trapped, [liar, value], {"a": liar}, (liar, trapped), ValueError(liar, value)):
        assert " at 0x" in RENDERER.text(thing) or "<class" in RENDERER.text(thing)
        assert RENDERER.receiver(thing)
    assert RENDERER.message(ValueError(liar)).startswith("<")
    assert not Liar.touched
    assert not Meta.touched


def test_class_that_lies_about_itself_is_shown_as_what_it_is() -> None:
    """A proxy's ``__class__`` is not asked, which would set up what is behind it."""

    class Lazy:
        @property
        def __class__(self) -> type:  # type: ignore[override]
            raise AssertionError

        def __repr__(self) -> str:
            raise AssertionError

    assert "Lazy object at 0x" in RENDERER.text(Lazy())


def test_mocks_are_shown_by_their_type() -> None:
    """A mock records no call, and gets no new attribute, because of its text."""
    for mock in (Mock(spec=int), MagicMock()):
        before = len(mock.mock_calls), sorted(vars(mock))
        assert " object at 0x" in RENDERER.text([mock])
        assert (len(mock.mock_calls), sorted(vars(mock))) == before


def test_properties_and_getattr_are_not_run() -> None:
    """Fields are read without running code of the class."""
    from dataclasses import dataclass

    @dataclass
    class Computed:
        a: int
        b: int = 0

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    Computed.b = property(lambda self: 1 / 0, lambda self, value: None)  # type: ignore[assignment]
    value = Computed(1)
    for _ in range(50):
        assert RENDERER.text(value).endswith("Computed(a=1)")
    del value.__dict__["a"]
    assert RENDERER.text(value).endswith("Computed()")


def test_near_the_recursion_limit_the_text_fails_quietly() -> None:
    """A call at the very end of the stack is recorded as well as it can be, and raises nothing of ours."""
    value = [[with_repr(lambda _: "deep")]]
    texts = {RENDERER.text(value)}

    def down() -> None:
        texts.add(RENDERER.text(value))
        down()

    with pytest.raises(RecursionError):
        down()
    assert "[[deep]]" in texts
    assert all(text == "[[deep]]" or "RecursionError" in text for text in texts)


def test_dictionary_that_changes_while_it_is_walked() -> None:
    """A container that changes while a ``__repr__`` of something in it runs does not make the walk fail."""
    items: dict[Any, Any] = {}
    numbers: list[Any] = []

    def shown(_: object) -> str:
        return "grows"

    def grow() -> None:
        items[len(items)] = 0
        numbers.append(0)

    thing = with_repr(shown)
    items["thing"] = thing
    numbers += [thing, 1]
    with on_call(shown, grow):
        assert RENDERER.text(items) == "{'thing': grows}"
        assert RENDERER.text(numbers).startswith("[grows, 1")


def test_own_methods_of_container_subclasses_are_not_called() -> None:
    """A subclass that inherits the ``repr`` is walked as its base is, whatever it overrides."""

    def trap(*_: object) -> Any:
        raise AssertionError

    names = ("__iter__", "__len__", "__getitem__", "__contains__", "__eq__", "keys", "items", "values", "__bool__")
    traps = dict.fromkeys(names, trap)
    values = [base.__new__(type("Own", (base,), traps)) for base in (list, dict, set)]
    list.extend(values[0], [1])
    dict.update(values[1], a=1)
    set.add(values[2], 1)
    assert [RENDERER.text(value) for value in values] == ["[1]", "{'a': 1}", "Own({1})"]
    assert RENDERER.text(type("Own", (tuple,), traps)((1, 2))) == "(1, 2)"
    assert RENDERER.text(type("Own", (str,), traps)("ab")) == "'ab'"

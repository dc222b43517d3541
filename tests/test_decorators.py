"""Decorated functions: traced whatever the policy says, and otherwise what they were."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import os
import pickle
import sys
import traceback
import typing
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glimpse
from glimpse import Config, GlimpseError, Tracer
from glimpse.probe import slot
from tests.dynamic.conftest import short
from tests.support import assert_complete, read_entries, run_python, write_files

Shown = Callable[[], list[str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the tracer writes."""
    return tmp_path / "log.jsonl"


@pytest.fixture
def tracer(log: Path) -> Iterator[Tracer]:
    """A tracer without a policy."""
    made = Tracer(Config(params={"log_path": log}))
    yield made
    made.close()


@pytest.fixture
def shown(tracer: Tracer, log: Path) -> Shown:
    """What was recorded, in short."""

    def read() -> list[str]:
        tracer.flush()
        return [short(entry) for entry in read_entries(log)]

    return read


def plain(a: int, b: int = 2, /, c: int = 3, *rest: int, d: int, e: int = 5, **more: int) -> tuple[int, ...]:
    """Adds nothing up."""
    return (a, b, c, *rest, d, e, *more.values())


def test_arguments_are_shown_as_bound(tracer: Tracer, shown: Shown) -> None:
    """Every parameter is named, defaults included, however it was given."""
    traced = tracer.trace_function(plain)
    assert traced(1, d=4) == (1, 2, 3, 4, 5)
    assert traced(1, 2, 3, 4, d=5, f=6) == (1, 2, 3, 4, 5, 5, 6)
    assert shown() == [
        *("START plain(a=1, b=2, c=3, rest=(), d=4, e=5, more={})", "END plain (1, 2, 3, 4, 5)"),
        "START plain(a=1, b=2, c=3, rest=(4,), d=5, e=5, more={'f': 6})",
        "END plain (1, 2, 3, 4, 5, 5, 6)",
    ]


SIGNATURES = st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans(), st.integers(0, 2), st.booleans())


@given(SIGNATURES, st.integers(0, 8), st.lists(st.sampled_from("abcdefgh"), unique=True), st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_any_signature(
    shape: tuple[int, int, bool, int, bool], positional: int, named: list[str], defaults: int
) -> None:
    """Whatever the parameters and the call, a wrapper returns or refuses as its function does."""
    only, both, rest, by_name, more = shape
    names = iter("abcdefgh")
    first = [next(names) for _ in range(only + both)]
    words = [f"{name}=-{place}" if place >= len(first) - defaults else name for place, name in enumerate(first)]
    if only:
        words.insert(only, "/")
    words += ["*args"] if rest else ["*"] if by_name else []
    words += [next(names) for _ in range(by_name)] + (["**kw"] if more else [])
    scope: dict[str, Any] = {}
    exec(f"def f({', '.join(words)}): return dict(locals())", scope)
    tracer = Tracer(Config(params={"log_path": os.devnull}))
    try:
        traced = tracer.trace_function(scope["f"])
        given_names = {name: name for name in named}
        assert outcome(traced, range(positional), given_names) == outcome(scope["f"], range(positional), given_names)
    finally:
        tracer.close()


def outcome(function: Callable[..., Any], args: Iterable[int], named: dict[str, str]) -> Any:
    """What a call returns, or the text of its TypeError."""
    try:
        return function(*args, **named)
    except TypeError as error:
        return str(error)


def test_a_decorated_function_looks_as_before(tracer: Tracer) -> None:
    """Name, doc, signature, annotations, defaults and kind are those of the function; ``__wrapped__`` is it."""
    traced = tracer.trace_function(plain)
    assert (traced.__name__, traced.__qualname__, traced.__doc__) == ("plain", "plain", "Adds nothing up.")
    assert traced.__module__ == __name__
    assert traced.__wrapped__ is plain
    assert inspect.signature(traced) == inspect.signature(plain)
    assert (
        inspect.signature(traced, follow_wrapped=False).parameters.keys() == inspect.signature(plain).parameters.keys()
    )
    assert typing.get_type_hints(traced) == typing.get_type_hints(plain)
    assert (traced.__defaults__, traced.__kwdefaults__) == (plain.__defaults__, plain.__kwdefaults__)
    assert traced.__globals__ is plain.__globals__
    assert type(traced) is type(plain)


def test_a_wrong_call_fails_as_before(tracer: Tracer, shown: Shown) -> None:
    """The TypeError of a call that does not fit names the function, and there is no entry for it."""
    traced = tracer.trace_function(plain)
    with pytest.raises(TypeError, match=r"^plain\(\) missing 1 required positional argument: 'a'$"):
        traced(d=1)
    assert shown() == []


def test_pickling_is_by_name(tracer: Tracer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decorated function is pickled as any function of its module."""
    monkeypatch.setattr(sys.modules[__name__], "plain", tracer.trace_function(plain), raising=True)
    assert pickle.loads(pickle.dumps(plain)) is plain


def test_exceptions_pass_unchanged(tracer: Tracer, log: Path) -> None:
    """The exception is the function's own; its line is the function's, and the recorded traceback has no wrapper."""

    @tracer.trace_function
    def fails(password: str) -> None:
        raise LookupError(f"no {password}")

    with pytest.raises(LookupError) as caught:
        fails("hunter2")
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names == ["test_exceptions_pass_unchanged", "fails", "fails"]
    tracer.flush()
    exception = read_entries(log)[-1]["exception"]
    assert exception["message"] == "no <redacted>"
    assert exception["line"] == fails.__wrapped__.__code__.co_firstlineno + 2
    assert exception["traceback"].count("in fails") == 1
    assert "<glimpse>" not in exception["traceback"]


def test_generators(tracer: Tracer, shown: Shown) -> None:
    """A generator stays one: it can be sent to, thrown into and closed, and returns what it returned."""

    @tracer.trace_function
    def echo(n: int) -> Iterator[Any]:
        heard = []
        for i in range(n):
            try:
                heard.append((yield i))
            except KeyError as error:
                heard.append(error)
        return heard

    assert inspect.isgeneratorfunction(echo)
    talk = echo(3)
    error = KeyError("k")
    assert [next(talk), talk.send("a"), talk.throw(error)] == [0, 1, 2]
    with pytest.raises(StopIteration) as stopped:
        next(talk)
    assert stopped.value.value == ["a", error, None]
    closed = echo(2)
    next(closed)
    closed.close()
    dropped = echo(2)
    next(dropped)
    del dropped
    gc.collect()
    assert [each.partition(" [")[0] for each in shown()] == [
        *("START echo(n=3)", "END echo", "START echo(n=2)", "END echo closed", "START echo(n=2)", "END echo closed"),
    ]


def test_yielded_values_are_not_kept(tracer: Tracer) -> None:
    """Between two values, the wrapper holds on to neither."""
    import weakref

    class Thing:
        pass

    @tracer.trace_function
    def things() -> Iterator[Thing]:
        yield Thing()
        yield Thing()

    made = things()
    seen = weakref.ref(next(made))
    gc.collect()
    assert seen() is None
    made.close()


def test_coroutines_and_async_generators(tracer: Tracer, shown: Shown) -> None:
    """They stay what they are, and run in their task as before."""

    @tracer.trace_function
    async def ask(x: int) -> int:
        await asyncio.sleep(0)
        return x

    @tracer.trace_function
    async def count(n: int) -> AsyncIterator[int]:
        try:
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        finally:
            await ask(9)

    assert inspect.iscoroutinefunction(ask)
    assert inspect.isasyncgenfunction(count)

    async def main() -> list[int]:
        found = [i async for i in count(2)]
        started = count(2)
        async for i in started:
            found.append(i)
            break
        await started.aclose()
        return [*found, *await asyncio.gather(ask(5), ask(6))]

    assert asyncio.run(main()) == [0, 1, 0, 5, 6]
    assert shown() == [
        *("START count(n=2)", "START ask(x=9)", "END ask 9", "END count None"),
        *("START count(n=2)", "START ask(x=9)", "END ask 9", "END count closed"),
        *("START ask(x=5)", "START ask(x=6)", "END ask 5", "END ask 6"),
    ]


def test_a_class_has_its_own_methods_traced(tracer: Tracer, shown: Shown) -> None:
    """Methods of every kind, but not inherited ones, nested classes', or what a library generated."""

    class Base:
        def inherited(self) -> int:
            return 1

    @tracer.trace_function
    @dataclass
    class Thing(Base):
        x: int = 1

        def method(self, y: int) -> int:
            return self.x + y

        @staticmethod
        def static(z: int) -> int:
            return z

        @classmethod
        def make(cls) -> Thing:
            return cls()

        @property
        def prop(self) -> int:
            return self.x

        @prop.setter
        def prop(self, value: int) -> None:
            self.x = value

        @functools.cached_property
        def cached(self) -> int:
            return 7

        @glimpse.no_trace
        def quiet(self) -> int:
            return 0

        class Inner:
            def inner(self) -> int:
                return 3

    thing = Thing.make()
    assert (thing.method(2), Thing.static(4), thing.prop, thing.cached) == (3, 4, 1, 7)
    thing.prop = 5
    assert (thing.inherited(), thing.quiet(), Thing.Inner().inner()) == (1, 0, 3)
    assert thing == Thing(5)
    assert shown() == [
        *("START make(cls=<Thing>)", f"END make {Thing()!r}", "START method(self=<Thing>, y=2)", "END method 3"),
        *("START static(z=4)", "END static 4", "START prop(self=<Thing>)", "END prop 1"),
        *("START cached(self=<Thing>)", "END cached 7", "START prop(self=<Thing>, value=5)", "END prop None"),
    ]


def test_methods_one_by_one(tracer: Tracer, shown: Shown) -> None:
    """Within a class the decorator goes above or below staticmethod, classmethod and property."""

    class Thing:
        @tracer.trace_function
        def method(self, y: int) -> int:
            return y

        @staticmethod
        @tracer.trace_function
        def below(x: int) -> int:
            return x

        @tracer.trace_function
        @staticmethod
        def above(x: int) -> int:
            return x

        @tracer.trace_function
        @classmethod
        def make(cls) -> type:
            return cls

        @tracer.trace_function
        @property
        def prop(self) -> int:
            return 2

    thing = Thing()
    bound = tracer.trace_function(thing.method)
    assert (thing.method(1), Thing.below(2), thing.above(3), Thing.make(), thing.prop, bound(4)) == (
        1,
        2,
        3,
        Thing,
        2,
        4,
    )
    assert [each for each in shown() if each.startswith("START")] == [
        *("START method(self=<Thing>, y=1)", "START below(x=2)", "START above(x=3)", "START make(cls=<Thing>)"),
        *("START prop(self=<Thing>)", "START method(self=<Thing>, y=4)"),
    ]


def test_options(tracer: Tracer, shown: Shown) -> None:
    """Arguments and results can be left out, and names be added whose values are hidden."""

    @tracer.trace_function(args=False, result=False)
    def quiet(x: int) -> int:
        return x

    @tracer.trace_function(redact=["pin"])
    def hides(pin: str, card: dict[str, str]) -> dict[str, str]:
        return card

    @tracer.trace_function()
    def bare() -> None: ...

    @tracer.trace_function(max_field_length=20, max_items=2, max_depth=1)
    def brief(text: str, items: list[object], number: int = 7) -> list[object]:
        return items

    assert (quiet(1), hides("1234", {"pin": "1", "name": "n"}), bare()) == (1, {"pin": "1", "name": "n"}, None)
    assert brief("a text that is long!", [[1], 2, 3]) == [[1], 2, 3]
    assert shown() == [
        *("START quiet()", "END quiet <not recorded>"),
        "START hides(pin=<redacted>, card={'pin': <redacted>, 'name': 'n'})",
        "END hides {'pin': <redacted>, 'name': 'n'}",
        *("START bare()", "END bare None"),
        "START brief(text='a text that is lon… 2 more', items=[[… 1 more], 2, … 1 more], number=7)",
        "END brief [[… 1 more], 2, … 1 more]",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arg": False}, r"unknown option of trace 'arg'.*did you mean 'args'"),
        ({"args": "no"}, r"option args of trace: bad value 'no'; accepted: True or False"),
        ({"redact": "pin"}, r"option redact of trace: bad value 'pin'; accepted: a list of names"),
        ({"max_items": 0}, r"option max_items of trace: bad value 0; accepted: a whole number from 1 up"),
        ({"max_depth": True}, r"option max_depth of trace: bad value True; accepted: a whole number from 1 up"),
        ({"max_field": 9}, r"unknown option of trace 'max_field'.*did you mean 'max_field_length'"),
    ],
)
def test_bad_options(tracer: Tracer, options: dict[str, Any], message: str) -> None:
    """An option that does not exist or fit is an error where the function is decorated."""
    with pytest.raises(GlimpseError, match=message):
        tracer.trace_function(plain, **options)


@pytest.mark.parametrize("target", [len, 3, functools.partial(plain), lambda: 1])
def test_what_can_be_traced(tracer: Tracer, target: Any) -> None:
    """What is no Python function is refused; a lambda is one, and asked for by name."""
    if isinstance(target, type(plain)):
        assert tracer.trace_function(target)() == 1
    else:
        with pytest.raises(GlimpseError, match="cannot trace"):
            tracer.trace_function(target)


def test_only_errors(log: Path) -> None:
    """At level ERROR, a call that succeeds leaves nothing, and one that fails shows its arguments as they are then."""
    tracer = Tracer(Config(level="ERROR", params={"log_path": log}))

    @tracer.trace_function
    def half(n: int) -> int:
        n = n * 10
        return 1 // (n - 20)

    @tracer.trace_function
    def halves(n: int) -> Iterator[int]:
        yield half(n)

    half(1)
    with pytest.raises(ZeroDivisionError):
        list(halves(2))
    tracer.close()
    assert [short(entry) for entry in read_entries(log)] == [
        *("EXCEPTION half(n=20) ZeroDivisionError", "EXCEPTION halves(n=2) ZeroDivisionError"),
    ]


def test_hooked_functions_are_recorded_once(
    tracer: Tracer, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that the import hook has instrumented reports through the decorator only, also after the hook."""
    write_files(
        tmp_path,
        {
            "hooked.py": """
                import glimpse

                @glimpse.no_trace
                def quiet(): return inner()

                def inner(): return 1

                def f(x): return x

                def g(): yield inner()
            """
        },
    )
    monkeypatch.syspath_prepend(tmp_path)
    hook = Tracer(Config(params={"log_path": tmp_path / "hook.jsonl"}), glimpse.TracingPolicy(["hooked"])).install()
    try:
        import hooked  # type: ignore[import-not-found]

        f, g = tracer.trace_function(hooked.f), tracer.trace_function(hooked.g)
        assert f is hooked.f
        assert (f(1), list(g()), hooked.quiet()) == (1, [1], 1)
    finally:
        hook.close()
        sys.modules.pop("hooked", None)
    f(2)
    assert shown() == ["START f(x=1)", "END f 1", "START g()", "END g None", "START f(x=2)", "END f 2"]
    assert [entry["function"] for entry in read_entries(tmp_path / "hook.jsonl")] == ["hooked.inner"] * 4


def test_twice_is_once(tracer: Tracer, shown: Shown) -> None:
    """A function that is decorated twice is recorded once."""
    traced = tracer.trace_function(tracer.trace_function(plain))
    traced(1, d=4)
    assert len(shown()) == 2


def test_recording_ends_and_begins_with_the_tracer(tracer: Tracer, log: Path) -> None:
    """After close nothing is recorded; a tracer that records again also records its decorated functions."""
    traced = tracer.trace_function(plain)
    traced(1, d=1)
    tracer.close()
    traced(2, d=2)
    other = tracer.trace_function(lambda: None)
    other()
    traced(3, d=3)
    tracer.close()
    starts = [entry["args"] for entry in read_entries(log) if entry["stage"] == "START"]
    assert [each[:9] for each in starts] == ["plain(a=1", "<lambda>(", "plain(a=3"]


def test_probe_functions_are_found_by_name(tracer: Tracer) -> None:
    """What wrappers use can be pickled by name, as by tools that pickle functions by value."""
    traced = tracer.trace_function(plain)
    used = [cell.cell_contents for cell in traced.__closure__ or ()]
    hooks = [each for each in used if getattr(each, "__module__", "") == "glimpse.probe.hooks"]
    assert hooks
    for each in hooks:
        assert pickle.loads(pickle.dumps(each)) is each
        name, _, number = each.__qualname__.partition("@")
        assert slot(int(number)).function(name) is each


# -- glimpse.trace ----------------------------------------------------------------------------------------------------

SHOP = """
    import glimpse

    @glimpse.trace
    def buy(item, pin=None):
        return item

    @glimpse.trace
    def browse(n):
        yield n
"""


def test_trace_makes_a_tracer_when_first_called(tmp_path: Path) -> None:
    """In a program that makes no tracer, the environment's configuration says where entries go."""
    write_files(tmp_path, {"shop.py": SHOP})
    code = """
        import os, shop
        assert not os.path.exists("calls.jsonl")
        shop.buy("pen")
        list(shop.browse(1))
    """
    run = run_python(cwd=tmp_path, code=code, env={"GLIMPSE_LOG_PATH": "calls.jsonl"}, log="calls.jsonl")
    assert [short(entry) for entry in run.entries] == [
        *("START buy(item='pen', pin=None)", "END buy 'pen'", "START browse(n=1)", "END browse None"),
    ]
    assert_complete(run.entries)


def test_trace_uses_the_installed_tracer(tmp_path: Path) -> None:
    """Functions that were decorated before the tracer was installed report to it, as it is configured."""
    write_files(tmp_path, {"shop.py": SHOP})
    code = """
        import shop, glimpse
        config = glimpse.Config(params={"log_path": "a.jsonl"}, redact=["pin"])
        glimpse.install(glimpse.TracingPolicy(["other"]), config)
        shop.buy("pen", "1234")
        glimpse.uninstall()
        shop.buy("ink")
    """
    run = run_python(cwd=tmp_path, code=code, log="a.jsonl")
    assert [short(entry) for entry in run.entries] == ["START buy(item='pen', pin=<redacted>)", "END buy 'pen'"]
    assert not (tmp_path / "glimpse.jsonl").exists()


def test_trace_uses_a_running_tracer(tmp_path: Path) -> None:
    """Without an installed tracer, one that runs takes the calls."""
    write_files(tmp_path, {"shop.py": SHOP})
    code = """
        import shop, glimpse
        config = glimpse.Config(params={"log_path": "a.jsonl"})
        with glimpse.Tracer(config, policy=glimpse.TracingPolicy(["shop"])):
            shop.buy("pen")
            list(shop.browse(1))
        shop.buy("ink")
    """
    run = run_python(cwd=tmp_path, code=code, log="a.jsonl")
    assert [entry["args"] for entry in run.entries if entry["stage"] == "START"] == [
        *("buy(item='pen', pin=None)", "browse(n=1)"),
    ]
    assert not (tmp_path / "glimpse.jsonl").exists()


def test_trace_never_fails_the_program(tmp_path: Path) -> None:
    """When the default destination cannot be opened, the program is told once and goes on."""
    write_files(tmp_path, {"shop.py": SHOP})
    run = run_python(
        cwd=tmp_path, code="import shop; print(shop.buy(1), shop.buy(2))", env={"GLIMPSE_LOG_PATH": "shop.py/log"}
    )
    assert run.stdout == "1 2\n"
    assert run.stderr.count("glimpse:") == 1

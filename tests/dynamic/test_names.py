"""What code objects do not say: names, receivers and lines, found out when a function first runs."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.dynamic.conftest import Import, Recorded

Recorder = Callable[..., Recorded]


def starts(log: Recorded) -> list[tuple[str, str]]:
    """Function and arguments of each call, in order."""
    return [(entry["function"], entry["args"]) for entry in log.entries if entry["stage"] == "START"]


def test_qualified_names(core: str, module: Import, recorded: Recorder) -> None:
    """Names are those of ``__qualname__`` as defined, however a function is wrapped or where it is kept."""
    text = """
        import functools

        def wraps(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper

        class Outer:
            class Inner:
                def method(self): pass

            @functools.lru_cache
            def cached(self): pass

            @wraps
            def wrapped(self): pass

            @functools.cached_property
            def prop(self):
                def nested(): pass
                nested()

        table = {"key": wraps(lambda: None)}

        def make():
            def gone(): pass
            return gone

        kept = make()
        del make

        def main():
            Outer.Inner().method()
            Outer().cached()
            Outer().wrapped()
            Outer().prop
            table["key"]()
            kept()
    """
    app, log = module(text), recorded(excluded_functions=["main"])
    with log.tracer:
        app.main()
    assert [function for function, _ in starts(log)] == [
        "app.Outer.Inner.method",
        "app.Outer.cached",
        "app.wraps.<locals>.wrapper",
        "app.Outer.wrapped",
        "app.Outer.prop",
        "app.Outer.prop.<locals>.nested",
        "app.wraps.<locals>.wrapper",
        "app.make.<locals>.gone",
    ]


def test_receivers(core: str, module: Import, recorded: Recorder) -> None:
    """The first parameter of a method is shown as its class, that of a static method or a plain function is not."""
    text = """
        class Meta(type):
            def __call__(cls, *args):
                return super().__call__(*args)

        class Thing(metaclass=Meta):
            def __new__(cls, value):
                return super().__new__(cls)

            def __init__(this, value):
                pass

            def __private(self): pass

            @staticmethod
            def static(self): return self

            @classmethod
            def make(klass): pass

            def __init_subclass__(cls): pass

            def calls(self):
                self.__private()

        def function(self): pass

        def main():
            thing = Thing(1)
            Thing.static("s")
            thing.make()
            thing.calls()
            function("f")
            type("Sub", (Thing,), {})
            local()

        def local():
            class Local:
                @staticmethod
                def free(x): pass

                def bound(self): pass

            Local.free(2)
            Local().bound()
    """
    app, log = module(text), recorded(excluded_functions=["main"])
    with log.tracer:
        app.main()
    assert [args for _, args in starts(log)] == [
        *("__call__(cls=<Thing>, args=(1,))", "__new__(cls=<Thing>, value=1)", "__init__(this=<Thing>, value=1)"),
        *("static(self='s')", "make(klass=<Thing>)", "calls(self=<Thing>)", "__private(self=<Thing>)"),
        *("function(self='f')", "__init_subclass__(cls=<Sub>)", "local()", "free(x=2)", "bound(self=<Local>)"),
    ]


def test_lines_are_those_of_the_def(core: str, module: Import, recorded: Recorder) -> None:
    """At level DEBUG a decorated function's line is that of its ``def``, not of its first decorator."""
    text = """\
        def deco(*names):
            return lambda function: function

        @deco(
            "def f",
        )
        # a comment
        @deco()
        def f(): pass

        class C:
            @property
            def p(self): pass

        async def plain(): pass
    """
    app, log = module(text), recorded(level="DEBUG")
    with log.tracer:
        app.f()
        assert app.C().p is None
        coroutine = app.plain()
        with pytest.raises(StopIteration):
            coroutine.send(None)
    assert [entry["line"] for entry in log.entries if entry["stage"] == "START"] == [9, 13, 15]
    assert {entry["file"] for entry in log.entries} == {app.__file__}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax of Python 3.12")
def test_types_are_no_functions(core: str, module: Import, recorded: Recorder) -> None:
    """Evaluating a type alias or a bound leaves no entries, a generic function does."""
    text = """
        type Alias = list[int]

        def f[T: int](x: T) -> T:
            return x

        class C[U: (int, str)]:
            def m[V: float](self, v: V): return v
    """
    app, log = module(text), recorded()
    with log.tracer:
        assert app.Alias.__value__ == list[int]
        assert app.f.__type_params__[0].__bound__ is int
        assert app.C.__type_params__[0].__constraints__ == (int, str)
        assert app.C.m.__type_params__[0].__bound__ is float
        app.f(1)
        app.C().m(2)
    assert starts(log) == [("app.f", "f(x=1)"), ("app.C.m", "m(self=<C>, v=2)")]


def test_generated_functions_are_left_out(core: str, module: Import, recorded: Recorder) -> None:
    """What dataclasses and exec make in a module's name is not in its source, and leaves no entries."""
    text = """
        from collections import namedtuple
        from dataclasses import dataclass

        @dataclass(order=True)
        class Point:
            x: int
            def own(self): return self.x

        Pair = namedtuple("Pair", "a b")
        exec("def made(): return 1")

        def main():
            Point(1) < Point(2)
            repr(Point(1))
            Pair(1, 2)._replace(a=3)
            made()
            Point(3).own()
    """
    app, log = module(text), recorded()
    with log.tracer:
        app.main()
    assert [function for function, _ in starts(log)] == ["app.main", "app.Point.own"]

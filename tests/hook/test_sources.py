"""Sources plain and rewritten, side by side: the same results, tracebacks and lines, from the same code objects."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from fixtures.differential.differential.snippets import SNIPPETS
from fixtures.differential.differential.sources import BROKEN, ODD, UNREADABLE
from glimpse.errors import RewriteError
from glimpse.hook.rewrite import Owner, Plan, instrument
from tests.support.codecompare import compare, is_hook, walk
from tests.support.sidebyside import FILENAME, TELLS_ALIKE, both, differences, observe
from tests.support.sourcegen import KINDS, program


def seen_of_f(namespace: dict[str, Any]) -> list[str]:
    """What a module's names are, and what its function ``f`` does with two arguments."""
    found = [repr(sorted(namespace))]
    for argument in (1, 0):
        if "f" in namespace:
            found += observe(namespace["f"], argument)
    return found


def seen_of_main(namespace: dict[str, Any]) -> list[str]:
    """What a generated program does for a few arguments."""
    found = []
    for n in range(3):
        log: list[Any] = []
        found += [f"n={n}", *observe(namespace["main"], log, n), repr(log)]
    return found


def refusal(attempt: Callable[[bytes], object], source: bytes) -> object:
    """The type and arguments of the error with which a source is refused; None if it is not."""
    try:
        attempt(source)
    except (SyntaxError, ValueError, MemoryError, RewriteError) as error:
        return type(error), error.args
    return None


def compiled(source: bytes) -> object:
    """What Python itself makes of a source."""
    return compile(source, FILENAME, "exec", dont_inherit=True)


def rewritten(source: bytes) -> object:
    """What the rewriter makes of it."""
    return instrument(source, FILENAME, Plan("m"))


@pytest.mark.parametrize("name", ODD)
def test_unusual_files(name: str) -> None:
    """A file of unusual layout or encoding does the same, on the same lines, or is refused alike."""
    if refusal(compiled, ODD[name]) is None:
        assert differences(ODD[name], seen_of_f) == []
    else:
        assert refusal(rewritten, ODD[name]) == refusal(compiled, ODD[name])


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_libcst_refuses(name: str) -> None:
    """A legal file is rewritten rightly or refused by an error of ours, so that it is imported plainly."""
    refused = refusal(rewritten, UNREADABLE[name])
    if refused is None:
        assert differences(UNREADABLE[name], seen_of_f) == []
    else:
        assert "libcst cannot read this source" in str(refused)


@pytest.mark.parametrize("name", BROKEN)
def test_refused_files(name: str) -> None:
    """What Python refuses is refused with the same error, to the last argument."""
    assert refusal(compiled, BROKEN[name]) is not None
    assert refusal(rewritten, BROKEN[name]) == refusal(compiled, BROKEN[name])


@pytest.mark.parametrize("name", [name for name, (since, _) in SNIPPETS.items() if sys.version_info >= since])
def test_snippets(name: str) -> None:
    """Each way to write a function that has surprised a rewriter."""
    assert differences(SNIPPETS[name][1], seen_of_f) == []


@pytest.mark.filterwarnings("ignore:Exception ignored in. <async_generator:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_generated_programs(kind: str) -> None:
    """Programs made at random do the same, on the same lines. These are the first; ``tools.fuzz_rewrite`` goes on."""
    for seed in range(40):
        random = Random(seed)
        source = program(random, kind, random.randint(1, 3))
        assert (seed, differences(source, seen_of_main, exact=TELLS_ALIKE)) == (seed, [])


def test_only_wanted_functions_are_touched() -> None:
    """A function that the plan does not want has exactly the code it had."""
    source = b"def a():\n    def b(): return 1\n    return b\nclass C:\n    def m(self): return [i for i in 'x']\n"
    plan = Plan("m", owner=lambda qualname: Owner() if qualname == "C.m" else None)
    plain = compile(source, FILENAME, "exec", dont_inherit=True)
    traced = instrument(source, FILENAME, plan).code
    touched = {code.co_name for code in walk(traced) if any(is_hook(constant) for constant in code.co_consts)}
    assert touched == {"m"}
    assert compare(plain, traced).differences == []
    assert plain.co_consts[0] == traced.co_consts[0]


@pytest.mark.parametrize("name", ["bom", "crlf", "form_feeds", "cookie_latin", "backslashes"])
def test_every_function_is_instrumented(name: str) -> None:
    """An unusual layout is no reason to leave a function alone."""
    _, traced = both(ODD[name])
    functions = [code for code in walk(traced) if code.co_flags & inspect.CO_NEWLOCALS and code.co_name == "f"]
    assert functions
    assert all(any(is_hook(constant) for constant in code.co_consts) for code in functions)


@pytest.mark.parametrize("mode", ["full", "error"])
@pytest.mark.parametrize("optimize", [0, 1, 2])
def test_modes_and_optimisation(mode: str, optimize: int) -> None:
    """Both modes of recording and all levels of optimisation leave the code objects as they were."""
    for name, (since, text) in SNIPPETS.items():
        if (
            optimize == 2
            and sys.version_info < (3, 11)
            and name.endswith(("docstring_only", "next_line_only", "string_only"))
        ):
            continue  # 3.10 gives such a function, of which nothing is left, no line at all
        if sys.version_info >= since:
            source = text.encode()
            plain = compile(source, FILENAME, "exec", dont_inherit=True, optimize=optimize)
            traced = instrument(source, FILENAME, Plan("m", lambda qualname: Owner(mode=mode)), optimize=optimize).code
            assert [str(each) for each in compare(plain, traced).differences] == [], name

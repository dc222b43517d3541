"""Patterns of functions: which ones they name, and which modules they bring in."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.policy import TracingPolicy
from glimpse.policy.functions import FunctionPatterns

PARTS = st.sampled_from(["a", "b", "ab", "C", "Cd", "_C"])
MODULES = st.lists(PARTS, min_size=1, max_size=3).map(".".join)
QUALNAMES = st.lists(st.one_of(PARTS, st.just("f.<locals>.g")), min_size=1, max_size=3).map(".".join)
PIECES = st.sampled_from(["*", "?", "[aC]", "a", "b", "C", "."])
TEXTS = st.one_of(MODULES, QUALNAMES, st.lists(PIECES, min_size=1, max_size=6).map("".join))
PATTERNS = TEXTS.filter(lambda text: ".." not in text and text.strip(".") == text)


def names_it(pattern: str, module: str, qualname: str) -> bool:
    """The rules of the guide, followed word for word."""
    pattern, parts = pattern.replace("<locals>.", ""), qualname.replace("<locals>.", "").split(".")
    if "." not in pattern:
        return any(fnmatchcase(part, pattern) for part in parts)
    full = module.split(".") + parts
    starts = [full]
    if pattern[0] in "*?[" or pattern.lstrip("_")[:1].isupper():
        starts += [parts[start:] for start in range(len(parts))]
    return any(fnmatchcase(".".join(run[:end]), pattern) for run in starts for end in range(1, len(run) + 1))


@given(st.lists(PATTERNS, max_size=6), MODULES, QUALNAMES)
def test_same_as_the_rules_one_by_one(patterns: list[str], module: str, qualname: str) -> None:
    """The compiled patterns name exactly the functions that the rules, followed one by one, do."""
    expected = {pattern for pattern in patterns if names_it(pattern, module, qualname)}
    found = FunctionPatterns(patterns).find((module,), qualname)
    assert (found is not None) == bool(expected)
    assert found is None or found in expected


@given(st.lists(PATTERNS, max_size=6), MODULES, QUALNAMES)
def test_a_module_is_touched_wherever_a_function_is_named(patterns: list[str], module: str, qualname: str) -> None:
    """A pattern that names a function of a module is among those that can touch the module."""
    compiled = FunctionPatterns(patterns)
    touching = compiled.touching((module,))
    assert all(pattern in touching for pattern in patterns if names_it(pattern, module, qualname))


@given(st.lists(PATTERNS, max_size=6), MODULES, QUALNAMES)
def test_a_module_is_brought_in_for_its_functions(patterns: list[str], module: str, qualname: str) -> None:
    """A qualified pattern that begins with a literal name brings in the module of each function that it names."""
    anchored = [pattern for pattern in patterns if "." in pattern and pattern[0] not in "*?["]
    full = [pattern for pattern in anchored if not pattern.lstrip("_")[:1].isupper()]
    if any(names_it(pattern, module, qualname) for pattern in full):
        assert FunctionPatterns(patterns).brings_in(module) is not None


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("total", ["total", "Order.total", "total.<locals>.add"], ["totals", "Order.subtotal"]),
        ("get_*", ["get_user", "Api.get_user"], ["forget_user", "get"]),
        ("Order", ["Order.total", "Order.__init__"], ["total", "Orders.total"]),
        ("Order.total", ["Order.total", "Shop.Order.total", "Order.total.<locals>.add"], ["Order.totals", "total"]),
        ("Order.*", ["Order.total", "Order.Line.price"], ["total"]),
        ("*.total", ["total", "Order.total"], ["totals"]),
        ("*.__repr__", ["Order.__repr__"], ["Order.__str__"]),
        ("shop.orders.total", ["total", "total.<locals>.add"], ["Order.total"]),
        ("shop.orders.Order.total", ["Order.total"], ["total", "Order.other"]),
        ("shop.orders", ["total", "Order.total"], []),
        ("shop.*.total", ["total", "Order.total"], ["other"]),
        ("outer.inner", [], ["outer.<locals>.inner"]),
        ("shop.orders.outer.inner", ["outer.<locals>.inner"], ["outer"]),
        ("shop.orders.outer.<locals>.inner", ["outer.<locals>.inner"], ["outer"]),
    ],
)
def test_each_kind_of_pattern(pattern: str, inside: list[str], outside: list[str]) -> None:
    """Bare names, names from the class on, and qualified names leave out what the guide says, and nothing else."""
    policy = TracingPolicy(included_packages=["shop"], excluded_functions=[pattern])
    excluded = [name for name in inside + outside if not policy.decide_function("shop.orders", name)]
    assert excluded == inside


def test_only_named_functions() -> None:
    """With ``included_functions``, nothing else of an included module is traced."""
    policy = TracingPolicy(included_packages=["shop"], included_functions=["get_*", "Order.total"])
    names = ["get_user", "Order.total", "Order.save", "save"]
    assert [name for name in names if policy.decide_function("shop.a", name)] == ["get_user", "Order.total"]
    assert "included_functions" in policy.decide_function("shop.a", "save").reason
    assert not policy.decide_function("other", "get_user")


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("shop.orders.total", ["shop", "shop.orders", "shop.orders.total"], ["shop.users", "orders", "other"]),
        ("shop.*.save", ["shop.a", "shop.a.b"], ["shops", "other"]),
        ("shop.get_*", ["shop"], ["shop.a", "shopping"]),
        ("*.save", [], ["shop", "shop.a"]),
        ("save", [], ["save", "shop"]),
    ],
)
def test_modules_brought_in(pattern: str, inside: list[str], outside: list[str]) -> None:
    """A pattern brings in the modules in which it can name something, unless it begins with a wildcard."""
    policy = TracingPolicy(included_functions=[pattern])
    assert [name for name in inside + outside if policy.may_include(name)] == inside
    assert [name for name in inside + outside if policy.decide_module(name)] == inside


def test_module_without_any_named_function() -> None:
    """An included module in which no function can be meant is left alone altogether."""
    policy = TracingPolicy(included_packages=["shop"], included_functions=["shop.orders.total"])
    assert policy.decide_module("shop.orders")
    assert not policy.decide_module("shop.users")


def test_excludes_win() -> None:
    """A function that is both included and excluded is not traced."""
    policy = TracingPolicy(included_functions=["shop.orders.*"], excluded_functions=["Order.total"])
    assert policy.decide_function("shop.orders", "Order.save")
    decision = policy.decide_function("shop.orders", "Order.total")
    assert (decision.included, decision.rule) == (False, "excluded_functions: 'Order.total'")

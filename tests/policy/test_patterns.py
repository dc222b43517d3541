"""Patterns match as the shell's do, against a name and what lies above it."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glimpse.errors import PolicyError
from glimpse.policy import TracingPolicy
from glimpse.policy.patterns import PatternSet

PARTS = st.sampled_from(["a", "b", "ab", "abc", "ba", "models", "v1"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map(".".join)
PIECES = st.sampled_from(["*", "?", "[ab]", "[!a]", "a", "b", "ab", ".", "models", "v", "1"])
PATTERNS = st.one_of(NAMES, st.lists(PIECES, min_size=1, max_size=6).map("".join))


def parents(name: str) -> list[str]:
    """The name, and everything above it."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


@given(st.lists(PATTERNS, max_size=8), st.lists(NAMES, min_size=1, max_size=8), st.booleans())
@example(["*a*", "a*"], ["a"], True)
@example(["a*a"], ["a", "aa"], False)
def test_same_as_asking_every_pattern(patterns: list[str], names: list[str], below: bool) -> None:
    """The index finds a pattern exactly where the shell's rules, applied one by one, do, and one that matches."""
    index = PatternSet(patterns, below=below)
    for name in [*names, *names]:
        tried = parents(name) if below else [name]
        expected = {pattern for pattern in patterns if any(fnmatchcase(each, pattern) for each in tried)}
        found = index.find(name)
        assert (found is not None) == bool(expected)
        assert found is None or found in expected


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("myapp", ["myapp", "myapp.submodule", "myapp.a.b"], ["myapp2", "my", "xmyapp", "other.myapp", "Myapp"]),
        ("myapp.db", ["myapp.db", "myapp.db.sql"], ["myapp", "myapp.dba"]),
        ("api_v*", ["api_v1", "api_v2", "api_version_new", "api_v1.views"], ["api", "my_api_v1", "api.v1"]),
        ("test_*_utils", ["test_unit_utils", "test_a.b_utils", "test_unit_utils.x"], ["test_utils", "test_x_utils2"]),
        ("*.models", ["myapp.models", "core.user.models", "myapp.models.user"], ["models", "myapp.models2"]),
        ("config[12]", ["config1", "config2", "config1.a"], ["config3", "config", "config12"]),
        ("config[!12]", ["config3"], ["config1"]),
        ("v?", ["v1", "v1.a"], ["v", "v12"]),
        ("*", ["a", "a.b"], []),
    ],
)
def test_each_kind_of_pattern(pattern: str, inside: list[str], outside: list[str]) -> None:
    """Names, wildcards at any place, and classes of characters take in what the guide says."""
    policy = TracingPolicy(included_packages=[pattern])
    assert [name for name in inside + outside if policy.may_include(name)] == inside
    assert [name for name in inside + outside if policy.decide_module(name)] == inside


def test_without_subpackages() -> None:
    """With ``auto_trace_subpackages`` off, only the name itself counts; a star still crosses dots."""
    policy = TracingPolicy(included_packages=["myapp", "api_v?", "lib*"], auto_trace_subpackages=False)
    names = ["myapp", "myapp.sub", "api_v1", "api_v1.views", "lib", "lib.a.b"]
    assert [name for name in names if policy.decide_module(name)] == ["myapp", "api_v1", "lib", "lib.a.b"]


@pytest.mark.parametrize("pattern", ["", "a b", "src/app", "a..b", ".a", "a.", "a[1", "a]", "a;b", "a,b", "a:b"])
def test_patterns_that_can_match_nothing(pattern: str) -> None:
    """A pattern that no module can ever match is an error, not silence."""
    with pytest.raises(PolicyError, match=r"included_packages\[1\]: bad value .* accepted: a "):
        TracingPolicy(included_packages=["fine", pattern])


def test_unusual_names_are_fine() -> None:
    """Scripts with a dash, other alphabets and brackets in classes are no mistakes."""
    policy = TracingPolicy(included_packages=["my-script", "größe", "x[]a]", "y[!]]"])
    assert all(policy.decide_module(name) for name in ["my-script", "größe.maß", "xa", "yz"])

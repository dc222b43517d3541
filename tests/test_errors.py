"""Errors say what is wrong, where, and what to write instead."""

from __future__ import annotations

import inspect
import pickle

import pytest

from glimpse import errors
from glimpse.config import Config
from glimpse.errors import ConfigError, GlimpseError, PolicyError, bad_value, nearest, unknown_name
from glimpse.policy import TracingPolicy


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name[0].isupper()])
def test_one_base(name: str) -> None:
    """Whoever catches ``GlimpseError`` catches every error."""
    assert issubclass(getattr(errors, name), GlimpseError)


def test_bad_value_names_option_value_and_nearest() -> None:
    """The message for a bad value has everything that is needed to put it right."""
    message = bad_value("dest", "jsnl", ["jsonl", "sqlite"])
    assert message == "option dest: bad value 'jsnl'; accepted: jsonl, sqlite; did you mean 'jsonl'?"


def test_no_far_fetched_suggestion() -> None:
    """Nothing is suggested where nothing is near, or the value is not even text."""
    assert bad_value("dest", "elastic", ["jsonl"]).endswith("accepted: jsonl")
    assert bad_value("dest", 5, ["jsonl"]).endswith("accepted: jsonl")


def test_long_values_are_cut() -> None:
    """A message stays readable, however long the value is."""
    assert len(bad_value("level", "x" * 10_000, "DEBUG")) < 200


def test_unknown_name_suggests() -> None:
    """A misspelt key is answered with the right one."""
    assert unknown_name("key", "trace_dept", ["trace_depth"]).endswith("did you mean 'trace_depth'?")


def test_nearest_ignores_case() -> None:
    """Case is no difference."""
    assert nearest("INFO", ["debug", "info"]) == "info"


def test_place_of_a_policy_error() -> None:
    """File and line stand before the message, as tools that jump to errors expect."""
    assert str(PolicyError("bad", file="/p.json", line=3)) == "/p.json:3: bad"
    assert str(PolicyError("bad", file="/p.json")) == "/p.json: bad"
    assert str(PolicyError("bad")) == "bad"


def test_policy_error_can_be_pickled() -> None:
    """An error that crosses a process keeps its place."""
    copy = pickle.loads(pickle.dumps(PolicyError("bad", key=("a", 1), file="/p.json", line=3)))
    assert (str(copy), copy.key) == ("/p.json:3: bad", ("a", 1))


@pytest.mark.parametrize(("kind", "error"), [(Config, ConfigError), (TracingPolicy, PolicyError)])
def test_misspelt_keyword(kind: type, error: type[GlimpseError]) -> None:
    """A keyword that a constructor does not have is reported like any other bad input."""
    with pytest.raises(error, match=f"unknown option of {kind.__name__} 'trace_deph'; accepted: "):
        kind(trace_deph=3)


@pytest.mark.parametrize("kind", [Config, TracingPolicy])
def test_signature_stays(kind: type) -> None:
    """Help and editors show the constructor's own parameters."""
    assert len(inspect.signature(kind).parameters) > 10

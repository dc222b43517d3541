"""How much of a value is shown where a policy or a decorator says so, through every door and in every file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import glimpse
from glimpse.entry import LogEntry
from tests.support.importing import import_path
from tests.support.project import write_files

MODULE = """
def brief(value):
    return value

def usual(value):
    return value

def fails(value):
    raise ValueError(value)

def steps(value):
    yield value
"""
VALUES = ["x" * 40, 10**40, [1, 2, 3, 4], [[[1]]], "a\n" * 8, 7, None, True]
MESSAGES = {"iban=NO93 no": "iban=<redacted> no", "4111111111111111": "<redacted>", "x" * 40: f"{'x' * 20}… 20 more"}
BRIEF = glimpse.TracingPolicy(
    included_functions=["sized.brief", "sized.fails", "sized.steps"],
    redact=["iban", r"/\b\d{16}\b/"],
    max_field_length=20,
    max_items=2,
    max_depth=2,
)
EXPECTED = [
    "'xxxxxxxxxxxxxxxxxx… 22 more'",
    "<int of 133 bits>",
    "[1, 2, … 2 more]",
    "[[[… 1 more]]]",
    "'a\\na\\na\\na\\na\\na\\n… 4 more'",
    "7",
    "None",
    "True",
]


def run(tmp_path: Path, door: str, dest: str = "jsonl", **limits: Any) -> list[LogEntry]:
    """Calls of the functions with all values; gives their entries."""
    out = tmp_path / f"out.{dest}"
    config = glimpse.Config(dest, params={"db_path" if dest == "sqlite" else "log_path": out}, **limits)
    given = {"brief": BRIEF, "rest": glimpse.TracingPolicy(included_packages=["sized"])}
    tracer = glimpse.Tracer(config, policies=given)
    with import_path(write_files(tmp_path, {"sized.py": MODULE})):
        if door == "hook":
            tracer.install()
        sized = import_module("sized")
        if door == "dynamic":
            tracer.run()
        elif door == "decorator":
            for name in ("brief", "usual", "fails", "steps"):
                setattr(sized, name, tracer.trace_function(getattr(sized, name)))
        for value in VALUES:
            assert sized.brief(value) is value
            assert sized.usual(value) is value
        assert list(sized.steps(VALUES[0])) == VALUES[:1]
        for message in MESSAGES:
            with pytest.raises(ValueError, match=message):
                sized.fails(message)
        tracer.close()
    return [*glimpse.load(out)]


def results(entries: list[LogEntry], function: str) -> list[str]:
    """What its calls returned."""
    return [str(each.result) for each in entries if each.function == function and each.stage == "END"]


@pytest.mark.parametrize("dest", ["jsonl", "sqlite", "journal"])
@pytest.mark.parametrize("door", ["hook", "dynamic", "decorator"])
def test_a_policy_has_limits_of_its_own(door: str, dest: str, tmp_path: Path) -> None:
    """Arguments and results of its functions keep to them; other functions to the configuration's."""
    entries = run(tmp_path, door, dest)
    assert results(entries, "sized.brief") == EXPECTED
    assert results(entries, "sized.usual") == list(map(repr, VALUES))
    starts = [each.args for each in entries if each.stage == "START"]
    assert [each for each in starts if each.startswith("brief")] == [f"brief(value={text})" for text in EXPECTED]
    assert f"steps(value={EXPECTED[0]})" in starts


@pytest.mark.parametrize("door", ["hook", "dynamic", "decorator"])
def test_so_do_its_messages(door: str, tmp_path: Path) -> None:
    """The text of an exception is cut at the policy's length, and has nothing in it that the policy hides."""
    errors = [each.exception for each in run(tmp_path, door) if each.exception]
    assert [error["message"] for error in errors] == list(MESSAGES.values())
    assert errors[1]["traceback"].endswith("ValueError: <redacted>")


@pytest.mark.parametrize("door", ["hook", "dynamic", "decorator"])
def test_a_policy_may_show_more(door: str, tmp_path: Path) -> None:
    """Than the configuration, which says what is shown elsewhere."""
    entries = run(tmp_path, door, max_field_length=10, max_items=1, max_depth=1)
    assert results(entries, "sized.brief") == EXPECTED
    assert results(entries, "sized.usual")[:3] == ["'xxxxxxxx… 32 more'", "<int of 133 bits>", "[1, … 3 more]"]

"""The page about pytest tells the truth."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from glimpse.pytest_plugin import CONFIG_OPTIONS
from tests.support import pages

from .conftest import Run

example = partial(pages.example, "docs/pytest.md")
PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")


def test_the_tutorial(run: Run) -> None:
    """The files of the page fail with the tree that it shows, but for the times."""
    files = {name: example(f"file {name}") for name in ("shop.py", "tests/test_checkout.py")}
    result = run(files, "--glimpse")
    shown = example("output").splitlines()
    start = result.outlines.index(shown[0])
    assert list(map(without_time, result.outlines[start : start + len(shown)])) == list(map(without_time, shown))


def test_a_destination_beside(run: Run, pytester: pytest.Pytester) -> None:
    """The option of the example is understood, and writes the default file."""
    (option,) = re.findall(r"-o (\S+)", example("sh dest"))
    run({"test_none.py": "def test_none():\n    pass\n"}, "--glimpse", "-o", option)
    assert (pytester.path / "glimpse.jsonl").exists()


def test_the_marker(run: Run) -> None:
    """The example is a test that passes."""
    run({"test_marked.py": example("marker")}, "--glimpse", "--strict-markers").assert_outcomes(passed=1)


def test_every_option_is_named(pytester: pytest.Pytester, run: Run) -> None:
    """What ``pytest --help`` shows is on the page, by its own name or as one of Config's options."""
    named = set(re.findall(r"--(?:no-)?glimpse[\w-]*|(?<!-)\bglimpse_\w+(?=`)", PAGE))
    shown = set(
        re.findall(r"^  (?:--)(glimpse[\w-]*|no-glimpse)|^  (glimpse_\w+)", run({}, "--help").stdout.str(), re.M)
    )
    flat = {f"--{option}" if option else ini for option, ini in shown}
    assert flat - {f"glimpse_{name}" for name in CONFIG_OPTIONS} <= named


def without_time(line: str) -> str:
    """The line without its duration."""
    return re.sub(r"\d+(\.\d+)? ?(ns|µs|ms|s)\b", "<time>", line).strip()

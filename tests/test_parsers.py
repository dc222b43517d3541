"""Parsers take values and their text, and say what they take."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.parsers import Parser, choice, file_path, flag, names_among, redactions, seconds, size, text, texts, whole


@pytest.mark.parametrize(
    ("parse", "value", "expected"),
    [
        (text, "a b", "a b"),
        (texts, " a, b ,,a", ("a", "b")),
        (texts, ["a", " b"], ("a", "b")),
        (texts, [], ()),
        (redactions, r" pin, *_dsn,/\d{4,6}/ ,,pin", ("pin", "*_dsn", r"/\d{4,6}/")),
        (redactions, ["pin", re.compile("x"), str.lower], ("pin", re.compile("x"), str.lower)),
        (redactions, "", ()),
        (flag, True, True),
        (flag, "Yes", True),
        (flag, "TRUE", True),
        (flag, "1", True),
        (flag, "off", False),
        (flag, 0, False),
        (choice("INFO", "ERROR"), "info", "INFO"),
        (whole(1), "12", 12),
        (whole(1), 3.0, 3),
        (size, "10 MB", 10_000_000),
        (size, "64KiB", 65_536),
        (size, 5, 5),
        (seconds, "200ms", 0.2),
        (seconds, "15min", 900.0),
        (seconds, 2, 2.0),
        (seconds, ".5", 0.5),
    ],
)
def test_taken(parse: Parser, value: Any, expected: Any) -> None:
    """Values, and what people write for them, become what the program works with."""
    assert parse(value) == expected
    assert type(parse(value)) is type(expected)


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (text, " "),
        (text, 5),
        (texts, 5),
        (texts, ["a", 5]),
        (redactions, 5),
        (redactions, ["a", 5]),
        (redactions, "/(/"),
        (flag, "maybe"),
        (flag, 2),
        (flag, None),
        (choice("INFO"), "WARN"),
        (choice("INFO"), 1),
        (whole(1), 0),
        (whole(0), -1),
        (whole(0), 1.5),
        (whole(0), True),
        (whole(0), "1e999"),
        (size, "10 parsecs"),
        (seconds, float("nan")),
        (seconds, "inf"),
        (seconds, "-1s"),
        (seconds, ""),
        (file_path, ""),
        (file_path, "a\0b"),
        (file_path, 5),
    ],
)
def test_refused(parse: Parser, value: Any) -> None:
    """What is refused is answered with what is taken."""
    with pytest.raises(ValueError, match=r"^[a-zA-Z]"):
        parse(value)


def test_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A path is settled when it is read, so a later change of the working directory does not move it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert file_path("a.log") == str(tmp_path / "a.log")
    assert file_path("~/a.log") == os.path.join(tmp_path, "a.log")
    assert file_path(tmp_path / "a.log") == str(tmp_path / "a.log")


@given(st.integers(0, 10**9))
def test_numbers_survive_their_text(value: int) -> None:
    """A number and its text mean the same."""
    assert whole()(str(value)) == whole()(value) == value


def test_names_among_rules() -> None:
    """Only names say which parameters are hidden; expressions and functions look at texts."""
    assert names_among(["pin", "/x/", re.compile("y"), str.lower, "/"]) == ["pin", "/"]

"""The command line and the docs have every option, derived from its one declaration."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from glimpse.config import OPTIONS, Config, Option
from glimpse.config.arguments import add_arguments, from_arguments, markdown_table
from glimpse.errors import ConfigError


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory that says nothing about Glimpse."""
    monkeypatch.setattr("glimpse.policy.discovery.main_script", lambda: None)
    monkeypatch.chdir(tmp_path)


def parsed(*words: str) -> Config:
    """The configuration of a command line."""
    parser = ArgumentParser()
    add_arguments(parser)
    return from_arguments(parser.parse_args(words))


def test_same_as_the_constructor() -> None:
    """Text on the command line means what the value means in the constructor."""
    words = "--dest jsonl,sqlite --level error --max-field-length 9 --trace-id --redact a,b --flush-interval 1s"
    words += " --log-path a.jsonl --db-path a.db --param jsonl.max_bytes=10MB --param max_age=1d"
    config = parsed(*words.split())
    params = {"log_path": "a.jsonl", "db_path": "a.db", "max_bytes": "10MB", "max_age": "1d"}
    assert config == Config("jsonl,sqlite", "ERROR", 9, params, True, redact=["a", "b"], flush_interval=1.0)


def test_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the command line comes before the environment, also where it switches something off."""
    monkeypatch.setenv("GLIMPSE_TRACE_ID", "true")
    monkeypatch.setenv("GLIMPSE_LEVEL", "DEBUG")
    assert (parsed().enable_trace_id, parsed().level) == (True, "DEBUG")
    assert (parsed("--no-trace-id").enable_trace_id, parsed("--level", "INFO").level) == (False, "INFO")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--level", "x"], "option --level: bad value 'x'; accepted: DEBUG, INFO, ERROR"),
        (["--dest", "jsnl"], "option --dest: bad value 'jsnl'; .*did you mean 'jsonl'"),
        (["--max-items", "0"], "option --max-items: bad value '0'"),
        (["--param", "max_bytes"], "option --param: bad value 'max_bytes'; accepted: NAME=VALUE"),
        (["--param", "max_byte=1"], "'max_byte'; accepted: .*did you mean 'max_bytes'"),
    ],
)
def test_mistakes(words: list[str], message: str) -> None:
    """A mistake is named as it was written on the command line."""
    with pytest.raises(ConfigError, match=message):
        parsed(*words)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_is_in_the_help_and_the_table(option: Option) -> None:
    """No option is missing where people look for it, and each says what it means."""
    parser = ArgumentParser(prog="glimpse run")
    add_arguments(parser)
    text = parser.format_help()
    assert f"  {option.flag}" in text
    assert f"[{option.variable}" in text
    (row,) = [line for line in markdown_table().splitlines() if line.startswith(f"| `{option.variable}` |")]
    assert row.count(" | ") == 4
    assert option.meaning in row

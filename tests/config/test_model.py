"""The configuration: one value for each option, from the source that comes first."""

from __future__ import annotations

import dataclasses
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glimpse.config import LEVELS, OPTIONS, Config
from glimpse.errors import ConfigError


@pytest.fixture(autouse=True)
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and environment that say nothing about Glimpse."""
    for name in [name for name in os.environ if name.startswith("GLIMPSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("glimpse.policy.discovery.main_script", lambda: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults() -> None:
    """Without a word from anybody, every option is its documented default."""
    config = Config()
    found = {option.name: getattr(config, option.name) for option in OPTIONS if not callable(option.default)}
    assert found == {option.name: option.default for option in OPTIONS if not callable(option.default)}
    assert (config.dest, config.level, config.max_field_length, config.enable_trace_id) == ("jsonl", "INFO", 512, False)
    assert (config.flush_interval, config.overflow, config.params) == (0.2, "block", {})
    assert {setting.source for setting in config.describe()} == {"default"}


ROWS: list[tuple[str, Any, str, Any, str]] = [
    # option, in the constructor, in the environment, in pyproject.toml, as TOML
    ("dest", "sqlite", "json", "journal", '"journal"'),
    ("level", "ERROR", "DEBUG", "INFO", '"info"'),
    ("max_field_length", 7, "8", 9, "9"),
    ("enable_trace_id", False, "true", True, "true"),
    ("service", "a", "b", "c", '"c"'),
    ("redact", ["a"], "b", ("c", "d"), '["c", "d"]'),
    ("policy", "a.json", "b.json", "c.json", '"c.json"'),
    ("cache_dir", "a", "b", "c", '"c"'),
    ("correlation_id", "a", "b", "c", '"c"'),
    ("flush_interval", 1, "200ms", 0.5, "0.5"),
    ("overflow", "block", "drop", "drop", '"drop"'),
    ("buffer_size", 1, "2", 3, "3"),
    ("max_items", 1, "2", 3, "3"),
    ("max_depth", 1, "2", 3, "3"),
    ("dynamic", "auto", "settrace", "monitoring", '"monitoring"'),
    ("flush_on_sigterm", False, "yes", True, "true"),
    ("propagate", False, "yes", True, "true"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_precedence(row: tuple[str, Any, str, Any, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constructor before environment before ``pyproject.toml`` before default, and ``describe`` says which it was."""
    name, first, second, third, toml = row
    (option,) = [option for option in OPTIONS if option.name == name]

    def now(**given: Any) -> tuple[Any, str]:
        config = Config(**given)
        (source,) = [setting.source for setting in config.describe() if setting.name == name]
        return getattr(config, name), source

    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.glimpse]\n{name} = {toml}\n", encoding="utf-8")
    assert now() == (option.parse(third), str(path))
    monkeypatch.setenv(option.variable, second)
    assert now() == (option.parse(second), "environment")
    assert now(**{name: first}) == (option.parse(first), "constructor")
    assert now(**{name: None}) == now()


def test_every_option_is_tested() -> None:
    """The rows above leave none out."""
    assert [row[0] for row in ROWS] == [option.name for option in OPTIONS]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"dest": "jsnl"}, "option dest: bad value 'jsnl'; accepted: jsonl, .*; did you mean 'jsonl'?"),
        ({"dest": "jsonl,"}, None),
        ({"dest": "JSONL, sqlite"}, None),
        ({"dest": ","}, "option dest: bad value ','"),
        ({"dest": "jsonl,postgres"}, "option dest: bad value 'jsonl,postgres'; accepted: jsonl"),
        ({"level": "INOF"}, "option level: bad value 'INOF'; accepted: DEBUG, INFO, ERROR; did you mean 'INFO'?"),
        ({"level": 10}, "option level: bad value 10"),
        ({"max_field_length": 0}, "option max_field_length: bad value 0; accepted: a whole number from 1 up"),
        ({"max_field_length": "many"}, "option max_field_length: bad value 'many'"),
        ({"enable_trace_id": "si"}, "option enable_trace_id: bad value 'si'; accepted: true or false"),
        ({"flush_interval": -1}, "option flush_interval: bad value -1; accepted: a number of seconds"),
        ({"flush_interval": 0}, "option flush_interval: bad value 0; accepted: a number of seconds"),
        ({"overflow": "explode"}, "option overflow: bad value 'explode'; accepted: block, drop"),
        ({"service": ""}, "option service: bad value ''; accepted: text"),
        ({"cache_dir": 5}, "option cache_dir: bad value 5; accepted: a path"),
        ({"redact": 5}, "option redact: bad value 5; accepted: a list of names"),
        ({"params": "glimpse.jsonl"}, "option params: bad value 'glimpse.jsonl'; accepted: a mapping"),
        ({"lvel": "INFO"}, "unknown option of Config 'lvel'; accepted: dest, .*; did you mean 'level'?"),
    ],
)
def test_bad_values(given_: dict[str, Any], message: str | None) -> None:
    """A bad value is one error that names the option, the value and what is accepted, with the nearest name."""
    if message is None:
        Config(**given_)
        return
    with pytest.raises(ConfigError, match=f"^{message}".replace("?", r"\?")):
        Config(**given_)


@pytest.mark.parametrize(
    "spelling",
    [
        "[tool.glimpse]\nmax_items = 7",
        "  [ tool . glimpse ] # ours\n'max_items' = 7",
        "['tool'.\"glimpse\"]\r\nmax_items = 7\r\n",
        "[tool]\nglimpse.max_items = 7",
        "[tool]\n 'glimpse' = {max_items = 7}",
        "tool.glimpse.max_items = 7",
        "tool = {other = 1, glimpse = {max_items = 7}}",
        "[tool]\nother = 1\nglimpse={max_items=7}",
    ],
)
def test_spellings_of_the_table(spelling: str, tmp_path: Path) -> None:
    """The table is found in whatever way TOML lets it be written."""
    (tmp_path / "pyproject.toml").write_bytes(f"dev = ['glimpse']\n{spelling}\n".encode())
    assert Config().max_items == 7


def test_a_project_that_only_depends_on_it(tmp_path: Path) -> None:
    """A file that names Glimpse among others, and has no table for it, is not read any further: not even its errors."""
    names = ['    "glimpse>=1.0",', '    "glimpse",', "    'glimpse[otlp]==1',"]
    lines = ["[project]", "dependencies = [", *names, "]", "="]
    (tmp_path / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")
    assert Config().max_items == Config(max_items=None).max_items


def test_bad_values_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the option as it was written, and a value that is overruled is nobody's concern."""
    (tmp_path / "pyproject.toml").write_text("[tool.glimpse]\nmax_items = 'x'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"option max_items in .*pyproject\.toml: bad value 'x'"):
        Config()
    monkeypatch.setenv("GLIMPSE_MAX_ITEMS", "y")
    with pytest.raises(ConfigError, match="option GLIMPSE_MAX_ITEMS: bad value 'y'"):
        Config()
    assert Config(max_items=3).max_items == 3


def test_several_destinations() -> None:
    """Destinations are joined with commas, in any case, each once."""
    config = Config(dest="SQLite, jsonl,sqlite")
    assert (config.dest, config.dests) == ("sqlite,jsonl", ("sqlite", "jsonl"))


@pytest.mark.parametrize(("dest", "overflow"), [("jsonl", "block"), ("otlp", "drop"), ("otlp,jsonl", "block")])
def test_overflow_follows_the_destination(dest: str, overflow: str) -> None:
    """Where a file takes everything calls wait for it; what only waits for a server gives way."""
    assert Config(dest=dest).overflow == overflow


def test_paths_are_settled_when_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path counts from the working directory at the time, in ``pyproject.toml`` from its own folder."""
    (tmp_path / "sub").mkdir()
    text = '[tool.glimpse]\npolicy = "p.json"\nparams = {log_path = "logs/a.jsonl"}\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "sub")
    config = Config(cache_dir=Path("cache"))
    monkeypatch.chdir(tmp_path)
    assert config.cache_dir == str(tmp_path / "sub" / "cache")
    assert config.policy == str(tmp_path / "p.json")
    assert config.params == {"log_path": str(tmp_path / "logs" / "a.jsonl")}
    assert Config(params={"log_path": "~/x"}).params["log_path"] == os.path.expanduser(os.path.join("~", "x"))


def test_immutable_and_comparable() -> None:
    """A configuration is a value: it is compared by its options, hashed and pickled, and never changes."""
    config = Config("sqlite", "error", params={"db_path": "a.db"})
    same = Config(dest="sqlite", level="ERROR", params={"db_path": "a.db"})
    assert config == pickle.loads(pickle.dumps(config)) == same
    assert hash(config) == hash(Config("sqlite", "ERROR"))
    assert config != Config("sqlite")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.level = "INFO"  # type: ignore[misc]
    assert dataclasses.replace(config, level="DEBUG").params == config.params


def test_shown_without_passwords() -> None:
    """Neither ``repr`` nor ``describe`` shows the password of a server, ``params`` still has it."""
    config = Config(dest="mongo", params={"uri": "mongodb://me:pa:ss@w0rd@host/db?tls=true"})
    assert repr(config) == ("Config(dest='mongo', level='INFO', params={'uri': 'mongodb://me:***@host/db?tls=true'})")
    assert "w0rd" not in str(config.describe())
    assert "w0rd" in config.params["uri"]


OPTION_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "dest": st.sampled_from(["jsonl", "json,sqlite", "journal"]),
        "level": st.sampled_from(LEVELS),
        "max_field_length": st.integers(1, 10**6),
        "enable_trace_id": st.booleans(),
        "service": st.sampled_from(["shop", "größe", "a b"]),
        "redact": st.lists(st.sampled_from(["iban", "pin"]), min_size=1, unique=True),
        "policy": st.just("p.json"),
        "flush_interval": st.floats(0.001, 100),
        "overflow": st.sampled_from(["block", "drop"]),
        "flush_on_sigterm": st.booleans(),
        "propagate": st.booleans(),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(OPTION_VALUES, st.booleans())
def test_the_environment_says_everything(values: dict[str, Any], with_path: bool) -> None:
    """A child process that is given ``to_environment`` builds an equal configuration."""
    takes_log = "sqlite" not in values.get("dest", "") or "json" in values.get("dest", "")
    config = Config(**values, params={"log_path": "a.log"} if with_path and takes_log else {})
    with pytest.MonkeyPatch.context() as patch:
        for variable, text in config.to_environment().items():
            patch.setenv(variable, text)
        assert Config() == config

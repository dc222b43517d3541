"""Each parameter goes to the destination that takes it, from the source that comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glimpse.config import BUILT_IN, Config, register_dest
from glimpse.config import destinations as place
from glimpse.errors import ConfigError


@pytest.fixture(autouse=True)
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and destinations that are forgotten afterwards."""
    monkeypatch.setattr("glimpse.policy.discovery.main_script", lambda: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, "_registered", {})


@pytest.mark.parametrize("dest", sorted(BUILT_IN))
def test_each_takes_its_own(dest: str) -> None:
    """A destination takes its parameters, and no others."""
    params = dict.fromkeys(BUILT_IN[dest], "x")
    assert sorted(Config(dest, params=params).params_for(dest)) == sorted(params)
    with pytest.raises(ConfigError, match=f"unknown parameter of dest {dest} 'nothing'; accepted: "):
        Config(dest, params={"nothing": 1})


def test_parameters_of_another_destination() -> None:
    """A parameter that only another destination takes is a mistake in the constructor."""
    with pytest.raises(ConfigError, match="unknown parameter of dest sqlite 'log_path'; accepted: db_path"):
        Config("sqlite", params={"log_path": "x"})


@pytest.mark.parametrize(
    "params",
    [
        {"log_path": "a", "json.log_path": "b", "max_bytes": 5},
        {"jsonl.log_path": "a", "json": {"log_path": "b"}, "jsonl": {"max_bytes": 5}},
    ],
)
def test_one_of_several(tmp_path: Path, params: dict[str, Any]) -> None:
    """With several destinations, a prefix or a mapping means one of them; what only one takes needs neither."""
    config = Config("jsonl,json", params=params)
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert config.params_for("jsonl") == {"log_path": a, "max_bytes": 5}
    assert config.params_for("json") == {"log_path": b}
    assert config.params == {"jsonl.log_path": a, "json.log_path": b, "max_bytes": 5}


def test_one_file_is_not_for_two() -> None:
    """Two destinations never get the same file: one would destroy what the other wrote."""
    with pytest.raises(ConfigError, match=r"jsonl and journal would both write .*; give jsonl\.log_path and journal\."):
        Config("jsonl,journal", params={"log_path": "a"})


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each parameter on its own comes from the constructor, else the environment, else the file."""
    toml = "[tool.glimpse.params]\nmax_bytes = 1\nmax_age = '1d'\ndb_path = 'unused.db'\nlog_path = 'c'\n"
    (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
    monkeypatch.setenv("GLIMPSE_JSONL_MAX_BYTES", "2")
    monkeypatch.setenv("GLIMPSE_LOG_PATH", "b")
    monkeypatch.setenv("GLIMPSE_DB_PATH", "unused.db")
    config = Config(params={"log_path": "a", "max_age": None})
    assert config.params == {"log_path": str(tmp_path / "a"), "max_bytes": "2", "max_age": "1d"}
    found = {setting.name: setting.source for setting in config.describe() if "params" in setting.name}
    file = str(tmp_path / "pyproject.toml")
    assert found == {"params.log_path": "constructor", "params.max_bytes": "environment", "params.max_age": file}


@pytest.mark.parametrize("value", [5, "", b"x"])
def test_paths_are_checked(value: Any) -> None:
    """What is no path is refused when the configuration is built, not when the first entry is written."""
    with pytest.raises(ConfigError, match=r"option log_path: bad value .*; accepted: a path"):
        Config(params={"log_path": value})


def test_own_destination_that_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """One registered without a list of parameters takes what no other chosen destination claims."""
    register_dest("elastic")
    config = Config("elastic,sqlite", params={"host": "h", "db_path": "x", "elastic": {"port": 1}, "headers": {"a": 1}})
    assert config.params_for("elastic") == {"host": "h", "port": 1, "headers": {"a": 1}}
    assert set(config.params_for("sqlite")) == {"db_path"}
    monkeypatch.setenv("GLIMPSE_ELASTIC_API_KEY", "s3cret")
    assert Config("elastic").params == {"api_key": "s3cret"}
    assert "s3cret" not in repr(Config("elastic"))


def test_own_destination_with_a_list() -> None:
    """One registered with its parameters refuses others."""
    register_dest("elastic", ["host"])
    assert Config("elastic", params={"host": "h"}).params == {"host": "h"}
    with pytest.raises(ConfigError, match="'hots'; accepted: host; did you mean 'host'"):
        Config("elastic", params={"hots": "h"})


@pytest.mark.parametrize("params", [{5: 1}, [("log_path", "x")], "x"])
def test_no_mapping(params: Any) -> None:
    """Parameters are a mapping with text for its keys."""
    with pytest.raises(ConfigError, match="option params: bad value"):
        Config(params=params)

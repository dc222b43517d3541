"""Destinations are built in, registered, or brought by an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from glimpse.config import BUILT_IN, Config, known_destinations, register_dest
from glimpse.config import destinations as place
from glimpse.errors import ConfigError
from glimpse.writers.base import BaseWriter
from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support import run_python, write_files


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered here is forgotten afterwards."""
    monkeypatch.setattr(place, "_registered", {})


def test_registered_names() -> None:
    """A name that is registered is accepted from then on, and suggested."""
    with pytest.raises(ConfigError):
        Config("elastic")
    register_dest("elastic")
    assert Config("elastic,jsonl").dests == ("elastic", "jsonl")
    assert known_destinations()[: len(BUILT_IN) + 1] == [*BUILT_IN, "elastic"]
    with pytest.raises(ConfigError, match="did you mean 'elastic'"):
        Config("elastik")


@pytest.mark.parametrize("name", ["", "a,b", " a", "a.b", "a,"])
def test_names_that_could_not_be_asked_for(name: str) -> None:
    """A name with a comma, a dot or blanks around it could never be written in ``dest``."""
    with pytest.raises(ConfigError, match="option name: bad value"):
        register_dest(name)


def test_entry_points(tmp_path: Path) -> None:
    """A writer that an installed package names in its entry points needs no registration."""
    files = {
        "site/demo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        "site/demo-1.0.dist-info/entry_points.txt": "[glimpse.writers]\nconsole = demo:Console\n",
    }
    write_files(tmp_path, files)
    code = "from glimpse.config import Config\nc = Config('console', params={'colour': 1})\nprint(c.dest, c.params)"
    run = run_python(cwd=tmp_path, code=code, env={"PYTHONPATH": str(tmp_path / "site")})
    assert run.stdout == "console {'colour': 1}\n"
    assert "'console'" in run_python(cwd=tmp_path, code=code, expect=1).stderr


def test_built_in_names_need_no_search(tmp_path: Path) -> None:
    """Installed packages are not looked through for a name that is built in."""
    code = "import sys\nfrom glimpse.config import Config\nConfig('sqlite')\nprint('importlib.metadata' in sys.modules)"
    assert run_python(cwd=tmp_path, code=code).stdout == "False\n"


@pytest.mark.parametrize("writer", [JsonlWriter, JsonWriter, JournalWriter, SqliteWriter])
def test_names_are_those_that_the_writers_take(writer: type[BaseWriter]) -> None:
    """A built-in destination takes, by configuration, exactly what its writer declares."""
    dest = writer.__name__.removesuffix("Writer").lower()
    assert BUILT_IN[dest] == tuple(option.name for option in writer.options)

"""Names of destinations: built in, registered, installed; and what a configuration opens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from glimpse.config import BUILT_IN as DESTINATIONS
from glimpse.config import Config, register_dest
from glimpse.errors import ConfigError, WriterError
from glimpse.parsers import text
from glimpse.writers import BaseWriter, Option, open_writer, register_writer, registry, writer_class
from glimpse.writers.fanout import FanOut
from glimpse.writers.jsonl import JsonlWriter
from tests.support.project import write_files
from tests.writers import entries as made


class Notes(BaseWriter):
    """A writer with an option."""

    options: ClassVar = (Option("color", text, "red", "what the notes look like"),)

    def __init__(self, color: str) -> None:
        self.color = color


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name ``notes``, for one test."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr("glimpse.config.destinations._registered", {})
    register_writer("notes", Notes)
    register_dest("notes", ["color"])


def config(tmp_path: Path, dest: str, **params: Any) -> Config:
    """A configuration whose files are in the test's folder."""
    given = {
        "jsonl.log_path": tmp_path / "a.jsonl",
        "json.log_path": tmp_path / "a.json",
        "sqlite.db_path": tmp_path / "a.db",
    }
    return Config(
        dest=dest,
        params={**{key: str(path) for key, path in given.items() if key.split(".")[0] in dest.split(",")}, **params},
    )


@pytest.mark.parametrize("name", ["jsonl", "json", "sqlite", "mongo", "journal"])
def test_options_are_what_the_configuration_takes(name: str) -> None:
    """Each built-in writer declares exactly the parameters that the configuration accepts for it."""
    assert {option.name for option in writer_class(name).options} == set(DESTINATIONS[name])


def test_built_in_names() -> None:
    """The configuration and the writers know the same names."""
    assert set(registry.BUILT_IN) == set(DESTINATIONS)


def test_opens_one(tmp_path: Path) -> None:
    """A configuration with one destination opens its writer, with its parameters."""
    writer = open_writer(config(tmp_path, "jsonl", max_bytes="1 MB"))
    assert isinstance(writer, JsonlWriter)
    writer.write(made.start(1))
    writer.close()
    assert len(list(JsonlWriter.read(str(tmp_path / "a.jsonl")))) == 1


def test_opens_several(tmp_path: Path) -> None:
    """Several destinations get the same entries."""
    writer = open_writer(config(tmp_path, "jsonl,json,sqlite"))
    assert isinstance(writer, FanOut)
    writer.write_batch(made.calls(2))
    writer.close()
    for name, file in (("jsonl", "a.jsonl"), ("json", "a.json"), ("sqlite", "a.db")):
        assert list(writer_class(name).read(str(tmp_path / file))) == made.calls(2)


def test_nothing_stays_open_if_one_fails(tmp_path: Path) -> None:
    """If the second destination cannot be opened, the first is closed again, and the error is the second's."""
    (tmp_path / "a.json").write_text("mine")
    with pytest.raises(WriterError, match="holds something other"):
        open_writer(config(tmp_path, "jsonl,json"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_bytes": "lots"}, "option max_bytes of dest jsonl: bad value 'lots'; accepted: a number of bytes"),
        ({"max_age": -1}, "option max_age of dest jsonl: bad value -1; accepted: a number of seconds"),
        ({"backup_count": 1.5}, "option backup_count of dest jsonl: bad value 1.5; accepted: a whole number"),
        ({"gzip": "perhaps"}, "option gzip of dest jsonl: bad value 'perhaps'; accepted: true or false"),
    ],
)
def test_bad_values(tmp_path: Path, params: dict[str, Any], message: str) -> None:
    """A bad value is an error that names the option, the value and what is accepted."""
    with pytest.raises(ConfigError) as caught:
        open_writer(config(tmp_path, "jsonl", **params))
    assert message in str(caught.value)


@pytest.mark.usefixtures("registered")
def test_registered(tmp_path: Path) -> None:
    """A registered class is opened with its own options, by default or as given."""
    for params, color in (({}, "red"), ({"color": "blue"}, "blue")):
        writer = open_writer(config(tmp_path, "notes", **params))
        assert isinstance(writer, Notes)
        assert writer.color == color


@pytest.mark.parametrize(
    ("name", "cls"), [("a,b", Notes), ("a.b", Notes), (" ", Notes), ("x", dict), ("x", Notes("red"))]
)
def test_bad_registrations(name: str, cls: Any) -> None:
    """A name that could not be used, or a class that is no writer, is refused."""
    with pytest.raises(ConfigError, match=r"option (name|cls)"):
        register_writer(name, cls)


def test_unknown_name() -> None:
    """An unknown name is an error that suggests the nearest."""
    with pytest.raises(ConfigError, match="did you mean 'sqlite'"):
        writer_class("sqlit")


INSTALLED = {
    "plug.py": """
        from glimpse.writers import BaseWriter
        class Plug(BaseWriter):
            def write(self, entry):
                print("plugged", entry.entry_id)
        nothing = 3
    """,
    "plug-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n",
    "plug-1.0.dist-info/entry_points.txt": "[glimpse.writers]\nplug = plug:Plug\nodd = plug:nothing\ngone = plug:X\n",
    "use.py": """
        import sys
        sys.path.insert(0, sys.argv[1])
        from tests.writers import entries as made
        from glimpse.config import Config
        from glimpse.errors import ConfigError
        from glimpse.writers import open_writer
        open_writer(Config(dest="plug")).write_batch([made.start(1), made.start(2)])
        for name in ("odd", "gone"):
            try:
                open_writer(Config(dest=name))
            except ConfigError as error:
                print(error)
    """,
}


def test_installed_by_a_package(tmp_path: Path) -> None:
    """A package can bring writers along by naming them in its entry points; wrong ones are told."""
    write_files(tmp_path, INSTALLED)
    root = str(Path(__file__).parents[2])
    command = [sys.executable, str(tmp_path / "use.py"), root]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["plugged 1", "plugged 2"]
    assert lines[2] == "dest odd: plug:nothing is not a subclass of glimpse.BaseWriter"
    assert lines[3].startswith("dest gone: cannot load plug:X")

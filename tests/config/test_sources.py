"""The environment and ``pyproject.toml`` are read as people write them, and mistakes in them are found."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import glimpse
from glimpse.config import OPTIONS, Config
from glimpse.errors import ConfigError
from tests.support import run_python, write_files

SHOW = "from glimpse.config import Config\nprint(Config().level)\n"


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of its own, and no main script."""
    monkeypatch.setattr("glimpse.policy.discovery.main_script", lambda: None)
    monkeypatch.chdir(tmp_path)


def test_variables_of_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files have short names; every parameter of a destination has one that begins with the destination's."""
    monkeypatch.setenv("GLIMPSE_LOG_PATH", "a.jsonl")
    monkeypatch.setenv("GLIMPSE_DB_PATH", "a.db")
    monkeypatch.setenv("GLIMPSE_JSONL_MAX_BYTES", "10MB")
    monkeypatch.setenv("GLIMPSE_MONGO_URI", "mongodb://h")
    monkeypatch.setenv("GLIMPSE_OTLP_ENDPOINT", "http://h")
    assert Config("jsonl").params == {"log_path": str(tmp_path / "a.jsonl"), "max_bytes": "10MB"}
    assert Config("sqlite").params == {"db_path": str(tmp_path / "a.db")}
    assert Config("mongo").params == {"uri": "mongodb://h"}
    assert Config("otlp").params == {"endpoint": "http://h"}
    monkeypatch.setenv("GLIMPSE_JSONL_LOG_PATH", "b.jsonl")
    assert Config("jsonl").params["log_path"] == str(tmp_path / "b.jsonl")


def test_empty_variables_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set to nothing is as good as none."""
    monkeypatch.setenv("GLIMPSE_LEVEL", " ")
    assert Config().level == "INFO"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GLIMPSE_LOGPATH", "GLIMPSE_LOG_PATH"),
        ("GLIMPSE_LEVELS", "GLIMPSE_LEVEL"),
        ("GLIMPSE_MAX_FIELD_LEN", "GLIMPSE_MAX_FIELD_LENGTH"),
        ("GLIMPSE_MONGO_URL", "GLIMPSE_MONGO_URI"),
    ],
)
def test_misspelt_variables(monkeypatch: pytest.MonkeyPatch, variable: str, meant: str) -> None:
    """A variable that is nearly an option's is a mistake, and is answered with the right one."""
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ConfigError, match=f"unknown environment variable '{variable}'; did you mean '{meant}'"):
        Config()


def test_other_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs may have variables that begin alike, and so have other parts of Glimpse."""
    used = set()
    for path in Path(glimpse.__file__).parent.rglob("*.py"):
        used.update(re.findall(r"\"(GLIMPSE_[A-Z_]*[A-Z])\"", path.read_text(encoding="utf-8")))
    assert used
    for variable in [*sorted(used - {option.variable for option in OPTIONS}), "GLIMPSE_OF_US_HOME"]:
        monkeypatch.setenv(variable, "1")
    Config()


def test_the_closest_table_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Going up, the first ``pyproject.toml`` that has the table is the one; those without it are passed over."""
    files = {
        "pyproject.toml": '[tool.glimpse]\nlevel = "DEBUG"\n',
        "a/pyproject.toml": '[project]\ndependencies = ["glimpse"]\n',
        "a/b/pyproject.toml": "[tool]\nglimpse = {level = 'ERROR'}\n",
        "a/b/c/keep": "",
        "a/d/pyproject.toml": "not TOML, and none of our business",
    }
    write_files(tmp_path, files)
    for folder, level in [("a/b/c", "ERROR"), ("a/b", "ERROR"), ("a", "DEBUG"), ("a/d", "DEBUG"), ("", "DEBUG")]:
        monkeypatch.chdir(tmp_path / folder)
        assert Config().level == level


def test_the_project_of_the_script_comes_first(tmp_path: Path) -> None:
    """A program finds its own project's table, from wherever it is started."""
    files = {
        "mine/pyproject.toml": '[tool.glimpse]\nlevel = "DEBUG"\n',
        "mine/src/app.py": SHOW,
        "other/pyproject.toml": '[tool.glimpse]\nlevel = "ERROR"\n',
    }
    write_files(tmp_path, files)
    assert run_python(tmp_path / "mine/src/app.py", cwd=tmp_path / "other").stdout == "DEBUG\n"
    assert run_python(cwd=tmp_path / "other", code=SHOW).stdout == "ERROR\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.glimpse]\nlevl = 'INFO'", r"unknown key of \[tool.glimpse\] 'levl'; .*did you mean 'level'"),
        ("[tool.glimpse]\nlevel = 5", "option level in .*: bad value 5"),
        ("[tool.glimpse]\nlevel = ", "not valid TOML"),
        ("[tool]\nglimpse = 5", "option tool.glimpse: bad value 5; accepted: a table"),
        ("[tool.glimpse]\nparams = 5", "option params in .*: bad value 5; accepted: a mapping"),
        ("[tool.glimpse.params]\nlog_pth = 'x'", "'log_pth'; accepted: .*did you mean 'log_path'"),
        ("[tool.glimpse.params.sqlite]\nlog_path = 'x'", "unknown parameter"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, message: str) -> None:
    """Whatever is wrong in the table, the error names the file and what is accepted."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        Config()
    assert str(tmp_path / "pyproject.toml") in str(caught.value)


def test_lists_in_the_file(tmp_path: Path) -> None:
    """Several destinations may be a list, and parameters of one of them a table of its own."""
    text = '[tool.glimpse]\ndest = ["jsonl", "journal"]\n[tool.glimpse.params.journal]\nlog_path = "j"\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    config = Config()
    assert config.dests == ("jsonl", "journal")
    assert config.params_for("journal") == {"log_path": str(tmp_path / "j")}
    assert config.params_for("jsonl") == {}


def test_toml_is_read_only_where_there_is_a_table(tmp_path: Path) -> None:
    """The parser, slow to import, is left out of a program whose project says nothing about Glimpse."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    parser = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    code = f"import sys\nfrom glimpse.config import Config\nConfig()\nprint('{parser}' in sys.modules)"
    assert run_python(cwd=tmp_path, code=code).stdout == "False\n"

"""The guide to the configuration tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from glimpse.config import Config
from glimpse.config.arguments import markdown_table
from tests.support.pages import example

GUIDE = (Path(__file__).parents[2] / "docs/configuration.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_options() -> None:
    """The table was made from the declarations of the options, and is up to date."""
    assert markdown_table() in GUIDE


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file means what it seems to mean."""
    (tmp_path / "pyproject.toml").write_text(example("docs/configuration.md", "pyproject"), encoding="utf-8")
    monkeypatch.setattr("glimpse.policy.discovery.main_script", lambda: None)
    monkeypatch.chdir(tmp_path)
    config = Config()
    assert (config.dest, config.level, config.redact) == ("jsonl,sqlite", "DEBUG", ("iban",))
    assert config.params == {
        "log_path": str(tmp_path / "logs" / "trace.jsonl"),
        "db_path": str(tmp_path / "logs" / "trace.db"),
        "max_bytes": "10 MB",
    }

"""``glimpse init``."""

from __future__ import annotations

from pathlib import Path

import pytest

from glimpse.cli import main
from glimpse.policy import TracingPolicy
from tests.support import write_files

FLAT = {
    "shop/__init__.py": "",
    "tool.py": "",
    "setup.py": "",
    "tests/__init__.py": "",
    "test_tool.py": "",
    "docs/x.py": "",
}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_packages_that_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file includes the project's packages and modules, has comments, and is a valid policy."""
    write_files(tmp_path, FLAT)
    assert main(["init"]) == 0
    assert "records shop, tool" in capsys.readouterr().out
    file = tmp_path / "glimpse-policy.json"
    assert list(TracingPolicy.from_file(file).included_packages) == ["shop", "tool"]
    assert "// What is recorded" in file.read_text()


def test_src_layout(tmp_path: Path) -> None:
    """In a project with ``src``, what is in it counts."""
    write_files(tmp_path, {**FLAT, "src/inner/__init__.py": ""})
    assert main(["init"]) == 0
    assert list(TracingPolicy.from_file(tmp_path / "glimpse-policy.json").included_packages) == ["inner"]


def test_named_packages_and_file(tmp_path: Path) -> None:
    """Names are taken as they are given, and the file can be another."""
    assert main(["init", "shop", "api_v*", "-o", "own.json"]) == 0
    assert list(TracingPolicy.from_file(tmp_path / "own.json").included_packages) == ["shop", "api_v*"]


def test_existing_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is overwritten on demand only."""
    write_files(tmp_path, {"glimpse-policy.json": "mine", "shop/__init__.py": ""})
    assert main(["init"]) == 2
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "glimpse-policy.json").read_text() == "mine"
    assert main(["init", "--force"]) == 0
    assert "shop" in (tmp_path / "glimpse-policy.json").read_text()


@pytest.mark.parametrize(("arguments", "said"), [([], "no packages"), (["not a name"], "not a name")])
def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Nothing to include, or what cannot be a name: one line, and no file."""
    assert main(["init", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert not list(tmp_path.iterdir())

"""The service is called like the program, however that is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import run_python, write_files

SHOW = "from glimpse.config import Config\nprint(Config().service)\n"


STARTS = [
    (["my-app.py"], "my-app"),
    (["bin/tool"], "tool"),
    (["pkg"], "pkg"),
    (["-m", "pkg"], "pkg"),
    (["-m", "pkg.sub"], "pkg.sub"),
]
PROGRAMS = ("my-app.py", "bin/tool", "pkg/__main__.py", "pkg/sub.py")


@pytest.mark.parametrize(("arguments", "name"), [*STARTS, (["-I", "my-app.py"], "my-app"), (["-c", SHOW], "python")])
def test_names(tmp_path: Path, arguments: list[str], name: str) -> None:
    """A script gives its name, ``-m`` the module's, and ``-c`` has none."""
    write_files(tmp_path, {**dict.fromkeys(PROGRAMS, SHOW), "pkg/__init__.py": ""})
    assert run_python(*arguments, cwd=tmp_path).stdout == f"{name}\n"


@pytest.mark.parametrize(("arguments", "name"), STARTS)
def test_names_at_start_up(tmp_path: Path, arguments: list[str], name: str) -> None:
    """The name is the same before the program is loaded."""
    write_files(tmp_path, {**dict.fromkeys(PROGRAMS, ""), "pkg/__init__.py": "", "site/sitecustomize.py": SHOW})
    run = run_python(*arguments, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")})
    assert run.stdout == f"{name}\n"


@pytest.mark.parametrize("options", [["-Xutf8", "-Bm"], ["-W", "ignore", "-m"]])
def test_module_behind_other_options(tmp_path: Path, options: list[str]) -> None:
    """``-m`` is found among Python's other options, before the module is loaded."""
    write_files(tmp_path, {"site/sitecustomize.py": SHOW, "pkg/__init__.py": "", "pkg/sub.py": ""})
    run = run_python(*options, "pkg.sub", "-m", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")})
    assert run.stdout == "pkg.sub\n"

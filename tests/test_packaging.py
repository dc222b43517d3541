"""What is built and installed: the start-up files of ``GLIMPSE_AUTO`` are there, cost nothing and break nothing."""

from __future__ import annotations

import os
import pkgutil
import re
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

from glimpse._version import __version__
from tests.support import run_python, write_files

ROOT = Path(__file__).parent.parent
START_UP_FILES = {"glimpse-auto.pth", "glimpse-auto.start"}
IMPORTABLE = os.pathsep.join(entry for entry in sys.path if entry)
BUILD = """
import os, sys
from hatchling import build
os.chdir(sys.argv[2])
print(getattr(build, sys.argv[1])(sys.argv[3]))
"""


@pytest.mark.once
@pytest.mark.parametrize("hook", ["build_wheel", "build_editable"])
def test_both_kinds_of_wheel_hold_the_start_up_files(tmp_path: Path, hook: str) -> None:
    """A wheel and an editable install put the files where the interpreter looks, beside the package."""
    with zipfile.ZipFile(built(hook, tmp_path)) as wheel:
        for name in START_UP_FILES:
            assert wheel.read(name) == (ROOT / "packaging" / name).read_bytes()
        assert {name.partition("/")[0] for name in wheel.namelist()} <= START_UP_FILES | {
            "_editable_impl_glimpse.pth",
            "glimpse",
            f"glimpse-{__version__}.dist-info",
        }


@pytest.mark.once
def test_wheel_is_typed_and_reproducible(tmp_path: Path) -> None:
    """Two builds of the same source are the same bytes, and type checkers find the marker."""
    first, second = (built("build_wheel", tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert "glimpse/py.typed" in zipfile.ZipFile(first).namelist()


@pytest.mark.once
def test_wheel_has_its_commands_and_plugins(tmp_path: Path) -> None:
    """What an installer makes of it: ``glimpse`` on PATH, as ``pipx run`` and ``uvx`` expect, and pytest's plugin."""
    with zipfile.ZipFile(built("build_wheel", tmp_path)) as wheel:
        points = ConfigParser()
        points.read_string(wheel.read(f"glimpse-{__version__}.dist-info/entry_points.txt").decode())
    assert dict(points["console_scripts"]) == {"glimpse": "glimpse.cli:main"}
    assert dict(points["pytest11"]) == {"glimpse": "glimpse.pytest_plugin"}


@pytest.mark.once
def test_sdist_builds_the_same_wheel(tmp_path: Path) -> None:
    """The source distribution holds all that building takes, and two of the same source are the same bytes."""
    first, second = (built("build_sdist", tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    wheel = built("build_wheel", tmp_path / "again", source)
    assert wheel.read_bytes() == built("build_wheel", tmp_path / "plain").read_bytes()


def test_the_version_is_the_newest_of_the_changelog() -> None:
    """The first release of the changelog, with its date, is the version that is built."""
    releases = re.findall(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert releases[0] == __version__


def test_off_is_one_look_up(tmp_path: Path) -> None:
    """Without ``GLIMPSE_AUTO`` nothing of the package is imported at start-up."""
    code = "import sys; print([name for name in sys.modules if name.partition('.')[0] in ('glimpse', 'orjson')])"
    assert run_python(code=code, cwd=tmp_path).stdout == "[]\n"


@pytest.mark.parametrize(("env", "waits"), [({}, False), ({"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "x"}, True)])
def test_entry_point_of_newer_interpreters(tmp_path: Path, env: dict[str, str], waits: bool) -> None:
    """What PEP 829 calls at start-up does what the older file does, and the one line that names it can be resolved."""
    lines = (ROOT / "packaging" / "glimpse-auto.start").read_text(encoding="utf-8").splitlines()
    (reference,) = [line for line in lines if line and not line.startswith("#")]
    assert callable(pkgutil.resolve_name(reference))
    code = f"""
        import pkgutil, sys
        pkgutil.resolve_name({reference!r})()
        print(any(type(finder).__module__.startswith("glimpse.") for finder in sys.meta_path))
    """
    assert run_python("-S", code=code, cwd=tmp_path, env={**env, "PYTHONPATH": IMPORTABLE}).stdout == f"{waits}\n"


@pytest.mark.parametrize("damage", ["raise RuntimeError('half installed')", "import no_such_module", "syntax error"])
def test_a_broken_install_says_so_once(tmp_path: Path, damage: str) -> None:
    """The program runs as ever and one line tells that it is not traced."""
    write_files(tmp_path, {"broken/glimpse/__init__.py": damage})
    env = {"GLIMPSE_AUTO": "1", "PYTHONPATH": str(tmp_path / "broken")}
    run = run_python(code="print('works')", cwd=tmp_path, env=env)
    assert run.stdout == "works\n"
    (line,) = run.stderr.splitlines()
    assert line.startswith("glimpse: GLIMPSE_AUTO has no effect: ")


def test_left_over_after_removal(tmp_path: Path) -> None:
    """The file alone, with the package gone, does not keep Python from starting."""
    write_files(tmp_path, {f"site/{name}": (ROOT / "packaging" / name).read_text() for name in START_UP_FILES})
    code = "import site; site.addsitedir('site'); site.addsitedir('site'); print('works')"
    run = run_python("-S", "-c", code, cwd=tmp_path, env={"GLIMPSE_AUTO": "1"})
    assert run.stdout == "works\n"
    assert run.stderr == "glimpse: GLIMPSE_AUTO has no effect: ModuleNotFoundError: No module named 'glimpse'\n"


def built(hook: str, folder: Path, source: Path = ROOT) -> Path:
    """The distribution that one of the build backend's hooks makes."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / run_python("-c", BUILD, hook, source, folder, cwd=folder).stdout.split()[-1]

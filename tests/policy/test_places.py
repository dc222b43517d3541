"""``project_root_packages`` go by where a file lies, and scripts are known by more names than ``__main__``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from glimpse.policy import TracingPolicy, script_names
from tests.support import write_files


def by_place(root: Path, *patterns: str, **keys: object) -> TracingPolicy:
    """A policy for what lies below a folder."""
    return TracingPolicy(project_root_packages=list(patterns or ["src"]), root=root, **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", ["src", "src*", "s?c", "*", "src.myapp", "src.myapp.main"])
@pytest.mark.parametrize("module", ["myapp.main", "main", "src.myapp.main", "__main__", "__mp_main__"])
def test_whatever_name_it_is_imported_under(tmp_path: Path, pattern: str, module: str) -> None:
    """A file below the root counts by its place; its module's name does not matter."""
    decision = by_place(tmp_path, pattern).decide_module(module, str(tmp_path / "src/myapp/main.py"))
    assert decision
    assert decision.rule == f"project_root_packages: {pattern!r}"


@pytest.mark.parametrize(
    ("file", "included"),
    [
        ("src/main.py", True),
        ("src/__init__.py", True),
        ("src/pkg/__init__.py", True),
        ("src/pkg/__main__.py", True),
        ("src/tool", True),
        ("src.py", True),
        ("main.py", False),
        ("tests/src/main.py", False),
        ("srcs/main.py", False),
        ("../outside/src/main.py", False),
        ("src/../main.py", False),
        ("src/.hidden/main.py", False),
        ("src/lib/site-packages/pkg/main.py", False),
        ("src/dist-packages/pkg.py", False),
    ],
)
def test_places(tmp_path: Path, file: str, included: bool) -> None:
    """Only what the project itself has below the named folder is taken in."""
    assert bool(by_place(tmp_path).decide_module("any", str(tmp_path / file))) is included


@pytest.mark.parametrize("file", [None, "", "<string>", "<frozen os>"])
def test_no_file(tmp_path: Path, file: str | None) -> None:
    """What has no file has no place."""
    assert not by_place(tmp_path, "*").decide_module("any", file)


def test_relative_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script's file may be given relative to the working directory, as Python does."""
    monkeypatch.chdir(tmp_path)
    assert by_place(tmp_path).decide_module("__main__", "src/main.py")


def test_without_subpackages(tmp_path: Path) -> None:
    """With ``auto_trace_subpackages`` off, a plain pattern means one file."""
    policy = by_place(tmp_path, "src.main", auto_trace_subpackages=False)
    assert policy.decide_module("main", str(tmp_path / "src/main.py"))
    assert not policy.decide_module("main", str(tmp_path / "src/main/deep.py"))


def test_symbolic_links(tmp_path: Path) -> None:
    """A link into the project counts by where it leads, a link out of it by where it stands."""
    write_files(tmp_path, {"project/src/app.py": "", "elsewhere/lib.py": ""})
    try:
        (tmp_path / "link").symlink_to(tmp_path / "project")
        (tmp_path / "project/src/lib.py").symlink_to(tmp_path / "elsewhere/lib.py")
        (tmp_path / "alias.py").symlink_to(tmp_path / "project/src/app.py")
    except OSError:
        pytest.skip("no symbolic links here")
    for root in ("project", "link"):
        policy = by_place(tmp_path / root)
        for file in ("project/src/app.py", "link/src/app.py", "alias.py", "project/src/lib.py"):
            assert policy.decide_module(file, str(tmp_path / file)), (root, file)
        assert not policy.decide_module("lib", str(tmp_path / "elsewhere/lib.py"))


def test_excludes_count_by_place_too(tmp_path: Path) -> None:
    """Where modules are included by place, they can be excluded by place or by name."""
    policy = by_place(tmp_path, "*", excluded_packages=["tests", "myapp.secret"])
    assert policy.decide_module("myapp.main", str(tmp_path / "src/myapp/main.py"))
    assert not policy.decide_module("myapp.secret", str(tmp_path / "src/myapp/secret.py"))
    assert not policy.decide_module("test_main", str(tmp_path / "tests/test_main.py"))


def test_standard_library_below_the_root() -> None:
    """A root that happens to hold the interpreter does not take its library in."""
    policy = by_place(Path(os.path.abspath(os.sep)), "*")
    assert not policy.decide_module("json", os.path.join(os.path.dirname(os.__file__), "json", "__init__.py"))


def test_standard_names_are_ruled_out_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of the standard library need no look at files, unless the project has one of the same name."""
    write_files(tmp_path, {"src/queue.py": "", "src/token/__init__.py": ""})
    monkeypatch.setattr(sys, "path", [str(tmp_path / "src"), *sys.path])
    policy = by_place(tmp_path)
    names = ["json", "json.decoder", "queue", "token.parse", "sys", "requests"]
    assert [name for name in names if policy.may_include(name)] == ["queue", "token.parse", "requests"]


def test_names_of_scripts(tmp_path: Path) -> None:
    """A script is known by its stem, and by its dotted name where it lies in a package."""
    write_files(tmp_path, {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/cli.py": "", "app.py": ""})
    assert script_names(str(tmp_path / "app.py")) == ("app",)
    assert script_names(str(tmp_path / "pkg/sub/cli.py")) == ("cli", "pkg.sub.cli")
    assert script_names(str(tmp_path / "pkg/__main__.py")) == ("pkg", "pkg.__main__")
    assert script_names(str(tmp_path / "bin/tool")) == ("tool",)
    assert script_names(str(tmp_path / "my.script.py")) == ("my.script",)
    assert script_names("<stdin>") == ()
    assert script_names(None) == ()


@pytest.mark.parametrize("module", ["__main__", "__mp_main__"])
def test_main_matches_under_its_other_names(tmp_path: Path, module: str) -> None:
    """``python myapp.py`` matches ``myapp``, ``python -m pkg.mod`` matches ``pkg``; excludes hold for them too."""
    file = str(tmp_path / "myapp.py")
    assert TracingPolicy(included_packages=["myapp"]).decide_module(module, file)
    assert TracingPolicy(included_packages=["pkg"]).decide_module(module, file, aliases=["pkg.mod"])
    assert TracingPolicy(included_packages=["__main__"], excluded_packages=["other"]).decide_module("__main__", file)
    both = TracingPolicy(included_packages=["myapp"], excluded_packages=["pkg.mod"])
    assert not both.decide_module(module, file, aliases=["pkg.mod"])
    assert not TracingPolicy(included_packages=["myapp"]).decide_module("imported", file)


def test_functions_of_a_script(tmp_path: Path) -> None:
    """Patterns of functions name a script's by any of its names."""
    file = str(tmp_path / "src/myapp.py")
    for pattern in ("__main__.run", "myapp.run", "src.myapp.run", "run"):
        policy = by_place(tmp_path, excluded_functions=[pattern])
        assert policy.decide_module("__main__", file)
        assert not policy.decide_function("__main__", "run")
        assert policy.decide_function("__main__", "walk")

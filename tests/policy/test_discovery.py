"""The closest policy file counts: going up from the main script, then from the working directory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from glimpse.errors import PolicyError, PolicyNotFound
from glimpse.policy import PolicySet, TracingPolicy, find_policy_file
from tests.support import run_python, write_files

SHOW = "from glimpse.policy import find_policy_file, main_script\nprint(find_policy_file())\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two projects, one in the other."""
    files = {
        "outer/glimpse-policy.json": '{"included_packages": ["outer"]}',
        "outer/a/b/keep.py": SHOW,
        "outer/inner/glimpse-policy.json": '{"included_packages": ["inner"]}',
        "outer/inner/src/keep.py": SHOW,
        "outer/inner/src/pkg/__main__.py": SHOW,
        "empty/keep.py": SHOW,
    }
    return write_files(tmp_path, files)


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("outer", "outer"),
        ("outer/a/b", "outer"),
        ("outer/a/b/keep.py", "outer"),
        ("outer/inner", "outer/inner"),
        ("outer/inner/src/keep.py", "outer/inner"),
        ("outer/inner/glimpse-policy.json", "outer/inner"),
    ],
)
def test_going_up_from_a_start(tree: Path, start: str, found: str) -> None:
    """From a file or folder, the first policy file on the way up is found and read."""
    path = find_policy_file(tree / start)
    assert path == tree / found / "glimpse-policy.json"
    policy = TracingPolicy.discover(tree / start)
    assert list(policy.included_packages) == [Path(found).name]
    assert policy.root == str((tree / found).resolve())
    assert list(PolicySet.discover(tree / start)) == [policy]


def test_none_found(tree: Path) -> None:
    """Without a file, discovery says where it looked, and what to do."""
    assert find_policy_file(tree / "empty") is None
    with pytest.raises(PolicyNotFound, match=r"no glimpse-policy\.json in .*empty or above"):
        TracingPolicy.discover(tree / "empty")


def test_a_broken_file_is_not_passed_over(tree: Path) -> None:
    """The closest file counts even if it is wrong: the next one up would be somebody else's."""
    (tree / "outer/inner/glimpse-policy.json").write_text("{", encoding="utf-8")
    with pytest.raises(PolicyError, match="not valid JSON"):
        TracingPolicy.discover(tree / "outer/inner/src")


@pytest.mark.parametrize(
    ("arguments", "cwd", "found"),
    [
        (["{tree}/outer/inner/src/keep.py"], "outer/a", "outer/inner"),
        (["{tree}/outer/inner/src/pkg"], "outer/a", "outer/inner"),
        (["{tree}/empty/keep.py"], "outer/a/b", "outer"),
        (["-m", "keep"], "outer/inner/src", "outer/inner"),
        (["-m", "pkg"], "outer/inner/src", "outer/inner"),
        (["-c", SHOW], "outer/a", "outer"),
        (["-c", SHOW], "empty", None),
    ],
)
def test_from_the_main_script_then_the_working_directory(
    tree: Path, arguments: list[str], cwd: str, found: str | None
) -> None:
    """However a program is started, its own project's policy is found first, then that of where it is started."""
    run = run_python(*(word.format(tree=tree) for word in arguments), cwd=tree / cwd)
    assert run.stdout.strip() == str(tree / found / "glimpse-policy.json" if found else None)


def test_before_the_script_is_loaded(tree: Path) -> None:
    """While the interpreter starts, the script is known from its command line."""
    write_files(tree, {"site/sitecustomize.py": SHOW, "outer/inner/src/quiet.py": ""})
    script = tree / "outer/inner/src/quiet.py"
    run = run_python(script, cwd=tree / "empty", env={"PYTHONPATH": str(tree / "site")})
    assert run.stdout.strip() == str(tree / "outer/inner/glimpse-policy.json")


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
def test_without_a_working_directory(tmp_path: Path) -> None:
    """A program whose working directory was removed simply finds nothing there."""
    code = "import os\nfrom glimpse.policy import find_policy_file\nos.rmdir(os.getcwd())\nprint(find_policy_file())"
    (tmp_path / "gone").mkdir()
    assert run_python(cwd=tmp_path / "gone", code=code).stdout == "None\n"

"""The hook for scripts on ``sys.path_hooks``: there while it may be asked, and not to be seen otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import plain_and_traced, run_python, write_files, write_policy

LOOKING = """
import sys

def look(when):
    print(when, len(sys.path_hooks), sys.path_importer_cache.get(__file__, "unknown"))

look("first line")
import json
look("after an import")
"""


@pytest.mark.parametrize("included", ["app", "elsewhere"])
def test_a_script_sees_no_hook(tmp_path: Path, included: str) -> None:
    """Neither its first line nor a later one finds an entry more, whether it is traced or not."""
    write_files(tmp_path, {"app.py": LOOKING, "elsewhere.py": ""})
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(write_policy(tmp_path, included))}
    assert run_python("app.py", cwd=tmp_path, env=env).seen == run_python("app.py", cwd=tmp_path).seen


def test_a_folder_is_run_by_others(tmp_path: Path) -> None:
    """What is not a script goes to the hooks that know it, whether anything in it is traced or not."""
    write_files(tmp_path, {"tool/__main__.py": "def f(): return 1\nprint(f())\n"})
    plain_and_traced("tool", policy=write_policy(tmp_path, "tool"), cwd=tmp_path)
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "elsewhere"}
    assert run_python("tool", cwd=tmp_path, env=env).seen == (0, "1\n", "")


def test_nothing_begins_where_the_destination_is_wrong(tmp_path: Path) -> None:
    """A mistake that is found while the script is asked for is told, and the script runs."""
    write_files(tmp_path, {"app.py": LOOKING})
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "app", "GLIMPSE_LOG_PATH": str(tmp_path)}
    plain, run = (run_python("app.py", cwd=tmp_path, env=each) for each in ({}, env))
    assert run.stdout == plain.stdout
    assert run.stderr.startswith("glimpse: GLIMPSE_AUTO=1 has no effect: option log_path")


def test_a_program_looks_for_a_hook_by_name(tmp_path: Path) -> None:
    """All that is on ``sys.path_hooks`` in ``python -m`` has the names that a function or a class has."""
    looking = "import sys\nnames = [(hook.__name__, hook.__qualname__, hook.__module__) for hook in sys.path_hooks]\n"
    found = "print([name for name in names if 'FileFinder' in name[0]], all(map(all, names)))\n"
    write_files(tmp_path, {"tool/__init__.py": looking + found, "tool/__main__.py": "def f(): return 1\nf()\n"})
    plain_and_traced("-m", "tool", policy=write_policy(tmp_path, "tool"), cwd=tmp_path)

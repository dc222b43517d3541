"""Real packages, rewritten whole: every code object is the plain one but for the injected calls, place by place."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from glimpse.errors import RewriteError
from tests.support.codecompare import Comparison, compare
from tests.support.sidebyside import both

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "_pytest",
    "hypothesis",
    "libcst",
    "pluggy",
    "packaging",
    "asyncio",
    "json",
    "email",
    "unittest",
    "importlib",
]
FILES_EACH = 20
"""How many files of a package are taken, the same ones each time: the fuzz tool takes them all."""


def files_of(package: str) -> Iterator[Path]:
    """Some of the files of an installed package or one of the standard library."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    found = [path for path in folder.rglob("*.py") if not {"tests", "test"} & set(path.relative_to(folder).parts)]
    found.sort(key=lambda path: crc32(str(path.relative_to(folder)).encode()))
    yield from found[:FILES_EACH]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_instruction_keeps_its_place(package: str) -> None:
    """Names, flags, docstrings, constants, lines and the place of all that can raise are what they were."""
    total = Comparison()
    for path in files_of(package):
        try:
            plain, traced = both(path.read_bytes(), str(path))
        except (SyntaxError, RewriteError):
            continue
        found = compare(plain, traced)
        total.add(found, path.name)
    assert [str(difference) for difference in total.differences] == []
    assert total.instructions > 500
    assert total.instrumented > total.functions / 2, "most code objects are functions, and these are instrumented"


def test_fuzz_tool() -> None:
    """A part of everything that can be imported, another one on each Python, and some programs made at random."""
    command = [sys.executable, "-m", "tools.fuzz_rewrite", "--part", f"{sys.version_info.minor}/80", "--programs", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("\n0 differences\n")

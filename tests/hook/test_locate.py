"""Finding modules without importing any."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from glimpse.hook.locate import locate, modules_below
from tests.support import write_files
from tests.support.importing import hooked, import_path

TREE = {
    "tree/__init__.py": "raise RuntimeError('imported')\n",
    "tree/leaf.py": "",
    "tree/branch/__init__.py": "",
    "tree/branch/leaf.py": "",
    "tree/no_package/module.py": "",
    "tree/not-a-name.py": "",
    "tree/data.txt": "",
}


def test_modules_below(tmp_path: Path) -> None:
    """A package's modules are found at every depth; folders that are no packages are left out."""
    write_files(tmp_path, TREE)
    with import_path(tmp_path):
        names = [spec.name for spec in modules_below("tree")]
        assert names == ["tree", "tree.branch", "tree.branch.leaf", "tree.leaf"]
        assert "tree" not in sys.modules
        assert [spec.name for spec in modules_below("tree.leaf")] == ["tree.leaf"]
        assert list(modules_below("absent")) == list(modules_below("tree.leaf.absent")) == []


@pytest.mark.parametrize("name", ["json", "json.decoder", "sys", "xml.etree.ElementTree", "absent", "json.absent"])
def test_same_place_as_an_import(name: str) -> None:
    """The spec is the one that an import would use."""
    expected = importlib.util.find_spec(name)
    found = locate(name)
    assert (found and (found.origin, found.cached)) == (expected and (expected.origin, expected.cached))


def test_hook_is_not_asked(tmp_path: Path) -> None:
    """While the hook is connected, the loaders found are the plain ones."""
    write_files(tmp_path, {"plain.py": ""})
    with hooked(tmp_path, "plain"):
        spec = locate("plain")
        assert spec is not None
        assert not hasattr(spec.loader, "_glimpse_state")

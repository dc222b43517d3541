"""Looking at modules and functions without importing them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from glimpse.config import Config
from glimpse.hook.examine import Examined, examine
from glimpse.hook.status import CACHED, LEFT_ALONE, REFUSED, REWRITTEN
from glimpse.hook.warm import builder_for
from glimpse.policy import TracingPolicy
from tests.support import write_files
from tests.support.importing import hooked, import_fresh, import_path

SHOP = {
    "shop/__init__.py": "raise RuntimeError('imported')\n",
    "shop/orders.py": "class Order:\n    def total(self): return 1\n    def _hidden(self): return 2\n",
    "shop/wrong.py": "def f(:\n",
    "names/space.py": "def f(): return 1\n",
}


def look(name: str, *, source: bool = False, **policy: Any) -> Examined:
    """What is known of a name under a policy that includes the shop."""
    included = {"included_packages": ["shop", "names", "_json", "sys"], **policy}
    return examine(name, builder_for(TracingPolicy(**included), Config(), read_only=True), source=source)


def test_module(tmp_path: Path) -> None:
    """A module that would be rewritten is told with its functions; nothing is imported and nothing written."""
    write_files(tmp_path, SHOP)
    with import_path(tmp_path):
        found = look("shop.orders", source=True)
        assert "shop" not in sys.modules
    assert (found.state, found.function, found.file) == (REWRITTEN, None, str(tmp_path / "shop/orders.py"))
    assert [tuple(each) for each in found.functions] == [("Order.total", 2, None), ("Order._hidden", 3, None)]
    assert found.texts is not None
    assert found.texts.original == SHOP["shop/orders.py"]
    assert "shop.orders:Order.total:2" in found.texts.rewritten
    assert not list(tmp_path.glob("**/__pycache__"))


@pytest.mark.parametrize("name", ["shop.orders.Order.total", "shop.orders:Order.total"])
def test_function(tmp_path: Path, name: str) -> None:
    """A function is found in its module, however it is written."""
    write_files(tmp_path, SHOP)
    with import_path(tmp_path):
        found = look(name, excluded_functions=["_*"])
        hidden = look("shop.orders.Order._hidden", excluded_functions=["_*"])
    assert (found.function, found.decision.included, found.state) == ("Order.total", True, REWRITTEN)
    assert not hidden.decision.included
    assert [each.qualname for each in found.functions] == ["Order.total"]


def test_kept_code_is_told_from_code_to_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that was imported before is in the cache."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write_files(tmp_path, SHOP)
    with hooked(tmp_path, "names"):
        import_fresh("names.space")
    with import_path(tmp_path):
        assert look("names.space").state == CACHED


def test_what_cannot_be_rewritten(tmp_path: Path) -> None:
    """Wrong syntax, missing source and missing modules are told apart."""
    write_files(tmp_path, SHOP)
    with import_path(tmp_path):
        wrong, extension, namespace = look("shop.wrong"), look("_json"), look("names")
        absent, outside = look("shop.absent"), look("json.decoder")
    assert (wrong.state, wrong.reason.partition(":")[0]) == (REFUSED, "SyntaxError")
    assert extension.state == LEFT_ALONE
    assert namespace.state == LEFT_ALONE
    assert (absent.state, absent.file) == (None, str(tmp_path / "shop/__init__.py")) or absent.function == "absent"
    assert (outside.state, outside.decision.included) == (None, False)

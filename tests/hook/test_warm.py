"""Filling the cache ahead: what an import finds afterwards."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from glimpse.config import Config
from glimpse.hook import activate, terms_for
from glimpse.hook.status import CACHED, REFUSED, REWRITTEN
from glimpse.hook.warm import included_modules, warm
from glimpse.policy import TracingPolicy
from tests.support import write_files
from tests.support.importing import import_fresh, import_path

SHOP = {
    "shop/__init__.py": "import shop_has_side_effects_when_imported\n",
    "shop/orders.py": "def total(items, token): return sum(items)\n",
    "shop/deep/__init__.py": "",
    "shop/deep/er.py": "def f(): return 1\n",
    "shop/wrong.py": "def f(:\n",
    "shop/tests/test_it.py": "def test(): pass\n",
}


@pytest.mark.parametrize("jobs", [1, 2])
def test_import_finds_what_was_warmed(tmp_path: Path, jobs: int) -> None:
    """Every included module is rewritten without being imported, by any number of processes; imports find the code."""
    write_files(tmp_path, SHOP)
    config = Config(cache_dir=tmp_path / "cache", redact=["pin"])
    policy = TracingPolicy(included_packages=["shop"], excluded_packages=["shop.tests"])
    with import_path(tmp_path):
        work = included_modules(["shop"], policy)
        first = {outcome.module: outcome.state for outcome in warm(work, policy, config, jobs)}
        assert "shop" not in sys.modules
        expected = dict.fromkeys(["shop", "shop.orders", "shop.deep", "shop.deep.er"], REWRITTEN)
        assert first == {**expected, "shop.wrong": REFUSED}
        again = {outcome.module: outcome.state for outcome in warm(work, policy, config, 1)}
        assert again == {**dict.fromkeys(expected, CACHED), "shop.wrong": REFUSED}

        (tmp_path / "shop/__init__.py").write_text("")
        activation = activate(policy, terms=terms_for(config), cache_dir=config.cache_dir)
        try:
            import_fresh("shop.orders")
            importlib.import_module("shop.deep.er")
            states = {name: outcome.state for name, outcome in activation.outcomes.items()}
        finally:
            activation.deactivate()
    assert states == {"shop": REWRITTEN, "shop.orders": CACHED, "shop.deep": CACHED, "shop.deep.er": CACHED}


def test_only_what_is_included(tmp_path: Path) -> None:
    """Modules that the policy leaves out are no work; a single module is."""
    write_files(tmp_path, SHOP)
    policy = TracingPolicy(included_packages=["shop.deep", "shop.orders"])
    with import_path(tmp_path):
        assert [each.module for each in included_modules(["shop.orders"], policy)] == ["shop.orders"]
        assert {each.module for each in included_modules(["shop"], policy)} == {
            "shop.deep",
            "shop.deep.er",
            "shop.orders",
        }
        assert included_modules(["absent"], policy) == []

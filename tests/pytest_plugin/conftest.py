"""A project with failing tests, and pytest run on it with the plugin and no other that is installed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import glimpse.hook.rewrite
import glimpse.pytest_plugin.starting  # noqa: F401 - pytester would forget both after each run, and they are large
from tests.support import write_files

SHOP = """
    PRICES = {"tea": 3.5, "cup": 9.0}

    def price(item):
        return PRICES[item]

    def checkout(items):
        return sum(price(item) for item in items)
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on these files, beside a package ``shop``; with ``apart``, in a process of its own."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(files: dict[str, str], *arguments: str, apart: bool = False) -> pytest.RunResult:
        write_files(pytester.path, {"shop.py": SHOP, **files})
        pytester.syspathinsert()
        words = ["-p", "glimpse.pytest_plugin", "-p", "no:cacheprovider", *arguments]
        return pytester.runpytest_subprocess(*words) if apart else pytester.runpytest_inprocess(*words)

    return run

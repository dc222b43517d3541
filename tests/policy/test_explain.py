"""``explain`` tells modules from functions without importing anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from glimpse.policy import PolicySet, TracingPolicy
from tests.support import write_files


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package on the import path that must not be imported."""
    fails = "raise SystemExit('imported')\n"
    write_files(tmp_path, {"src/shopx/__init__.py": fails, "src/shopx/orders.py": fails, "src/single.py": fails})
    monkeypatch.setattr(sys, "path", [str(tmp_path / "src"), *sys.path])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shopx", "traced: included_packages has 'shopx', which matches shopx"),
        ("shopx.orders", "traced: included_packages has 'shopx', which matches shopx.orders"),
        ("shopx.orders.total", "traced: included_packages has 'shopx', which matches shopx.orders"),
        ("shopx.orders.Order.save", "excluded_functions has 'Order.save', which matches shopx.orders.Order.save"),
        ("shopx.orders:Order.save", "excluded_functions has 'Order.save', which matches shopx.orders.Order.save"),
        ("shopx.legacy", "excluded_packages has 'shopx.legacy', which matches shopx.legacy"),
        ("shopx.missing.Order.save", "excluded_functions has 'Order.save'"),
        ("single", "traced: project_root_packages has 'src', which matches src.single"),
        ("single.f", "traced: project_root_packages has 'src', which matches src.single"),
        ("json.dumps", "not traced: no pattern matches json"),
        ("nowhere.to.be.found", "not traced: no pattern matches nowhere.to.be.found"),
        ("glimpse.policy", "not traced: Glimpse never traces itself"),
    ],
)
def test_answers(project: Path, name: str, text: str) -> None:
    """Modules and functions, found or not, are each answered with the rule that decides."""
    policy = TracingPolicy(["shopx"], ["shopx.legacy"], ["src"], excluded_functions=["Order.save"], root=project)
    assert text in str(policy.explain(name))
    assert text.partition(" has")[0] in str(PolicySet({"": policy}).explain(name))
    assert not {"shopx", "single"} & sys.modules.keys()


def test_a_name_that_is_found_nowhere() -> None:
    """Where no file tells a module from a function, the reading on which a rule says something counts."""
    policy = TracingPolicy(["app"], auto_trace_subpackages=False)
    assert policy.explain("app.run")
    assert not policy.explain("other.run")


def test_what_is_loaded_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that were made by hand, or whose finder refuses, are still explained."""

    class Refusing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            raise ImportError(name)

    monkeypatch.setattr(sys, "meta_path", [Refusing()])
    policy = TracingPolicy(["json", "made_up"])
    assert policy.explain("json.decoder.JSONDecoder.decode")
    assert policy.explain("made_up.f")

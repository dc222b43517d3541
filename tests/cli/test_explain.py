"""``glimpse explain``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.support import write_files, write_policy
from tests.support.importing import import_path

SHOP = {
    "src/shop/__init__.py": "raise RuntimeError('imported')\n",
    "src/shop/orders.py": "class Order:\n    def total(self):\n        return 1\n",
    "src/shop/wrong.py": "def f(:\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a policy, which is the working directory."""
    write_files(tmp_path, SHOP)
    write_policy(tmp_path, "shop", excluded_functions=["_*"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints."""
    with import_path():
        assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_module_and_function(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule, the file and what rewriting makes of it, for each name; nothing is imported or written."""
    text = explain(capsys, "shop.orders", "shop.orders.Order.total", "shop.orders:Order._x", "json")
    policy, module, function, hidden, other = text.split("\n\n")
    assert policy == f"policy: {project / 'glimpse-policy.json'}"
    assert "traced: included_packages has 'shop', which matches shop.orders" in module
    assert f"file: {project / 'src/shop/orders.py'}" in module
    assert "rewritten: 1 function of 1; not cached yet" in module
    assert "Order.total, line 2: recorded" in function
    assert "not traced: excluded_functions has '_*'" in hidden
    assert "no function of this name" not in hidden
    assert "not traced: no pattern matches json" in other
    assert not list(project.glob("**/__pycache__"))


def test_what_cannot_be_rewritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is given."""
    assert "cannot be rewritten: SyntaxError" in explain(capsys, "shop.wrong")
    assert "not found on the import path" in explain(capsys, "absent.module")


def test_what_has_no_source(capsys: pytest.CaptureFixture[str]) -> None:
    """A module that is found, and not in a file, is not said to be missing."""
    assert "file: none (built-in)" in explain(capsys, "sys")


def test_source(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rewritten code stands beside the original, equal lines on one level."""
    lines = explain(capsys, "shop.orders", "--source").splitlines()
    (head,) = [line for line in lines if line.count("def total(self):") == 2]
    assert "│" not in head
    assert any("│" in line and "__glimpse_enter" in line for line in lines)


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything as data."""
    (found,) = json.loads(explain(capsys, "shop.orders", "--json", "--source"))
    assert found["included"] is True
    assert found["rule"] == "included_packages: 'shop'"
    assert (found["rewritten"], found["cached"], found["refusal"]) == (True, False, None)
    assert found["functions"] == [{"function": "Order.total", "line": 2, "recorded": True}]
    assert "__glimpse_enter" in found["source"]


def test_without_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no policy, it is said what is assumed."""
    monkeypatch.chdir(tmp_path)
    text = explain(capsys, "json.decoder")
    assert text.startswith("policy: no policy file; as if there were one with json\n")
    assert "traced: included_packages has 'json'" in text

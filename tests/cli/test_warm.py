"""``glimpse warm``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.support import run_python, write_files, write_policy

SHOP = {"shop/__init__.py": "", "shop/orders.py": "def f(): return 1\n", "shop/wrong.py": "def f(:\n"}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.chdir(write_files(tmp_path, SHOP))


def test_warmed_program_starts_from_the_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was rewritten, what was known, what could not be; a program then starts without libcst."""
    policy = write_policy(tmp_path, "shop")
    assert main(["warm", "shop"]) == 0
    first = capsys.readouterr().out
    assert "not rewritten: shop.wrong: SyntaxError" in first
    assert "2 modules rewritten in " in first
    assert main(["warm", "shop", "-j", "1"]) == 0
    assert "0 modules rewritten in " in (again := capsys.readouterr().out)
    assert "2 already kept" in again
    code = "import shop.orders, sys; print(shop.orders.f(), 'libcst' in sys.modules)"
    run = run_python("-c", code, cwd=tmp_path, env={"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)})
    assert run.stdout == "1 False\n"
    assert len(run.entries) == 2


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything as data."""
    assert main(["warm", "shop.orders", "--json"]) == 0
    (outcome,) = json.loads(capsys.readouterr().out)
    assert (outcome["module"], outcome["state"]) == ("shop.orders", "rewritten")


def test_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``GLIMPSE_CACHE_DIR`` is written where bytecode must not be; without it, that is an error that names it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert main(["warm", "shop.orders"]) == 2
    monkeypatch.setenv("GLIMPSE_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["warm", "shop.orders"]) == 0
    assert len(list((tmp_path / "cache").glob("**/orders.*"))) == 1
    assert not (tmp_path / "shop/__pycache__").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent"], "no module 'absent'"),
        (["json"], "json is not traced: no pattern matches json"),
        (["shop", "--jobs", "none"], "--jobs"),
        (["shop", "--policy", "absent.json"], "absent.json"),
    ],
)
def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """One line says what is wrong."""
    write_policy(tmp_path, "shop")
    assert main(["warm", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_own_modules_are_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a traced program loads of Glimpse is there for it in the folder that is named, also if it may not write."""
    monkeypatch.setenv("GLIMPSE_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["warm", "shop.orders"]) == 0
    (bundle,) = (tmp_path / "cache").glob("**/bundled.*.pyc")
    assert b"glimpse.session" in bundle.read_bytes()
    assert not (tmp_path / "glimpse.jsonl").exists()

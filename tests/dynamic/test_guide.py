"""The examples of the page on dynamic mode and decorators, run as a reader would type them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.dynamic.conftest import short
from tests.support import pages, run_python, write_files

example = partial(pages.example, "docs/dynamic.md")


def test_the_example_of_dynamic_mode(tmp_path: Path) -> None:
    """What runs within the block is recorded."""
    write_files(
        tmp_path,
        {"shop.py": "def total(items):\n    return sum(items)\n", "main.py": example("run")},
    )
    run = run_python("main.py", cwd=tmp_path, log="calls.jsonl")
    assert [short(entry) for entry in run.entries] == ["START total(items=[1, 2])", "END total 3"]


def test_the_example_of_decorators(tmp_path: Path) -> None:
    """Decorated functions and the methods of a class are recorded, with what the options leave."""
    write_files(tmp_path, {"main.py": example("decorate")})
    run = run_python("main.py", cwd=tmp_path, log="calls.jsonl")
    assert [short(entry) for entry in run.entries] == [
        *("START critical(data=[1, 2, 3])", "END critical 3"),
        *("START pay(amount=5, iban=<redacted>)", "END pay <not recorded>"),
        *("START __init__(self=<Cart>)", "END __init__ None", "START add(self=<Cart>, item='pen')", "END add None"),
    ]

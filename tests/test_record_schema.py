"""The schema describes what is written: everything that the conformance programs leave is valid, and little else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from glimpse.cli import main
from glimpse.entry import FIELDS
from glimpse.record_schema import record_schema, record_table
from tests.support import run_python

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted(path.stem for path in (ROOT / "fixtures" / "conformance").glob("*.py"))
VALIDATOR = jsonschema.Draft202012Validator(record_schema())


def entries_of(program: str, folder: Path, **env: str) -> list[dict[str, Any]]:
    """What a program leaves through the import hook."""
    env |= {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": program, "PYTHONPATH": str(ROOT / "fixtures" / "conformance")}
    return run_python(code=f"import {program}; {program}.main()", cwd=folder, env=env).entries


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_written_is_valid(program: str, tmp_path: Path) -> None:
    """Every entry at every level, with and without ids, is what the schema says."""
    full = entries_of(program, tmp_path, GLIMPSE_LEVEL="DEBUG", GLIMPSE_TRACE_ID="1", GLIMPSE_CORRELATION_ID="order 1")
    (tmp_path / "glimpse.jsonl").unlink()
    errors = entries_of(program, tmp_path, GLIMPSE_LEVEL="ERROR")
    assert full
    for entry in [*full, *errors]:
        VALIDATOR.validate(entry)
        assert list(entry) == [name for name in FIELDS if name in entry]


VALID = {
    "entry_id": 2, "call_id": 1, "parent_id": None, "depth": 1, "level": "INFO", "function": "a.f", "args": "f",
    "stage": "END", "timestamp": "2023-12-01 10:30:15.123456", "thread": "MainThread", "pid": 1, "result": "1",
    "duration_ms": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"entry_id": 0},
        {"parent_id": "1"},
        {"level": "WARNING"},
        {"stage": "START"},  # which has neither result nor duration
        {"stage": "EXCEPTION"},
        {"timestamp": "2023-12-01T10:30:15Z"},
        {"duration_ms": "0.5"},
        {"closed": False},
        {"span_id": "XYZ"},
        {"colour": "red"},
        {"thread": None},
    ],
)
def test_what_is_not_an_entry(change: dict[str, Any]) -> None:
    """A field of a wrong form, or at a stage that does not have it, is refused."""
    VALIDATOR.validate(VALID)
    assert not VALIDATOR.is_valid({**VALID, **change})


def test_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a valid schema of the dialect that it names."""
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert list(printed["properties"]) == list(FIELDS)


def test_the_page_has_the_table() -> None:
    """The table of the docs is the one that is made."""
    page = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    assert record_table() in page

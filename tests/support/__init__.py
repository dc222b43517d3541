"""Helpers that the tests of every room share."""

from __future__ import annotations

from tests.support.entries import assert_complete, call_tree, outline, read_entries
from tests.support.process import Run, plain_and_traced, run_python, run_traced
from tests.support.project import write_files, write_policy

__all__ = [
    "Run",
    "assert_complete",
    "call_tree",
    "outline",
    "plain_and_traced",
    "read_entries",
    "run_python",
    "run_traced",
    "write_files",
    "write_policy",
]

"""Runs Python programs as a user would: in a process of their own, with an environment that holds no other settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, TypedDict

from tests.support.entries import Entry, assert_complete, read_entries

if TYPE_CHECKING:
    from typing_extensions import Unpack

TIMEOUT_S = 60


@dataclass(frozen=True)
class Run:
    """What a process left behind; ``entries`` are those of its log file, in order."""

    code: int
    stdout: str
    stderr: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def seen(self) -> tuple[int, str, str]:
        """Everything that whoever started the program could tell it by."""
        return self.code, self.stdout, self.stderr


class Options(TypedDict, total=False):
    """What ``run_python`` takes beside the arguments and the folder."""

    code: str
    """Run with ``-c``, after its common indentation is taken off, before the arguments."""
    env: Mapping[str, str]
    """Added to the environment, from which every ``GLIMPSE_*`` and ``PYTHON*`` variable is taken out first."""
    log: str
    """The JSONL file, relative to ``cwd``, that ``entries`` is read from (default ``glimpse.jsonl``)."""
    stdin: str
    expect: int | None
    """The exit code that is asserted (default 0), or ``None`` for any."""


def run_python(*args: str | Path, cwd: Path, **options: Unpack[Options]) -> Run:
    """Run this Python with the arguments in the folder ``cwd`` until it ends."""
    code = options.get("code")
    done = subprocess.run(
        [sys.executable, *([] if code is None else ["-c", dedent(code)]), *map(str, args)],
        cwd=cwd,
        env=clean_environment(options.get("env")),
        input=options.get("stdin"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    run = Run(done.returncode, done.stdout, done.stderr, read_entries(cwd / options.get("log", "glimpse.jsonl")))
    expect = options.get("expect", 0)
    assert expect is None or run.code == expect, f"exit code {run.code}\n{run.stdout}\n{run.stderr}"
    return run


def run_traced(*args: str | Path, policy: Path, cwd: Path, **options: Unpack[Options]) -> Run:
    """Like ``run_python``, with Glimpse switched on by the environment alone; the entries must be complete."""
    switched_on = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)}
    options["env"] = {**switched_on, **options.get("env", {})}
    run = run_python(*args, cwd=cwd, **options)
    assert_complete(run.entries)
    return run


def plain_and_traced(*args: str | Path, policy: Path, cwd: Path, **options: Unpack[Options]) -> Run:
    """Run a program without Glimpse and then with it; it must look the same from outside. Gives the traced run."""
    options["expect"] = options.get("expect")
    plain = run_python(*args, cwd=cwd, **options)
    traced = run_traced(*args, policy=policy, cwd=cwd, **options)
    assert traced.seen == plain.seen
    assert traced.entries, "nothing was traced"
    return traced


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would steer Python or Glimpse, plus ``env``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GLIMPSE_", "PYTHON"))}
    return {**kept, "PYTHONIOENCODING": "utf-8", **(env or {})}

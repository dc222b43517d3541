"""A module to trace, and a tracer for it by a core of choice."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from glimpse import Config, Tracer, TracingPolicy
from glimpse.compat import HAS_MONITORING
from tests.support import read_entries

CORES = [*(["monitoring"] if HAS_MONITORING else []), "settrace"]

Import = Callable[..., ModuleType]


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each core that this interpreter has, in turn, used by every tracer."""
    use_core(request.param, monkeypatch)
    return str(request.param)


def use_core(core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every tracer run by this core."""
    monkeypatch.setenv("GLIMPSE_DYNAMIC", core)


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Import]:
    """Imports a module from its text, under a name (``app`` if none is given)."""
    made: list[str] = []

    def make(text: str, name: str = "app") -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(dedent(text), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = found = importlib.util.module_from_spec(spec)
        made.append(name)
        spec.loader.exec_module(found)
        return found

    yield make
    for name in made:
        sys.modules.pop(name, None)


class Recorded:
    """A tracer of one module with a log of its own."""

    def __init__(self, folder: Path, name: str, included: str, level: str, **keys: Any) -> None:
        self.log = folder / f"{name}.jsonl"
        config = Config(level=level, params={"log_path": self.log})
        self.tracer = Tracer(config, TracingPolicy(included_packages=[included], **keys))

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What was recorded so far."""
        self.tracer.flush()
        return read_entries(self.log)

    @property
    def shown(self) -> list[str]:
        """The entries in short: ``START f(x=1)``, ``END f 2``, ``EXCEPTION f(x=1) ValueError``."""
        return [short(entry) for entry in self.entries]


def short(entry: dict[str, Any]) -> str:
    """One entry in short."""
    if entry["stage"] == "EXCEPTION":
        return f"EXCEPTION {entry['args']} {entry['exception']['type']}"
    end = "closed" if entry.get("closed") else entry.get("result", "")
    return f"{entry['stage']} {entry['args']} {end}".strip()


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Callable[..., Recorded]]:
    """Makes tracers, and closes them in the end."""
    made: list[Recorded] = []

    def make(name: str = "log", included: str = "app", level: str = "INFO", **keys: Any) -> Recorded:
        made.append(Recorded(tmp_path, name, included, level, **keys))
        return made[-1]

    yield make
    for each in made:
        each.tracer.close()

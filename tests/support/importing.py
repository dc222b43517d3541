"""Imports modules through the hook in this process, and takes every trace of that away again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from glimpse.hook import Activation, Terms, activate
from glimpse.policy import TracingPolicy
from glimpse.probe import hooks

__all__ = ["forget", "hooked", "import_fresh", "import_path", "is_instrumented"]


@contextmanager
def import_path(*folders: Path) -> Iterator[None]:
    """Import from these folders too; what was imported meanwhile is forgotten afterwards."""
    before = set(sys.modules)
    sys.path[:0] = added = [str(folder) for folder in folders]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = [entry for entry in sys.path if entry not in added]
        for name in [name for name in sys.modules if name not in before]:
            if any(str(_place(sys.modules[name])).startswith(folder) for folder in added):
                del sys.modules[name]
        for entry in [entry for entry in sys.path_importer_cache if entry.startswith(tuple(added))]:
            del sys.path_importer_cache[entry]


@contextmanager
def hooked(folder: Path, *included: str, cache_dir: Path | None = None, mode: str = "full") -> Iterator[Activation]:
    """Import from the folder with these packages instrumented."""
    policy = TracingPolicy(included_packages=included)
    with import_path(folder):
        activation = activate(policy, terms=lambda owner: Terms(mode), cache_dir=cache_dir)
        try:
            yield activation
        finally:
            activation.deactivate()


def import_fresh(name: str) -> ModuleType:
    """Import the module anew, and the packages that it is in."""
    forget(name.partition(".")[0])
    return importlib.import_module(name)


def forget(package: str) -> None:
    """Let nothing be imported of the package."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def is_instrumented(function: Any) -> bool:
    """Whether the function reports its calls to the probe."""
    constants = function.__code__.co_consts
    return any(type(each) is FunctionType and each.__module__ == hooks.__name__ for each in constants)


def _place(module: ModuleType) -> object:
    return getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), None)

"""Finds modules by name without importing any, not even their parents."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import Any

from glimpse.hook.finder import Finder

__all__ = ["locate", "modules_below"]


def locate(name: str) -> ModuleSpec | None:
    """The spec of a module, as an import without Glimpse would find it; None if there is none.

    A package that changes its search path while it is imported is seen as its files lie.
    """
    spec: ModuleSpec | None = None
    path: Sequence[str] | None = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        spec = _find(".".join(parts[:end]), path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
        if path is None and end < len(parts):
            return None
    return spec


def modules_below(name: str) -> Iterator[ModuleSpec]:
    """The specs of a module and, if it is a package, of all modules in it that have Python source."""
    spec = locate(name)
    if spec is not None:
        yield from _with_submodules(spec)


def _with_submodules(spec: ModuleSpec) -> Iterator[ModuleSpec]:
    if isinstance(spec.loader, SourceFileLoader):
        yield spec
    path = spec.submodule_search_locations
    for child in sorted({name for folder in path or () for name in _names_in(folder)}):
        found = _find(f"{spec.name}.{child}", path)
        if found is not None:
            yield from _with_submodules(found)


def _names_in(folder: str) -> Iterator[str]:
    """Names that modules and packages in the folder can have; folders without ``__init__.py`` are no packages here."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, suffix = os.path.splitext(entry.name)
                if suffix == ".py" and stem.isidentifier() and stem != "__init__":
                    yield stem
                elif entry.name.isidentifier() and os.path.isfile(os.path.join(entry.path, "__init__.py")):
                    yield entry.name
    except OSError:
        return


def _find(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    finders: list[Any] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    for finder in finders:
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec(name, path) if find_spec else None
        if spec is not None:
            return spec
    return None

"""Finds modules without importing them or anything above them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from typing import Any

__all__ = ["find_spec", "loaded_spec"]


def find_spec(name: str, path: Sequence[str] | None = None) -> ModuleSpec | None:
    """The spec that an import without Glimpse would find; None if there is none, or a finder refuses.

    :param path: the search path of the package above, for a module in one.
    """
    finders: list[Any] = [each for each in sys.meta_path if type(each).__module__.partition(".")[0] != "glimpse"]
    for finder in finders:
        try:
            spec: ModuleSpec | None = finder.find_spec(name, path)
        except (ImportError, AttributeError, ValueError):
            continue
        if spec is not None:
            return spec
    return None


def loaded_spec(name: str) -> ModuleSpec | None:
    """The spec of a module that is imported already, if it has one."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return spec if isinstance(spec, ModuleSpec) else None

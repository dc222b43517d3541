"""Begins and ends what the package does, for as many recordings as ask for it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from types import ModuleType
from typing import Final

from ..context import TraceContext, set_outside
from .children import CHILDREN, from_environment
from .clients import CLIENTS
from .imports import when_imported
from .patches import Patches

__all__ = ["PROPAGATION", "Propagation", "adopt_environment"]

Patch = Callable[[ModuleType, Patches], None]


class Propagation:
    """Requests and children carry the trace, while anyone wants that. Entered once by each recording that does."""

    def __init__(self) -> None:
        self._wanted = 0
        self._patches = Patches()
        self._watching: list[Callable[[], None]] = []

    def begin(self) -> None:
        """From now on."""
        self._wanted += 1
        if self._wanted == 1:
            for name, patch in {**CLIENTS, **CHILDREN}.items():
                self._watching.append(when_imported(name, functools.partial(_apply, patch, self._patches)))

    def end(self) -> None:
        """No more, if nobody else wants it."""
        self._wanted -= 1
        if self._wanted == 0:
            for leave in self._watching:
                leave()
            self._watching.clear()
            self._patches.undo()
            set_outside(TraceContext())


def _apply(patch: Patch, patches: Patches, module: ModuleType) -> None:
    patch(module, patches)


PROPAGATION: Final = Propagation()
"""That of the process."""


def adopt_environment() -> TraceContext:
    """Let what is in no scope be called by whoever started this process, as its environment tells; gives that."""
    context = from_environment(os.environ)
    set_outside(context)
    return context

"""Functions of other modules, replaced by ones that do something more, and put back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["Patches"]

Wrapper = Callable[[Any], Any]
"""Given the original, makes what stands in its place."""


class Patches:
    """What was replaced. A function that somebody else has replaced meanwhile is theirs, and stays."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any, Any]] = []

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Replace a class's function.

        :raises AttributeError: the class does not have one of its own of this name.
        """
        original = owner.__dict__.get(name)
        if original is None:
            raise AttributeError(name)
        made = functools.wraps(original)(wrapper(original))
        del made.__wrapped__  # to who looks, a function like the original
        setattr(owner, name, made)
        self._undo.append((owner, name, made, original))

    def undo(self) -> None:
        """Put everything back."""
        for owner, name, made, original in reversed(self._undo):
            if owner.__dict__.get(name) is made:
                setattr(owner, name, original)
        self._undo.clear()

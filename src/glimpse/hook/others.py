"""What the finders behind one of ours find, wherever it stands by then."""

from __future__ import annotations

import sys

from glimpse.natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["Others"]


class Others:
    """The finders behind ``finder`` on ``sys.meta_path``."""

    def __init__(self, finder: object) -> None:
        self._finder = finder
        self._asking: set[tuple[int, str]] = set()

    def spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        """What the first of them finds; None also where one of them asks the whole meta path again."""
        asking = (System.get_ident(), fullname)
        if asking in self._asking:
            return None
        self._asking.add(asking)
        try:
            return self._ask(fullname, path, target)
        finally:
            self._asking.discard(asking)

    def _ask(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        finders: list[Any] = sys.meta_path
        try:
            behind = finders[finders.index(self._finder) + 1 :]
        except ValueError:  # it has been taken away
            return None
        for finder in behind:
            try:
                find_spec = finder.find_spec
            except AttributeError:  # of a kind that only the import system of old Pythons knows to ask
                return None
            spec: ModuleSpec | None = find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None

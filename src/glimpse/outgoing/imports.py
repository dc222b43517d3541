"""Does something with a module when it has been imported: at once, or when the program gets to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["when_imported"]

Then = Callable[[ModuleType], None]


def when_imported(name: str, then: Then) -> Callable[[], None]:
    """Call ``then`` with the module of this name once its body has run. What it raises is passed over.

    :return: to be called when that is not wanted any more.
    """
    module = sys.modules.get(name)
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        _call(then, module)
        return lambda: None
    watcher = _Watcher(name, then)
    sys.meta_path.insert(0, watcher)
    return watcher.leave


def _call(then: Then, module: ModuleType) -> None:
    try:
        then(module)
    except Exception:  # it is not what it was expected to be: the program goes on without what would have been added
        return


class _Watcher:
    """Stands first on ``sys.meta_path`` until the module is looked for, and lets the other finders find it."""

    def __init__(self, name: str, then: Then) -> None:
        self.name, self.then = name, then

    def leave(self) -> None:
        """Watch no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the others have, to be loaded by their loader, and then shown."""
        if fullname != self.name or self not in sys.meta_path:
            return None
        self.leave()
        for finder in list(sys.meta_path):
            spec: ModuleSpec | None = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    loader: Any = _Loader(spec.loader, self.then)
                    spec.loader = loader
                return spec
        return None


class _Loader:
    """Gives way to the loader that it stands for before the module's body runs."""

    def __init__(self, original: Any, then: Then) -> None:
        self._original, self._then = original, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        found: ModuleType | None = self._original.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        original = self._original
        if module.__spec__ is not None:
            module.__spec__.loader = original
        module.__loader__ = original
        original.exec_module(module)
        _call(self._then, module)

"""The import hook at the start of a program that may never import anything included: it waits for the first that is.

Connecting the real one loads what records calls and opens the destination, which takes longer than Python's own start.
What has to be there before the program's first line is loaded by then: see ``natives`` and ``process``.
"""

from __future__ import annotations

import os
import sys

from glimpse.hook.asked import ASKING, Asked, started_script
from glimpse.hook.import_lock import OthersMayImport
from glimpse.hook.others import Others
from glimpse.natives import System
from glimpse.policy.places import absolute_path
from glimpse.process import at_forks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Final

    from glimpse.policy import Decider

__all__ = ["Waiting", "end_waiting"]

_WAKING: Final = frozenset({"_pytest", "greenlet"})
"""Whose import the real hook has to see: pytest's own hook comes before all others, greenlets need watching."""

_MAIN: Final = "__main__"
_waiting: Final[list[Waiting]] = []


class Waiting:
    """Stands first on ``sys.meta_path``, and where scripts are asked for, until ``begin`` connects the real one there.

    :param policy: decides whether a module is included.
    :param begin: connects the real hook. What it raises is told, and nothing is traced then.
    :param tell: takes what there is to say to the user.
    """

    def __init__(self, policy: Decider, begin: Callable[[], object], tell: Callable[[str], None]) -> None:
        self._policy, self._begin, self._tell = policy, begin, tell
        self._may_include = policy.may_include
        self._others = Others(self)
        self._asked = Asked(self)
        self._lock = System.RLock()
        self._begun = self._ended = False

    def connect(self) -> bool:
        """Begin to wait. False where there is nothing to wait for: something included has been imported."""
        for name, module in list(sys.modules.items()):
            if name != _MAIN and self._includes(name, getattr(module, "__file__", None)):
                return False
        sys.meta_path.insert(0, self)
        self._asked.connect()
        _waiting.append(self)
        at_forks(before=self._hold, in_parent=self._release, in_child=self._renew_lock)
        return True

    def _includes(self, name: str, file: str | None) -> bool:
        return self._may_include(name) and self._policy.decide_module(name, file).included

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders find; of the first module that is included, what the real hook makes of it."""
        if self._asked.starts or fullname == ASKING:
            self._asked.see(fullname)
        if fullname in _WAKING:
            self.end()
        elif not self._ended and self._may_include(fullname):
            spec = self._others.spec(fullname, path, target)
            if spec is None or not (spec.has_location and self._includes(fullname, spec.origin)):
                return spec
            self.end()
        else:
            return None
        if fullname in sys.modules:  # what records calls needs it itself
            return _spec_of_imported(sys.modules[fullname])
        finder = sys.meta_path[0]
        return finder.find_spec(fullname, path, target) if finder is not self else None

    def __call__(self, path: str) -> Any:
        """What the real hook finds for a script that the policy includes, others for the interpreter's own script.

        :raises ImportError: the path is none, or there is nothing to instrument.
        """
        asked = self._asked.starts and absolute_path(path) == started_script()
        if not self._ended and self._may_include(_MAIN) and os.path.isfile(path) and self._includes(_MAIN, path):
            self.end()
            asked = True
        if asked:
            return self._asked.leave_to_others(path)
        raise ImportError("not a script that Glimpse instruments", path=path)

    def end(self) -> None:
        """Wait no longer: connect the real hook."""
        with OthersMayImport(), self._lock:
            if self._begun:
                return
            self._begun = True
            self._asked.disconnect()
            try:
                self._begin()
            except Exception as error:  # the program imports its module whatever happens here
                self._tell(str(error) or type(error).__name__)
            _waiting.remove(self)  # not before: what other threads import meanwhile waits for the lock
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            self._ended = True

    def _hold(self) -> None:
        """Before a fork: no child is to be left with what another thread has begun."""
        self._lock.acquire()

    def _release(self) -> None:
        self._lock.release()

    def _renew_lock(self) -> None:
        """In a forked child, where nobody else can hold it."""
        self._lock = System.RLock()


def end_waiting() -> None:
    """Let the import hook be there in earnest, if it was to come with the first included module."""
    for each in tuple(_waiting):
        each.end()


def _spec_of_imported(module: ModuleType) -> ModuleSpec:
    from _frozen_importlib import ModuleSpec

    return ModuleSpec(module.__name__, _Imported(module))  # type: ignore[arg-type] # all that importing needs


class _Imported:
    """Loads a module that is there: the import system was about to load it when it was needed."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec

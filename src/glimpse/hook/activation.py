"""Connects the import hook and takes it away again."""

from __future__ import annotations

import os
import sys

from glimpse.hook.build import Builder
from glimpse.hook.cache import Store
from glimpse.hook.finder import Finder
from glimpse.hook.script import ScriptHook
from glimpse.hook.status import warn_of_imported
from glimpse.hook.terms import Terms
from glimpse.natives import System
from glimpse.values import NEEDED_FOR_OBJECTS, expect_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from glimpse.hook.status import Outcome
    from glimpse.hook.terms import TermsOf
    from glimpse.policy import Decider

__all__ = ["Activation", "activate"]

_lock: Final = System.allocate_lock()


class Activation:
    """The hook while it is connected. Made by ``activate``.

    :param builder: makes the code of included modules.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._asked = ScriptHook(builder).asked
        self._finder = Finder(builder, self, self._asked)

    @property
    def policy(self) -> Decider:
        """What decides which modules are instrumented."""
        return self._builder.policy

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What became of each included module that was imported so far, by its name."""
        return dict(self._builder.outcomes)

    @property
    def active(self) -> bool:
        """Whether modules that are imported now are instrumented."""
        return self._finder in sys.meta_path

    def tell_files(self, files: dict[str, str]) -> None:
        """Keep the file of each instrumented module in this dict too, those so far and those to come.

        A module cannot be asked when its entries are made: the interpreter takes ``__file__`` from a script that ended.
        """
        self._builder.told.append(files)
        files.update((name, each.file) for name, each in self.outcomes.items() if each.instrumented)

    def connect(self) -> None:
        """Instrument what is imported from now on. Once is enough."""
        with _lock:
            if not self.active:
                sys.meta_path.insert(0, self._finder)
                self._asked.connect()

    def deactivate(self) -> None:
        """Import plainly from now on. Once is enough."""
        with _lock:
            if self._finder in sys.meta_path:
                sys.meta_path.remove(self._finder)
            self._asked.disconnect()

    def imported_before(self) -> list[str]:
        """The modules that the policy includes and that were imported too early, by anyone, to be instrumented."""
        modules = list(sys.modules.items())
        return [name for name, module in modules if self.policy.may_include(name) and self._is_late(name, module)]

    def _is_late(self, name: str, module: object) -> bool:
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith((".py", ".pyw")) or name in self._builder.outcomes:
            return False
        return self.policy.decide_module(name, file).included and _has_functions(file)


def activate(
    policy: Decider,
    *,
    terms: TermsOf = lambda policy: Terms(),
    cache_dir: str | os.PathLike[str] | None = None,
) -> Activation:
    """Instrument the included modules that are imported from now on; names those that were imported already on stderr.

    Calling it again with the same policy while it is active gives the same activation.

    :param policy: one policy, or several in order.
    :param terms: how the modules that a policy owns are instrumented.
    :param cache_dir: the folder for rewritten code; None to keep it beside each source's other bytecode.
    """
    for finder in sys.meta_path:
        if isinstance(finder, Finder) and isinstance(finder.owner, Activation) and finder.owner.policy is policy:
            return finder.owner
    if any(map(policy.may_include, NEEDED_FOR_OBJECTS)):
        expect_objects()  # what is instrumented cannot be needed for it
    activation = Activation(Builder(policy, terms, Store(os.fspath(cache_dir) if cache_dir else None)))
    activation.connect()
    late = activation.imported_before()
    if late:
        warn_of_imported(late)
    return activation


def _has_functions(file: str) -> bool:
    try:
        with open(file, "rb") as source:
            return b"def " in source.read()
    except OSError:
        return False

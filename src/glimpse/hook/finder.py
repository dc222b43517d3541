"""The meta-path finder: decides by name, lets the other finders find, and makes what they found load instrumented."""

from __future__ import annotations

import sys

from glimpse.encoder import JSON
from glimpse.hook.asked import ASKING
from glimpse.hook.assertions import rewrites_assertions
from glimpse.hook.import_lock import OthersMayImport
from glimpse.hook.loader import instrument_spec
from glimpse.hook.others import Others
from glimpse.hook.status import LEFT_ALONE, Outcome, say
from glimpse.probe.greenlets import expect_greenlets
from glimpse.values import expect_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Final

    from glimpse.hook.asked import Asked
    from glimpse.hook.build import Builder

__all__ = ["Finder"]

_WATCHED: Final = frozenset({ASKING, "greenlet"})


class Finder:
    """Stands first on ``sys.meta_path``. Never finds a module by itself, never keeps one from being found.

    :param builder: makes the code, and knows the policy.
    :param owner: whoever connected it, to be found again.
    :param asked: wants to see what is imported.
    """

    def __init__(self, builder: Builder, owner: object, asked: Asked) -> None:
        self.builder = builder
        self.owner = owner
        self._asked = asked
        self._possible = builder.policy.possible
        self._others = Others(self)
        self._expects_objects = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the other finders have for an included module; None for all others."""
        if sys.meta_path[0] is not self:
            self._come_before_pytest()
        if self._asked.starts or fullname in _WATCHED:
            self._asked.see(fullname)
            if fullname == "greenlet":
                expect_greenlets()
        if not self._possible[fullname]:
            return None
        spec = self._others.spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            try:
                with OthersMayImport():
                    self._instrument(fullname, spec)
            except Exception as error:  # the program imports its module whatever happens here
                say(f"{fullname} is not traced: {type(error).__name__}: {error}")
        return spec

    def _come_before_pytest(self) -> None:
        """Let no included module be taken unseen: pytest's finder puts itself first and keeps what it finds."""
        finders = list(sys.meta_path)
        places = [place for place, finder in enumerate(finders) if rewrites_assertions(type(finder))]
        if self in finders and places and places[0] < finders.index(self):
            finders.remove(self)
            finders.insert(places[0], self)
            sys.meta_path[:] = finders

    def _instrument(self, fullname: str, spec: ModuleSpec) -> None:
        file = spec.origin if spec.has_location else None
        if file is not None and self.builder.policy.owners_of(fullname, file):
            if not self._expects_objects:
                expect_objects()
                self._expects_objects = True
            JSON.load_if_cheap()
            reason = instrument_spec(spec, self.builder)
            if reason is not None:
                self.builder.outcomes[fullname] = Outcome(fullname, file, LEFT_ALONE, reason)

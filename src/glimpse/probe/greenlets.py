"""Greenlets, gevent's among them: each has a stack of its own, so each counts as a thread of its own.

The library calls a trace function at each switch, where the number of the one is put aside and that of the other taken
up. So events cost nothing more; a switch costs about as much as a recorded call. The library is never imported here: it
is looked for when recording begins, when a thread first reports something, and after the import hook was asked for it.
"""

from __future__ import annotations

import sys
from _weakref import ref

from ..natives import System
from .threads import Threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["Greenlets", "expect_greenlets"]

_TRIES: Final = 10_000  # events for which an import of the library may take

_all: Final[dict[int, ref[Greenlets]]] = {}


def expect_greenlets() -> None:
    """The library is about to be imported."""
    for found in list(_all.values()):
        if (each := found()) is not None:
            each.expect()


class Greenlets:
    """What is put aside of each greenlet that does not run.

    :param threads: of the recorder.
    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._aside: dict[int, tuple[ref[Any], dict[str, Any]]] = {}  # by the greenlet's identity
        self._tries = 0
        self.expected: dict[int, dict[str, Any]] = {}
        """By the ident of a thread that imports the library: what it had."""
        self._closed = False
        self.unused: list[int] = []
        """Numbers of greenlets that are gone."""
        number = id(self)
        _all[number] = ref(self, lambda _: _all.pop(number, None))

    def expect(self) -> None:
        """Let the next event of this thread ask for a number, and so come to ``watch``."""
        if "greenlet" not in sys.modules:
            self.expected[System.get_ident()] = self._threads.put_aside()
            self._tries = _TRIES

    def watch(self) -> bool:
        """Be told of this thread's switches, if the library is there. False: ask again at the next event."""
        library = sys.modules.get("greenlet")
        settrace = getattr(library, "settrace", None)
        ident = System.get_ident()
        if settrace is None and ident in self.expected and self._tries:
            self._tries -= 1
            return False
        if settrace is not None:
            self._settrace(library, settrace)
        self.expected.pop(ident, None)
        return True

    def _settrace(self, library: Any, settrace: Callable[[Any], Any]) -> None:
        before = library.gettrace()
        if getattr(before, "glimpse", None) is self:
            return
        aside, threads, unused = self._aside, self._threads, self.unused

        def forget(number: int) -> None:
            _, state = aside.pop(number, (None, {}))
            if "number" in state:
                unused.append(state["number"])

        def switched(event: str, args: tuple[Any, Any]) -> None:
            if event in ("switch", "throw") and not self._closed:
                origin, target = args
                number = id(origin)
                aside[number] = ref(origin, lambda _: forget(number)), threads.put_aside()
                threads.take_up(aside.pop(id(target), (None, {}))[1])
            if before is not None:
                before(event, args)

        switched.glimpse = self  # type: ignore[attr-defined]
        switched.before = before  # type: ignore[attr-defined]
        settrace(switched)

    def close(self) -> None:
        """Be told no more."""
        self._closed = True
        _all.pop(id(self), None)
        library: Any = sys.modules.get("greenlet")
        if hasattr(library, "gettrace"):
            present = library.gettrace()
            if getattr(present, "glimpse", None) is self:
                library.settrace(present.before)

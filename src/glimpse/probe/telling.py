"""What the user is told on stderr: one line for each kind of trouble, however often it comes."""

from __future__ import annotations

import sys

from ..natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Final

__all__ = ["Teller"]

_MOST_KINDS: Final = 20
_LONGEST: Final = 500
_write: Final = System.write


class Teller:
    """Says each kind of thing once.

    :param say: takes a line; stderr if not given.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say or _on_stderr
        self._told: set[Hashable] = set()

    def tell(self, kind: Hashable, text: str) -> None:
        """Say it, unless something of this kind was said before."""
        if kind not in self._told and len(self._told) < _MOST_KINDS:
            self._told.add(kind)
            line = " ".join(text.split())
            self._say(line if len(line) <= _LONGEST else line[:_LONGEST] + "…")


def _on_stderr(text: str) -> None:
    if sys.stderr is not None:
        try:
            _write(2, f"glimpse: {text}\n".encode("utf-8", "backslashreplace"))
        except OSError:  # closed
            pass

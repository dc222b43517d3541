"""The garbage collector's pause while much is made of which nothing is garbage."""

from __future__ import annotations

import gc

__all__ = ["Uncollected"]


class Uncollected:
    """Within it, the collector does not look for garbage, unless the program has it switched off anyway.

    To read code makes thousands of objects, and so does to rewrite it: to go through them again and again takes a fifth
    of the time. What the objects are counted for, the collector does when the pause is over, once.
    """

    __slots__ = ("_paused",)

    def __enter__(self) -> None:
        self._paused = gc.isenabled()
        if self._paused:
            gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._paused:
            gc.enable()

"""A place on ``sys.path_hooks`` for as long as somebody may ask there for a script.

The interpreter asks once, for the script that it was started with, and later only ``runpy`` does. At all other times
the list is as it would be without the hook.
"""

from __future__ import annotations

import sys

from glimpse.policy.places import absolute_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["ASKING", "Asked", "started_script"]

ASKING: Final = "runpy"
"""The module whose import ``Asked.see`` has to be told of."""

_MAIN: Final = "__main__"


class Asked:
    """Where a hook stands that is asked for scripts.

    :param hook: to be put on ``sys.path_hooks``.
    """

    def __init__(self, hook: Callable[[str], Any]) -> None:
        self._hook = hook
        self.starts = False
        """Whether the interpreter has yet to ask, so ``see`` wants to be told of every import."""

    def connect(self) -> None:
        """From now on, be there when it is asked."""
        self.starts = started_script() is not None
        if (self.starts or ASKING in sys.modules) and self._hook not in sys.path_hooks:
            sys.path_hooks.insert(0, self._hook)

    def disconnect(self) -> None:
        """Be there no more."""
        self.starts = False
        if self._hook in sys.path_hooks:
            sys.path_hooks.remove(self._hook)

    def see(self, module: str) -> None:
        """A module is about to be imported."""
        if module == ASKING:
            if self._hook not in sys.path_hooks:
                sys.path_hooks.insert(0, self._hook)
        elif self.starts and started_script() is None:
            self.answered()

    def answered(self) -> None:
        """The interpreter has asked for its script."""
        self.disconnect()
        if ASKING in sys.modules:
            sys.path_hooks.insert(0, self._hook)

    def leave_to_others(self, path: str) -> Any:
        """What the other hooks find there, None if nothing: the interpreter's own loop counts those that there were."""
        self.answered()
        for hook in list(sys.path_hooks):
            if hook is not self._hook:
                try:
                    return hook(path)
                except ImportError:
                    continue
        return None


def started_script() -> str | None:
    """The absolute path of the script that the interpreter is about to run."""
    arguments = sys.argv[:1]
    if not arguments or arguments[0] in ("", "-", "-c", "-m") or hasattr(sys.modules.get(_MAIN), "__file__"):
        return None
    return absolute_path(arguments[0])

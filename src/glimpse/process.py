"""The process's forks and its end, asked for once, on behalf of recordings that begin and end in it.

What Python calls at its end, it calls in the reverse order of being asked. This is loaded at the start of a traced
program, before anything of the program's own: so what a recording does at the end comes after all of that, although the
recording may have begun long after.
"""

from __future__ import annotations

import atexit
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Hook = Callable[[], object]

__all__ = ["at_exit", "at_forks", "is_forked", "not_at_exit"]

_at_exit: list[Hook] = []
_before: list[Hook] = []
_in_parent: list[Hook] = []
_in_child: list[Hook] = []
_forked: list[bool] = []


def at_exit(hook: Hook) -> None:
    """Call this at the end of the interpreter, before what was given earlier."""
    _at_exit.append(hook)


def not_at_exit(hook: Hook) -> None:
    """Do not call it any more."""
    if hook in _at_exit:
        _at_exit.remove(hook)


def at_forks(*, before: Hook | None = None, in_parent: Hook | None = None, in_child: Hook | None = None) -> None:
    """Call these at each fork from now on, where there are forks."""
    for hooks, hook in ((_before, before), (_in_parent, in_parent), (_in_child, in_child)):
        if hook is not None:
            hooks.append(hook)


def is_forked() -> bool:
    """Whether this process was forked from one in which Glimpse was there."""
    return bool(_forked)


def _end() -> None:
    try:
        while _at_exit:
            _at_exit.pop()()
    finally:
        if _at_exit:
            _end()


def _call(hooks: list[Hook]) -> Hook:
    def call() -> None:
        for hook in hooks:
            hook()

    return call


atexit.register(_end)
at_forks(in_child=lambda: _forked.append(True))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_call(_before), after_in_parent=_call(_in_parent), after_in_child=_call(_in_child))

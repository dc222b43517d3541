"""Locks that a ``__repr__`` would wait for, perhaps for ever: then it must not be called."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from . import classes

__all__ = ["KIND_IDS", "is_held", "is_lock", "locks_named"]

_RLock = type(threading.RLock())
_KINDS = (_thread.LockType, _RLock, threading.Condition, threading.Semaphore, threading.BoundedSemaphore)
KIND_IDS = frozenset(map(id, _KINDS))


def is_lock(value: object) -> bool:
    """Whether it is one of the standard library's locks."""
    return id(type(value)) in KIND_IDS


def is_held(lock: Any) -> bool:
    """Whether acquiring the lock would block this thread now. The lock is not touched."""
    kind = type(lock)
    if kind is _thread.LockType:
        return bool(lock.locked())
    if kind is _RLock:
        text = repr(lock)
        return text.startswith("<locked") and f"owner={_thread.get_ident()} " not in text
    inside = classes.instance_dict(lock)
    return is_held(inside["_lock"]) if kind is threading.Condition else inside["_value"] == 0


def locks_named(cls: type, method: str) -> list[object]:
    """The locks that a method, or what it calls on the same class, finds in its globals, closure or class."""
    found: dict[int, object] = {}
    seen: set[str] = set()
    ahead = [method]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        attribute = classes.lookup(cls, name)
        if is_lock(attribute):
            found[id(attribute)] = attribute
        function = attribute.fget if type(attribute) is property else attribute
        if type(function) is FunctionType:
            ahead += function.__code__.co_names
            found.update((id(lock), lock) for lock in _outer_locks(function))
    return list(found.values())


def _outer_locks(function: FunctionType) -> Iterator[object]:
    code: CodeType = function.__code__
    for name in code.co_names:
        if is_lock(function.__globals__.get(name)):
            yield function.__globals__[name]
    for cell in function.__closure__ or ():
        try:
            if is_lock(cell.cell_contents):
                yield cell.cell_contents
        except ValueError:  # an empty cell
            continue

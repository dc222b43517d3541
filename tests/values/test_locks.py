"""Locks that a ``__repr__`` would wait for: it is not called while one is held."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from glimpse.values import Renderer

RENDERER = Renderer()
MODULE_LOCK = threading.Lock()


@pytest.mark.parametrize("make", [threading.Lock, threading.Semaphore, lambda: threading.Condition(threading.Lock())])
def test_repr_that_would_wait_for_its_own_lock_is_not_called(make: Callable[[], Any]) -> None:
    """An object whose lock is held is not asked for its text, which might wait for ever; a free one is."""

    class Locked:
        def __init__(self) -> None:
            self.lock = make()

        def __repr__(self) -> str:
            with self.lock:
                return "free"

    thing = Locked()
    assert RENDERER.text(thing) == "free"
    with thing.lock:
        assert RENDERER.text(thing) == "<Locked repr skipped: locked>"
    assert RENDERER.text(thing) == "free"


def test_lock_of_the_same_thread_may_be_entered_again() -> None:
    """A re-entrant lock stops the text only if another thread holds it."""

    class Locked:
        def __init__(self) -> None:
            self.lock = threading.RLock()

        def __repr__(self) -> str:
            with self.lock:
                return "free"

    thing = Locked()
    texts = []
    with thing.lock:
        texts.append(RENDERER.text(thing))
        thread = threading.Thread(target=lambda: texts.append(RENDERER.text(thing)))
        thread.start()
        thread.join(5)
    assert texts == ["free", "<Locked repr skipped: locked>"]


class Shared:
    """Locks that are not the object's own, taken in a method that the ``__repr__`` calls."""

    class_lock = threading.Lock()
    __slots__ = ("slot_lock",)

    def __init__(self) -> None:
        self.slot_lock = threading.Lock()

    def total(self) -> int:
        """What needs all locks."""
        with MODULE_LOCK, self.class_lock, self.slot_lock:
            return 1

    def __repr__(self) -> str:
        return f"Shared({self.total()})"


@pytest.mark.parametrize("lock_of", [lambda _: MODULE_LOCK, lambda _: Shared.class_lock, lambda it: it.slot_lock])
def test_locks_of_the_module_the_class_and_slots_count_too(lock_of: Callable[[Shared], threading.Lock]) -> None:
    """A lock is found wherever the ``__repr__`` or what it calls would find it."""
    thing = Shared()
    assert RENDERER.text(thing) == "Shared(1)"
    with lock_of(thing):
        assert RENDERER.text(thing) == "<Shared repr skipped: locked>"

"""The interpreter's lock on finding modules, which it holds while it asks a finder."""

from __future__ import annotations

from _imp import acquire_lock, lock_held, release_lock

__all__ = ["OthersMayImport"]


class OthersMayImport:
    """Within it this thread does not hold that lock, so that it can import what another thread is just importing.

    That one needs the lock for whatever it imports next: each would wait for the other for ever.
    """

    __slots__ = ("_held",)

    def __enter__(self) -> None:
        self._held = 0
        while lock_held():
            try:
                release_lock()
            except RuntimeError:  # by another thread
                return
            self._held += 1

    def __exit__(self, *_: object) -> None:
        for _turn in range(self._held):
            acquire_lock()

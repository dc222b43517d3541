"""The numbers that threads have in events."""

from __future__ import annotations

from ..natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Threads"]


class Threads(dict[int, int]):
    """The number of each thread, by its ident, and the same where a thread finds its own: ``mine.number``."""

    def __init__(self) -> None:
        super().__init__()
        self.mine: Any = System.Local()

    def give(self, number: int) -> None:
        """This is the number of the thread that runs."""
        self[System.get_ident()] = self.mine.number = number

    def put_aside(self) -> dict[str, Any]:
        """What the thread that runs has, which it then has no more: another greenlet runs on it."""
        state = dict(self.mine.__dict__)
        self.mine.__dict__.clear()
        self.pop(System.get_ident(), None)
        return state

    def take_up(self, state: dict[str, Any]) -> None:
        """Give back what was put aside."""
        self.mine.__dict__.update(state)
        if "number" in state:
            self[System.get_ident()] = state["number"]

    def take_back(self) -> None:
        """It has none."""
        self.pop(System.get_ident(), None)
        self.mine.__dict__.pop("number", None)

"""What becomes of a MongoDB server while a program writes to it."""

from __future__ import annotations

import itertools
import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

from tests.writers.mongo_server import Faults, MongoServer, Refusal

__all__ = ["Runnable", "absent", "full", "lost", "lost_until_the_next_run", "refusing", "slow"]

AT_WORK_S = 0.5
AWAY_S = 1.0


class Runnable(Protocol):
    """The program of a fault, to be run once or more."""

    def run(self) -> None:
        """Run it to its end."""

    def running(self) -> AbstractContextManager[Any]:
        """Start it; wait for its end afterwards."""

    def await_calls(self) -> None:
        """Wait until it is at work."""


def absent(server: MongoServer, program: Runnable) -> None:
    """There is no server when the program begins."""
    server.stop()
    with program.running():
        program.await_calls()
        time.sleep(AWAY_S)
        server.start()


def lost(server: MongoServer, program: Runnable) -> None:
    """The server goes away and comes back."""
    with program.running():
        program.await_calls()
        time.sleep(AT_WORK_S)
        server.stop()
        time.sleep(AWAY_S)
        server.start()


def lost_until_the_next_run(server: MongoServer, program: Runnable) -> None:
    """It does not come back before the program ends."""
    with program.running():
        program.await_calls()
        time.sleep(AT_WORK_S)
        server.stop()
    server.start()
    program.run()


def slow(server: MongoServer, program: Runnable) -> None:
    """Every second answer comes after the time limit: the writer does not know what has arrived."""
    turns = itertools.cycle((0.05, 0.7))

    def delay(command: str) -> None:
        time.sleep(next(turns))

    _with(Faults(after=delay), server, program)


def refusing(server: MongoServer, program: Runnable) -> None:
    """It takes no inserts."""

    def refuse(command: str) -> None:
        if command == "insert":
            raise Refusal(13, "Unauthorized")

    _with(Faults(before=refuse), server, program)


def full(server: MongoServer, program: Runnable) -> None:
    """It has room for every third document."""
    turns = itertools.count()

    def no_room(document: dict[str, Any]) -> dict[str, Any] | None:
        return {"code": 14031, "errmsg": "OutOfDiskSpace"} if next(turns) % 3 else None

    _with(Faults(document_error=no_room), server, program)


def _with(faults: Faults, server: MongoServer, program: Runnable) -> None:
    with program.running():
        program.await_calls()
        time.sleep(AT_WORK_S)
        server.faults = faults
        time.sleep(AWAY_S)
        server.faults = Faults()

"""Where the programs of faults write: files, or the server for tests that speaks MongoDB's protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from glimpse.entry import LogEntry
from glimpse.writers import writer_class
from glimpse.writers.mongo.writer import MongoWriter
from tests.writers.mongo_server import MongoServer

__all__ = ["Place", "Server", "place_of"]

TIME_LIMITS = "serverSelectionTimeoutMS=300&connectTimeoutMS=300&socketTimeoutMS=500"


class Place(Protocol):
    """A destination."""

    environment: dict[str, str]
    """The variables that name it."""

    def entries(self) -> Iterator[LogEntry]:
        """Everything that has arrived.

        :raises ReadError: it cannot be read.
        """


class Files:
    """A file in the folder ``trace``, and those that whoever moved it has made of it."""

    def __init__(self, dest: str, folder: Path) -> None:
        self._dest, self._folder = dest, folder / "trace"
        path = str(self._folder / f"x.{dest}")
        self.environment = {"GLIMPSE_LOG_PATH": path, "GLIMPSE_DB_PATH": path, "TRACE": path}

    def entries(self) -> Iterator[LogEntry]:
        """See ``Place``."""
        for path in sorted(self._folder.rglob("x.*")):
            if not re.search(r"-wal$|-shm$|\.old$", path.name):
                yield from writer_class(self._dest).read(str(path))


class Server:
    """A MongoDB server; ``server`` is its switch."""

    def __init__(self, folder: Path, *, hasty: bool) -> None:
        self.server = MongoServer().start()
        self._spool = str(folder / "spool")
        uri = f"{self.server.uri}/?{TIME_LIMITS}" if hasty else self.server.uri
        self.environment = {"GLIMPSE_MONGO_URI": uri, "GLIMPSE_MONGO_SPOOL_PATH": self._spool}

    def entries(self) -> Iterator[LogEntry]:
        """What has arrived, and what the next run finds in the files where entries wait."""
        writer = MongoWriter(self.server.uri, spool_path=self._spool)
        writer.flush()
        writer.close()
        return MongoWriter.read(self.server.uri)


@contextmanager
def place_of(dest: str, folder: Path, *, hasty: bool = False) -> Iterator[Place]:
    """The destination of one trial.

    :param hasty: wait for a server for no more than fractions of a second.
    """
    if dest != "mongo":
        yield Files(dest, folder)
        return
    place = Server(folder, hasty=hasty)
    try:
        yield place
    finally:
        place.server.stop()

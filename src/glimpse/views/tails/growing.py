"""A file that others append to, through rotation, removal and truncation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from glimpse.errors import ReadError

__all__ = ["GrowingFile"]


class GrowingFile:
    """Whatever its name leads to; it stays open, to be read to its end when it is moved.

    Who reads from it sets ``position``, in bytes, to where to go on next time.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.position = 0
        self._stream: BinaryIO | None = None

    def opened(self) -> BinaryIO:
        """The file as it is now.

        :raises ReadError: it cannot be opened.
        """
        self.close()
        try:
            self._stream = open(self.path, "rb", 0)  # noqa: SIM115 - no buffer: others may overwrite what is in it
        except OSError as error:
            raise ReadError(f"{self.path}: {error.strerror or error}") from error
        self.position = 0
        return self._stream

    def streams(self) -> Iterator[tuple[BinaryIO, bool]]:
        """What is to be read on now, and whether it is another file than before, to be read from its beginning.

        A file that was moved is read to its end first: somebody may have written to it until then.

        :raises ReadError: it cannot be read.
        """
        while True:
            begins = self._stream is None
            if begins and not os.path.exists(self.path):
                return
            stream = self._stream or self.opened()
            yield stream, begins
            if not self._is_other(stream):
                return
            yield stream, False
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _is_other(self, stream: BinaryIO) -> bool:
        """Whether the name leads to another file now, or this one was emptied."""
        mine = os.fstat(stream.fileno())
        if mine.st_size < self.position:
            return True
        try:
            now = os.stat(self.path)
        except OSError:
            return True
        return (now.st_ino, now.st_dev) != (mine.st_ino, mine.st_dev)

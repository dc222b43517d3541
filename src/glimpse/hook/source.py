"""Where a module's source is: the name that tracebacks show, its state on disk, its bytes."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Source"]


class Source:
    """The source file of one module, read through the loader that Python itself would use.

    :param filename: the path that the module's code carries.
    :param loader: has ``get_data(path)``; None to read the file directly.
    :param cached: the path of Python's own bytecode, in which beside to keep the rewritten code; None if it has none.
    """

    __slots__ = ("cached", "filename", "loader")

    def __init__(self, filename: str, loader: Any = None, cached: str | None = None) -> None:
        self.filename = filename
        self.loader = loader
        self.cached = cached

    def read(self) -> bytes:
        """The bytes of the source.

        :raises OSError: they cannot be read.
        """
        if self.loader is not None:
            return bytes(self.loader.get_data(self.filename))
        with open(self.filename, "rb") as file:
            return file.read()

    def stat(self) -> os.stat_result | None:
        """The state of the file that holds the source: for a zipped module, the archive."""
        try:
            return os.stat(self.filename)
        except OSError:
            archive = getattr(self.loader, "archive", None)
        try:
            return os.stat(archive) if archive else None
        except OSError:
            return None

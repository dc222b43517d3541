"""Where a module's source is: the name that tracebacks show, its state on disk, its bytes."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Source"]

_CTIME_TELLS_CHANGES = sys.platform != "win32"  # there it is the time of creation
_SETTLED_NS = 2_000_000_000  # coarsest time stamps in use (FAT); a file that is older cannot change unseen


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


def stamp_of(stat: os.stat_result) -> bytes:
    """What changes whenever the file's content does, as text."""
    return b"%d %d %d %d" % (stat.st_mtime_ns, stat.st_size, stat.st_ctime_ns, stat.st_ino)


def is_settled(stat: os.stat_result, now_ns: int) -> bool:
    """Whether a later change is sure to give the file another stamp."""
    return _CTIME_TELLS_CHANGES and max(stat.st_mtime_ns, stat.st_ctime_ns) < now_ns - _SETTLED_NS

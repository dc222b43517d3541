"""Files that keep something for the next start: read in one step, written whole or not at all, known to be current."""

from __future__ import annotations

import os
import sys
from _imp import source_hash

from glimpse.natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "CTIME_TELLS_CHANGES", "content_hash", "is_settled", "read_file", "remove_file", "stamp_of", "unsettled_ns",
    "write_file",
]  # fmt: skip

_READ_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _READ_FLAGS
CTIME_TELLS_CHANGES: Final = sys.platform != "win32"
"""Whether it is known when a file was changed; else that is the time of its creation."""

_HASHING: Final = 0x676C696D707365
_SETTLED_NS: Final = 2_000_000_000  # coarsest time stamps in use (FAT); a file that is older cannot change unseen


def stamp_of(stat: os.stat_result) -> bytes:
    """What changes whenever the content of a source does, as text."""
    return b"%d %d %d %d" % (stat.st_mtime_ns, stat.st_size, stat.st_ctime_ns, stat.st_ino)


def is_settled(stat: os.stat_result, now_ns: int) -> bool:
    """Whether a later change is sure to give the source another stamp."""
    return CTIME_TELLS_CHANGES and not unsettled_ns(stat, now_ns)


def unsettled_ns(stat: os.stat_result, now_ns: int) -> int:
    """How much longer a change might go unseen, in nanoseconds."""
    return max(max(stat.st_mtime_ns, stat.st_ctime_ns) + _SETTLED_NS + 1 - now_ns, 0)


def content_hash(data: bytes) -> bytes:
    """Eight bytes that tell contents apart, the same in every process."""
    return source_hash(_HASHING, data)


def read_file(path: str, begin: int = 0, size: int | None = None) -> bytes | None:
    """What is in the file, or so many bytes of it from the given one on; None if it cannot be read."""
    try:
        descriptor = System.open(path, _READ_FLAGS)  # half the cost of open(): a warm start does this for every module
    except OSError:
        return None
    try:
        if begin:
            System.lseek(descriptor, begin, os.SEEK_SET)
        return System.read(descriptor, System.fstat(descriptor).st_size if size is None else size)
    except OSError:
        return None
    finally:
        System.close(descriptor)


def write_file(path: str, data: bytes, mode: int) -> None:
    """Put this in the place of what is there, if anything, unless that cannot be done.

    :param mode: the permissions of a new file, of which those to execute are left out.
    """
    temporary = f"{path}.{System.getpid()}-{System.get_ident()}.tmp"
    try:
        System.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = System.open(temporary, _WRITE_FLAGS, mode & 0o666 | 0o200)
    except OSError:
        return
    try:
        with open(descriptor, "wb", closefd=True) as file:
            file.write(data)
        System.replace(temporary, path)
    except OSError:
        remove_file(temporary)


def remove_file(path: str) -> None:
    """Remove the file, if there is one that can be."""
    try:
        System.unlink(path)
    except OSError:
        pass

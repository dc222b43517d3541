"""Files as writers need them: private, shared between processes, written whole, and never mixed up with another."""

from __future__ import annotations

import os

from glimpse.errors import WriterError
from glimpse.natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import contextmanager
    from types import ModuleType
    from typing import Final
else:
    from glimpse.light import contextmanager

__all__ = [
    "MAX_RECORD_BYTES",
    "Attempt",
    "System",
    "close_own",
    "create",
    "identity",
    "is_own",
    "locked",
    "same_file",
    "try_lock",
    "write_all",
]


MAX_RECORD_BYTES: Final = 1 << 28
"""A single record longer than this is not one of ours, and is not taken into memory."""

PRIVATE: Final = 0o600
_COMMON: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_LOCK_TRIES: Final = 200
_LOCK_PAUSE_S: Final = 0.005


def _file_locks() -> ModuleType | None:
    try:
        import fcntl
    except ImportError:  # Windows: a file has one writing process there
        return None
    return fcntl


_fcntl: Final = _file_locks()


def create(path: str, flags: int, option: str) -> int:
    """Open a file for a writer, with its folders if they are missing, and readable by its owner only.

    :raises WriterError: it cannot be opened; the message names the option that the path came from.
    """
    try:
        try:
            return System.open(path, flags | os.O_CREAT | _COMMON, PRIVATE)
        except FileNotFoundError:
            System.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            return System.open(path, flags | os.O_CREAT | _COMMON, PRIVATE)
    except OSError as error:
        raise WriterError(f"option {option}: cannot write to {path!r}: {error.strerror or error}") from error


def open_existing(path: str, flags: int) -> int:
    """Open a file that is there, for this process only.

    :raises OSError: it is not there, or must not be opened.
    """
    return System.open(path, flags | _COMMON)


class Attempt:
    """Knows what became of a batch when a signal's handler raised in the middle of writing it.

    Such a batch is offered again. The main thread runs handlers between any two instructions, so the number of bytes
    that a system call wrote is kept in the same step as the call.
    """

    def __init__(self) -> None:
        self._data: bytes | None = None
        self.written: list[int] = []

    def once(self, data: bytes, work: Callable[[bytes], bool]) -> None:
        """Call ``work`` until it says that the batch is written; not if that was so when it was interrupted."""
        if self.written and data == self._data:
            self._data = None
            return
        self.written = []
        self._data = None
        try:
            while not work(data):
                pass
        except BaseException:
            self._data = data
            raise

    def take_back(self) -> None:
        """It is not written after all."""
        self.written = []


def write_all(fd: int, data: bytes, written: list[int] | None = None) -> tuple[int, OSError | None]:
    """Write until all is written or the system refuses.

    Gives the number of bytes that were written, and what stopped it.

    :param written: gets what the first system call wrote.
    :raises OSError: it refused at once.
    """
    if written is None:
        done = System.write(fd, data)
    else:
        written.extend(map(System.write, (fd,), (data,)))
        done = written[0]
    if done < len(data):
        view = memoryview(data)
        try:
            while done < len(data):
                done += System.write(fd, view[done:])
        except OSError as error:
            return done, error
    return done, None


def identity(fd: int) -> tuple[int, int]:
    """Which file a descriptor is of. The program may close one of ours, and open a file of its own under the number."""
    state = System.fstat(fd)
    return state.st_dev, state.st_ino


def is_own(fd: int, opened: tuple[int, int]) -> bool:
    """Whether a descriptor is still that of the file that was opened."""
    try:
        return identity(fd) == opened
    except OSError:  # nothing is open there
        return False


def close_own(fd: int, opened: tuple[int, int]) -> None:
    """Close a descriptor, unless the program has closed it already."""
    if is_own(fd, opened):
        System.close(fd)


def same_file(fd: int, path: str) -> os.stat_result | None:
    """The state of the file behind ``fd`` if it is still what ``path`` leads to, not moved, deleted or replaced."""
    mine = System.fstat(fd)
    try:
        found = System.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:  # not to be seen any more, as after a change of user: what is open goes on
        return mine
    return mine if (found.st_ino, found.st_dev) == (mine.st_ino, mine.st_dev) else None


@contextmanager
def locked(fd: int, *, exclusive: bool) -> Iterator[None]:
    """Hold the lock of a file that several processes write: shared to append, exclusive to move or repair it.

    Where the file system has no locks, each process works as if it were alone.

    :raises BlockingIOError: another process has held it for a second.
    """
    held = False
    for _ in range(_LOCK_TRIES):
        held, busy = try_lock(fd, exclusive=exclusive)
        if not busy:
            break
        System.sleep(_LOCK_PAUSE_S)
    else:
        raise BlockingIOError("another process holds the lock of the file")
    try:
        yield
    finally:
        if held and _fcntl is not None:
            _fcntl.flock(fd, _fcntl.LOCK_UN)


def try_lock(fd: int, *, exclusive: bool) -> tuple[bool, bool]:
    """Whether the lock of a file was taken, and whether another process has it."""
    if _fcntl is None:
        return False, False
    kind = _fcntl.LOCK_EX if exclusive else _fcntl.LOCK_SH
    try:
        _fcntl.flock(fd, kind | _fcntl.LOCK_NB)
    except BlockingIOError:
        return False, True
    except OSError:
        return False, False
    return True, False

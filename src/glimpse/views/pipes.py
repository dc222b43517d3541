"""Traces that can be read once only, as out of a pipe: JSON Lines as they come, everything else from a file's copy."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
import tempfile
from typing import BinaryIO

from glimpse.errors import ReadError

__all__ = ["copied", "is_pipe", "standard_input", "waits_in_lines"]

_OTHER_FORMATS = (b"[", b"\x1f\x8b", b"SQLite format 3\x00", b"glimpse-journal ")


def is_pipe(path: str) -> bool:
    """Whether a name stands for something that gives its content once, such as ``<(zcat trace.gz)`` in a shell."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def standard_input() -> BinaryIO:
    """What this process reads from.

    :raises ReadError: there is nothing.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise ReadError("-: there is no standard input")
    return sys.stdin.buffer


def waits_in_lines(stream: BinaryIO) -> bool:
    """Whether what comes next is JSON Lines, as far as its first bytes tell; waits for these, and leaves them there."""
    peek = getattr(stream, "peek", None)
    begin: bytes = b"" if peek is None else peek(64)
    return not begin.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_OTHER_FORMATS)


def copied(stream: BinaryIO, name: str) -> str:
    """The path of a file with the rest of a stream, of that name, in a folder that is gone when this process ends.

    :raises ReadError: it cannot be read, or there is no room for it.
    """
    folder = tempfile.mkdtemp(prefix="glimpse-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = os.path.join(folder, name)
    try:
        with open(path, "wb") as file:
            shutil.copyfileobj(stream, file)
    except OSError as error:
        raise ReadError(f"{name}: {(error.strerror or str(error)).lower()}") from error
    return path

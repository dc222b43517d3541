"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from glimpse.errors import GlimpseError

__all__ = ["replacing"]


@contextmanager
def replacing(path: str, *, force: bool) -> Iterator[str]:
    """A name to write to in the same folder; it takes the file's place once all is written.

    :raises GlimpseError: it is standard output, the file exists and must not be overwritten, or cannot be written.
    """
    if path == "-":
        raise GlimpseError("-: standard output cannot be written to here; name a file")
    if os.path.isdir(path):
        raise GlimpseError(f"{path}: is a folder; name a file")
    if os.path.exists(path) and not force:
        raise GlimpseError(f"{path}: exists; --force overwrites it")
    folder, name = os.path.split(path)
    part = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.unlink(part)
        yield part
        os.replace(part, path)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise GlimpseError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        for left in (part, f"{part}-wal", f"{part}-shm"):
            with suppress(OSError):
                os.unlink(left)

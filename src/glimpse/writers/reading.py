"""What reading a trace needs, whatever its format: opening it, unpacking gzip, and never trusting it."""

from __future__ import annotations

import io

from glimpse.errors import ReadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import contextmanager
    from typing import IO, BinaryIO, Final, cast
else:
    from glimpse.light import cast, contextmanager

__all__ = ["CUT_OFF", "opened", "shown"]

CUT_OFF: Final = "(being written, or its program was killed)"
"""Why the end of a file may be missing, for a note to the reader."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 16


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file opened for reading, unpacked on the way if it is gzip.

    :raises ReadError: it cannot be opened, or reading it fails.
    """
    import zlib

    try:
        with open(path, "rb") as file:
            yield cast("BinaryIO", _unpacked(file))
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror or error}") from error
    except zlib.error as error:
        raise ReadError(f"{path}: damaged gzip data: {error}") from None


def shown(data: bytes) -> str:
    """The beginning of unexpected data, for a message of one line."""
    return ascii(data[:40].decode("utf-8", "replace")) + ("…" if len(data) > 40 else "")


def _unpacked(file: io.BufferedReader) -> IO[bytes]:
    if file.peek(2)[:2] != _GZIP_MAGIC:
        return file
    return io.BufferedReader(_Gunzip(file), _CHUNK)


class _Gunzip(io.RawIOBase):
    """Unpacks as far as there is data: a file that is still being written, or was cut off, just ends."""

    def __init__(self, file: io.BufferedReader) -> None:
        from zlib import decompressobj

        self._file = file
        self._begin = decompressobj
        self._zip = decompressobj(31)

    def readable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The packed file's."""
        return self._file.fileno()

    def readinto(self, buffer: object) -> int:
        """Fill the buffer with the next bytes."""
        view = memoryview(cast(bytearray, buffer)).cast("B")
        while True:
            packed = self._zip.unconsumed_tail or self._zip.unused_data or self._file.read(_CHUNK)
            if not packed:
                return 0
            if self._zip.eof:  # another member follows
                self._zip = self._begin(31)
            data = self._zip.decompress(packed, len(view))
            if data:
                view[: len(data)] = data
                return len(data)

"""The journal's frames: what they look like on disk.

docs/journal-format.md describes the format for those who write another reader.
"""

from __future__ import annotations

import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["ENTRIES", "EVENTS", "HEADER", "MARK", "META", "OLDER", "PROCESS_ID_BYTES", "checksum", "frame"]

HEADER: Final = b"glimpse-journal 1\n"
PROCESS_ID_BYTES: Final = 4
MARK: Final = 0xF5  # never a byte of UTF-8, so no frame's content can look like the beginning of one
META, EVENTS, ENTRIES = b"M", b"E", b"L"
OLDER: Final = ".old"
"""What is added to a journal's path for its older half."""

checksum: Final = zlib.crc32


def frame(kind: bytes, process: bytes, content: bytes) -> bytes:
    """The bytes of a frame of kind ``META``, ``EVENTS`` or ``ENTRIES``."""
    return b"\xf5%b%b%08x%08x%b\n" % (kind, process, len(content), checksum(content), content)

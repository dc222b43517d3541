"""Folders that no disk is behind, for tests that make hundreds of databases and would wait for it most of the time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = "/dev/shm"


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder in memory, an ordinary one where the system has no such place, until the block ends."""
    place = MEMORY if os.path.isdir(MEMORY) and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="glimpse-", dir=place) as folder:
        yield Path(folder)

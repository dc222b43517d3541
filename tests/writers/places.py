"""Places to write to that have little room, or are somebody else's, and what this process has open there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system in memory of that many bytes; the test is skipped where it cannot be mounted."""
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except (AttributeError, FileNotFoundError):
        mounted = False
    if not mounted:
        pytest.skip("needs to mount a small file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder of one's own, as a user to whom permissions apply; also if the tests are run by root."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    try:
        if root:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def descriptor_of(path: Path) -> int:
    """The descriptor that this process has of a file."""
    looked_for = os.stat(path)
    for fd in range(3, 256):
        try:
            if os.path.samestat(os.fstat(fd), looked_for):
                return fd
        except OSError:
            continue
    raise AssertionError(f"{path} is not open")

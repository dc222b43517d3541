"""Rotation of a file by size or age: numbered files beside it, the highest the newest, compressed bit by bit."""

from __future__ import annotations

import os
import re
import zlib
from datetime import datetime, timezone
from typing import Final

from glimpse.errors import WriterError
from glimpse.writers.files import System, create, open_existing, try_lock

__all__ = ["Rotation"]

_STEP_BYTES: Final = 1 << 18
_GZIP: Final = 31  # zlib's name for its largest window with a gzip header
_TIMESTAMP: Final = re.compile(rb'"timestamp":\s?"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})"')


class Rotation:
    """Moves a full or old file to ``path.000001``, ``path.000002``, …, and keeps the newest ``keep`` of those.

    ``max_bytes`` is the size that the file does not exceed, ``max_age`` the seconds since its first entry; ``None``
    means no limit. With ``compress``, a moved file becomes ``path.000001.gz`` while later batches are written, a
    piece with each, so that no thread is needed and no batch waits for long.
    """

    def __init__(self, max_bytes: int | None, max_age: float | None, keep: int | None, *, compress: bool) -> None:
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._keep = keep
        self._compress = compress
        self._began: float | None = None
        self._job: _Compression | None = None

    def opened(self, path: str) -> None:
        """Find out how old the file is."""
        self._began = _first_time(path) if self._max_age is not None else None

    def due(self, size: int, more: int) -> bool:
        """Whether the file is too old, or would be too large."""
        if size == 0:
            return False
        if self._max_bytes is not None and size + more > self._max_bytes:
            return True
        if self._max_age is None:
            return False
        now = System.now()
        if self._began is None:
            self._began = now
        return now - self._began >= self._max_age

    def put(self, path: str) -> None:
        """Give the file the next number, and delete the oldest ones that are too many."""
        numbers = _numbers(path)
        number = max(numbers, default=0) + 1
        while _exists(f"{path}.{number:06d}") or _exists(f"{path}.{number:06d}.gz"):  # renamed while they were listed
            number += 1
        System.replace(path, f"{path}.{number:06d}")
        if self._keep is not None:
            for old in sorted([*numbers, number])[: max(len(numbers) + 1 - self._keep, 0)]:
                _delete(f"{path}.{old:06d}", f"{path}.{old:06d}.gz")
        if self._compress:
            self.finish()
            self._job = _Compression.claim(f"{path}.{number:06d}")

    def work(self, more: int) -> None:
        """Compress at least twice as much as is being written."""
        if self._job is not None and self._job.step(max(_STEP_BYTES, 2 * more)):
            self._job = None

    def finish(self) -> None:
        """Compress the rest."""
        while self._job is not None:
            self.work(_STEP_BYTES)

    def after_fork(self) -> None:
        """The parent goes on with the compression."""
        if self._job is not None:
            self._job.abandon()
            self._job = None


class _Compression:
    """One file on its way to ``path.gz``; a crash leaves the plain file as it was."""

    def __init__(self, path: str, source: int, target: int) -> None:
        self._path = path
        self._source = source
        self._target = target
        self._zip = zlib.compressobj(6, zlib.DEFLATED, _GZIP)

    @classmethod
    def claim(cls, path: str) -> _Compression | None:
        """Begin, unless the file is gone or another process is at it."""
        try:
            source = open_existing(path, os.O_RDONLY)
        except OSError:
            return None
        try:
            target = create(f"{path}.gz.part", os.O_WRONLY, "gzip")
        except WriterError:  # the plain file stays
            System.close(source)
            return None
        job = cls(path, source, target)
        _, busy = try_lock(target, exclusive=True)
        if busy:
            job.abandon()
            return None
        System.truncate(target, 0)
        return job

    def step(self, amount: int) -> bool:
        """Compress that many bytes; whether it is over, done or given up."""
        try:
            data = System.read(self._source, amount)
            packed = self._zip.compress(data) if data else self._zip.flush()
            while packed:
                packed = packed[System.write(self._target, packed) :]
            if data:
                return False
            System.replace(f"{self._path}.gz.part", f"{self._path}.gz")
            System.unlink(self._path)
        except OSError:  # no room: the plain file stays
            _delete(f"{self._path}.gz.part")
        self.abandon()
        return True

    def abandon(self) -> None:
        """Release the files."""
        System.close(self._source)
        System.close(self._target)


def _numbers(path: str) -> set[int]:
    folder, name = os.path.split(path)
    form = re.compile(re.escape(name) + r"\.(\d{6,})(?:\.gz)?")
    matches = (form.fullmatch(other) for other in System.listdir(folder))
    return {int(match[1]) for match in matches if match}


def _exists(path: str) -> bool:
    try:
        System.stat(path)
    except OSError:
        return False
    return True


def _delete(*paths: str) -> None:
    for path in paths:
        try:
            System.unlink(path)
        except OSError:
            continue


def _first_time(path: str) -> float | None:
    """Seconds since the epoch of the file's first entry; None if it has none."""
    try:
        fd = open_existing(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        match = _TIMESTAMP.search(System.read(fd, 1 << 16))
        if match is None:
            return None
        moment = datetime.strptime(match[1].decode(), "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc)
    except (OSError, ValueError):
        return None
    finally:
        System.close(fd)
    return moment.timestamp()

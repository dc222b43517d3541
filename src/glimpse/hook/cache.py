"""Rewritten code kept on disk beside the source's other bytecode, under a suffix of its own.

- An entry is used only if its whole key is equal: what rewrote it, for which module, on whose terms.
- It is used only for the very source that it was made of. A file whose size, inode, times of modification *and*
  change are as recorded is that source, provided that it had been at rest when the entry was written; otherwise the
  source is read and compared by hash.
- Entries appear whole or not at all. Whatever goes wrong in reading one is a miss, in writing one is nothing.
- Python's own bytecode files are never read, written or replaced.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from _frozen_importlib_external import MAGIC_NUMBER, PathFinder, cache_from_source

from glimpse._version import __version__
from glimpse.compat import KEEPS_COLUMNS
from glimpse.hook.compact import Compact
from glimpse.hook.source import Source
from glimpse.keeping import content_hash, is_settled, read_file, remove_file, stamp_of, write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from functools import cache
    from typing import Final, NamedTuple
else:
    from glimpse.light import NamedTuple, cache

__all__ = ["Kept", "Seen", "Store", "entry_key", "terms_key"]

_FORMAT: Final = 4
_UNSETTLED: Final = b"?"
_HASH_SIZE: Final = 8
_SIZE_SIZE: Final = 4
_VARIANTS: Final = 4  # entries kept for one module: policies and versions in turn
_ABANDONED_S: Final = 3600.0
_MAKING: Final = ("compact.py", "placeholder.py")  # beside the rewriter


class Kept(NamedTuple):
    """A module's rewritten code, or why it has none; and what became of each function."""

    code: Compact | None
    refusal: str | None = None
    functions: Sequence[tuple[str, int, str | None]] = ()  # qualified name, line, why it was left alone

    @property
    def traced(self) -> bool:
        """Whether any function records its calls."""
        return self.code is not None and bool(self.code[1])


class Seen(NamedTuple):
    """A source as it was read: its content, and its state before that, at a time in nanoseconds since the epoch."""

    content: bytes
    stat: os.stat_result
    at_ns: int


class Store:
    """The entries of this interpreter.

    :param directory: a folder for all entries, which is always written; None to keep them beside the sources, unless
        ``PYTHONDONTWRITEBYTECODE`` forbids it.
    :param read_only: write nothing at all.
    """

    def __init__(self, directory: str | None = None, *, read_only: bool = False) -> None:
        self.directory = os.path.abspath(directory) if directory else None
        self._read_only = read_only

    @property
    def may_write(self) -> bool:
        """Whether new entries are written."""
        return not self._read_only and (self.directory is not None or not sys.dont_write_bytecode)

    def path(self, source: Source, key: bytes) -> str | None:
        """Where the entry of a source and key is; None if there is no place for one."""
        stem = self._in_directory(source) if self.directory else _beside(source)
        return f"{stem}.glimpse-{content_hash(key).hex()}" if stem else None

    def load(self, path: str, key: bytes, source: Source, *, functions: bool = False) -> Kept | None:
        """The entry if there is one for this key and the source as it is now.

        :param functions: whether the list of functions is wanted too: it costs time, and an import has no use for it.
        """
        data = read_file(path)
        if data is None or not data.startswith(key):
            return None
        stat = source.stat()
        start = len(key)
        end = data.find(b"\n", start)
        if stat is None or end < 0:
            return None
        if data[start:end] != stamp_of(stat):
            if not _same_source(data, end + 1, source):
                return None
            self._refresh(path, key, data[end:], stat)
        return _unpack(data, end + 1 + _HASH_SIZE, functions)

    def save(self, path: str, key: bytes, kept: Kept, seen: Seen) -> None:
        """Keep what the source was rewritten to."""
        if not self.may_write:
            return
        code = marshal.dumps(kept.code)
        rest = marshal.dumps((kept.refusal, list(kept.functions)))
        size = len(code).to_bytes(_SIZE_SIZE, "little")
        stamp = _stamp_line(seen.stat, seen.at_ns)
        write_file(path, b"".join((key, stamp, b"\n", content_hash(seen.content), size, code, rest)), seen.stat.st_mode)
        _remove_old_variants(path)

    def _refresh(self, path: str, key: bytes, rest: bytes, stat: os.stat_result) -> None:
        """Note that the source was found unchanged in another state: the next look need not read it."""
        stamp = _stamp_line(stat, time.time_ns())
        if self.may_write and not stamp.startswith(_UNSETTLED):
            write_file(path, key + stamp + rest, stat.st_mode)

    def _in_directory(self, source: Source) -> str:
        _, path = os.path.splitdrive(os.path.abspath(source.filename))
        folder, name = os.path.split(path.lstrip("\\/"))
        own = cache_from_source(name) if name.endswith(".py") else cache_from_source(name + ".py")
        return os.path.join(str(self.directory), folder, os.path.basename(own)[: -len(".pyc")])


def entry_key(terms: bytes, module: str, fingerprint: str) -> bytes:
    """What an entry is made of and for, as one line.

    :param terms: what ``terms_key`` gave for the policies that own the module.
    :param fingerprint: the policy's answers for the module.
    """
    return b"%b %b\n" % (terms, ascii((module, fingerprint)).encode())


def terms_key(*terms: str) -> bytes:
    """What all entries made on these terms have in common: them, and the Python, Glimpse and libcst that made them."""
    return b"%b %b" % (_toolchain(), ascii(terms).encode())


@cache
def _toolchain() -> bytes:
    """What turns source into code here: the interpreter, the rewriter's version and text, and libcst's version."""
    compiled = (MAGIC_NUMBER.hex(), sys.flags.optimize, KEEPS_COLUMNS)
    parts = (_FORMAT, *compiled, __version__, _rewriter(), _libcst_version())
    return ascii(parts).encode()


def _rewriter() -> str:
    """A digest of the text of what makes and keeps code: in a checkout it changes while the version stays."""
    here = os.path.dirname(__file__)
    content = []
    try:
        for folder in (here, os.path.join(here, "rewrite")):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".py") and (folder != here or name in _MAKING):
                    with open(os.path.join(folder, name), "rb") as file:
                        content.append(file.read())
    except OSError:  # in a zip archive: the version has to do
        return ""
    return content_hash(b"\0".join(content)).hex()


def _libcst_version() -> str:
    """A digest of the file in which libcst states its version: importing it would take longer than all else."""
    spec = PathFinder.find_spec("libcst")
    if spec is None or not spec.submodule_search_locations:
        return ""
    content = read_file(os.path.join(spec.submodule_search_locations[0], "_version.py"))
    return content_hash(content).hex() if content is not None else ""


def _beside(source: Source) -> str | None:
    own = source.cached
    if own is None and source.loader is None and source.filename.endswith(".py"):
        own = cache_from_source(source.filename)
    return own[: -len(".pyc")] if own and own.endswith(".pyc") else None


def _stamp_line(stat: os.stat_result, seen_at_ns: int) -> bytes:
    return stamp_of(stat) if is_settled(stat, seen_at_ns) else _UNSETTLED


def _same_source(data: bytes, start: int, source: Source) -> bool:
    try:
        content = source.read()
    except (OSError, ImportError):
        return False
    return data[start : start + _HASH_SIZE] == content_hash(content)


def _unpack(data: bytes, start: int, functions: bool) -> Kept | None:
    begin = start + _SIZE_SIZE
    end = begin + int.from_bytes(data[start:begin], "little")
    if end >= len(data):
        return None
    view = memoryview(data)
    try:
        code = marshal.loads(view[begin:end])
        if code is not None and not functions:
            return Kept(code)
        refusal, listed = marshal.loads(view[end:])
    except (EOFError, ValueError, TypeError):
        return None
    return Kept(code, refusal, listed)


def _remove_old_variants(path: str) -> None:
    folder, name = os.path.split(path)
    prefix = name[: name.rindex("-") + 1]
    try:
        with os.scandir(folder) as found:
            variants = [(each.stat().st_mtime, each) for each in found if each.name.startswith(prefix)]
    except OSError:
        return
    whole = sorted((entry for entry in variants if not entry[1].name.endswith(".tmp")), key=lambda entry: entry[0])
    now = time.time()
    abandoned = [each for age, each in variants if each.name.endswith(".tmp") and age < now - _ABANDONED_S]
    for each in [*(each for _, each in whole[:-_VARIANTS]), *abandoned]:
        remove_file(each.path)

"""Glimpse's own modules that a traced program loads, in one file: it is read once, and they are imported in one step.

Finding, opening and checking a hundred files takes a fifth of what loading them takes, and the import system a tenth. A
bundle holds the code that Python keeps in its ``.pyc`` files, in the order in which the modules were complete, and what
is ``precompiled``, gathered at the end of the first process that had to do without. It is used only if every source is
in the state that is noted, so an upgrade or an edit counts at once. Whatever is wrong with it, or if another thread is
importing something, the modules are imported in Python's own way.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import _module_locks, module_from_spec  # type: ignore[attr-defined]
from _frozen_importlib_external import SourceFileLoader, cache_from_source, spec_from_file_location
from _imp import acquire_lock, release_lock

from glimpse.keeping import CTIME_TELLS_CHANGES, is_settled, read_file, stamp_of, unsettled_ns, write_file
from glimpse.natives import System
from glimpse.precompiled import CODE, COMPILED, KEPT, compiled, generated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType
    from typing import Final, TypeAlias

__all__ = ["AT_START", "RECORDING", "Bundle", "Part"]

_FOLDER: Final = os.path.dirname(os.path.abspath(__file__))
_HEAD: Final = b"%b\n" % ascii(("glimpse", 2, sys.version, sys.flags.optimize, _FOLDER)).encode()
_SIZE: Final = 4
_LONGEST_WAIT_S: Final = 2.5

AT_START: Final = 0
"""The part that is loaded before the program's first line."""

RECORDING: Final = 1
"""The part that is loaded with the first included module."""

Kept: TypeAlias = "tuple[str, bytes, CodeType]"
"""Of a module, the file of its source, the state of that, and the code."""


class Bundle:
    """The file, and what it is to hold.

    :param directory: the folder that the file is below, and that is always written; None to keep it with the
        package's own bytecode.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.parts = (Part(), Part())
        self.move(directory)

    def move(self, directory: str | None) -> None:
        """Use the file below this folder from now on."""
        self._path = cache_from_source(os.path.join(_FOLDER, "bundled.py"))
        if directory:
            self._path = os.path.join(directory, os.path.splitdrive(self._path)[1].lstrip("\\/"))
        self._may_write = CTIME_TELLS_CHANGES and (bool(directory) or not sys.dont_write_bytecode)

    def part(self, number: int, use: str = "") -> Part:
        """For a ``with`` within which the modules of a part are imported.

        :param use: what they are for: of those in the file, the ones are imported that this has needed before.
        """
        part = self.parts[number]
        part.use = use
        begin = len(_HEAD) + _SIZE
        head = read_file(self._path, 0, begin)
        if head is not None and head.startswith(_HEAD):
            size = int.from_bytes(head[len(_HEAD) :], "little")
            content = read_file(self._path, begin + size) if number else read_file(self._path, begin, size)
            part.take(content or b"")
        return part

    def complete(self, *, waits: bool = False) -> None:
        """Write the file if it lacks a module that was imported. To be called when the program does not wait.

        :param waits: do so two seconds after Glimpse was installed, and not at the next occasion.
        """
        if self._may_write and any(part.lacks for part in self.parts):
            try:
                if waits:
                    System.sleep(min(max(part.unsettled_s() for part in self.parts), _LONGEST_WAIT_S))
                first, second = (part.packed() for part in self.parts)
                data = b"".join((_HEAD, len(first).to_bytes(_SIZE, "little"), first, second))
                write_file(self._path, data, System.stat(__file__).st_mode)
            except Exception:  # the program is about to end well, and the next one does without
                return


class Part:
    """Modules that are imported together: within a ``with``, at the beginning of which those in the file are."""

    def __init__(self) -> None:
        self.use = ""
        self.lacks = False
        self._kept: dict[str, Kept] = {}
        self._names: dict[str, None] = {}
        self._uses: dict[str, tuple[str, ...]] = {}
        self._texts: dict[str, None] = {}
        self._before: tuple[frozenset[str], ...] = ()
        self._refused = False

    def take(self, data: bytes) -> None:
        """What the file has of this part."""
        try:
            self._kept, self._uses, expressions, code = marshal.loads(data)
        except (EOFError, ValueError, TypeError):
            return
        KEPT.update(expressions)
        CODE.update(code)
        self._texts = dict.fromkeys((*expressions, *code))
        self._names = dict.fromkeys(self._kept)

    def __enter__(self) -> None:
        self._before = frozenset(sys.modules), frozenset((*KEPT, *COMPILED, *CODE))
        found = [(name, self._kept[name]) for name in self._uses.get(self.use, ()) if name not in sys.modules]
        if found and all(_is_as_noted(file, stamp) for _, (file, stamp, _) in found):
            self._refused = not _import_all(found)
        self._kept = {}

    def __exit__(self, *_: object) -> None:
        modules, texts = self._before
        new = {name for name in sys.modules if name.startswith("glimpse.") and name not in modules}
        if self._refused or all(type(sys.modules[name].__loader__) is _Loader for name in new):
            return
        self.lacks = True
        used = new.union(self._uses.get(self.use, ()))
        self._uses[self.use] = tuple(name for name in sys.modules if name in used)
        self._names |= dict.fromkeys(self._uses[self.use])
        self._texts |= dict.fromkeys(text for text in (*KEPT, *COMPILED, *CODE) if text not in texts)

    def unsettled_s(self) -> float:
        """How long it takes until all of it can be kept, in seconds."""
        return max(map(_unsettled_s, self._names), default=0)

    def packed(self) -> bytes:
        """What the file is to have of it."""
        kept = {name: found for name in self._names if (found := _current(name)) is not None}
        uses = {use: tuple(name for name in names if name in kept) for use, names in self._uses.items()}
        expressions = {text: compiled(text) for text in self._texts if text not in CODE}
        code = {text: generated(text) for text in self._texts if text in CODE}
        return marshal.dumps((kept, uses, expressions, code))


def _file_of(name: str) -> str:
    file = os.path.join(_FOLDER, *name.split(".")[1:])
    return os.path.join(file, "__init__.py") if os.path.isdir(file) else f"{file}.py"


def _unsettled_s(name: str) -> float:
    return unsettled_ns(System.stat(_file_of(name)), System.now_ns()) / 1e9


def _current(name: str) -> Kept | None:
    """What to keep of a module; None if its code cannot be told for certain."""
    file = _file_of(name)
    try:
        stat = System.stat(file)
        code = SourceFileLoader(name, file).get_code(name)
        if code is not None and is_settled(stat, System.now_ns()) and stamp_of(System.stat(file)) == stamp_of(stat):
            return file, stamp_of(stat), code
    except OSError:
        pass
    return None


def _is_as_noted(file: str, stamp: bytes) -> bool:
    try:
        return stamp_of(System.stat(file)) == stamp
    except OSError:
        return False


def _import_all(found: list[tuple[str, Kept]]) -> bool:
    """Import modules in this order, in which they were complete: each finds there what it imports.

    False if another thread imports something, or if one of them cannot be imported so. The interpreter's lock on
    finding modules keeps others from importing anything meanwhile, also what is there and not complete.
    """
    acquire_lock()
    try:
        if _others_import():
            return False
        for name, (file, _, _) in found:
            spec = _spec(name, file)
            sys.modules[name] = module_from_spec(spec)
            spec._initializing = True  # type: ignore[attr-defined] # as the import system says it
        try:
            for name, (_, _, code) in found:
                _complete(name, code)
        except Exception:
            return False
        finally:
            for name, _ in found:
                if (module := sys.modules.get(name)) is not None and module.__spec__._initializing:  # type: ignore[union-attr]
                    del sys.modules[name]
    finally:
        release_lock()
    return True


def _others_import() -> bool:
    mine = System.get_ident()
    locks = [found() for found in list(_module_locks.values())]
    return any(lock is not None and getattr(lock, "owner", mine) != mine for lock in locks)


def _spec(name: str, file: str) -> ModuleSpec:
    folder, base = os.path.split(file)
    within = [folder] if base == "__init__.py" else None
    found = spec_from_file_location(name, file, loader=_Loader(name, file), submodule_search_locations=within)
    assert found is not None
    return found


def _complete(name: str, code: CodeType) -> None:
    module = sys.modules[name]
    exec(code, module.__dict__)
    module.__spec__._initializing = False  # type: ignore[union-attr]
    sys.modules[name] = sys.modules.pop(name)  # which is how the import system leaves them in their order
    package, _, last = name.rpartition(".")
    setattr(sys.modules[package], last, module)


class _Loader(SourceFileLoader):
    """Python's own, by another name: it tells what came from a bundle."""

"""Glimpse's own modules that a traced program loads at its start, in one file: it is read once, not once for each.

Finding, opening and checking a hundred files takes a fifth of what loading them takes. A bundle holds the code that
Python keeps in its ``.pyc`` files, and what their regular expressions are compiled to, gathered at the end of the first
process that had to do without. A module is taken from it only if its source is in the state that is noted, so an
upgrade or an edit counts at once. Whatever is wrong with a bundle, its modules are imported in Python's own way.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib_external import FileFinder, SourceFileLoader, cache_from_source, spec_from_file_location

from glimpse.expressions import COMPILED, KEPT, compiled
from glimpse.keeping import CTIME_TELLS_CHANGES, is_settled, read_file, stamp_of, unsettled_ns, write_file
from glimpse.natives import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType
    from typing import Any, Final, TypeAlias

__all__ = ["Bundle"]

_FOLDER: Final = os.path.dirname(os.path.abspath(__file__))
_HEAD: Final = b"%b\n" % ascii(("glimpse", 1, sys.version, sys.flags.optimize, _FOLDER)).encode()
_LONGEST_WAIT_S: Final = 2.5

Kept: TypeAlias = "tuple[str, bytes, CodeType]"
"""Of a module, the file of its source, the state of that, and the code."""


class Bundle:
    """Modules that are imported together: those imported inside a ``with`` are taken from the file.

    :param directory: the folder that the file is below, and that is always written; None to keep it with the
        package's own bytecode.
    """

    def __init__(self, directory: str | None = None) -> None:
        self._path = cache_from_source(os.path.join(_FOLDER, "bundled.py"))
        if directory:
            self._path = os.path.join(directory, os.path.splitdrive(self._path)[1].lstrip("\\/"))
        self._may_write = CTIME_TELLS_CHANGES and (bool(directory) or not sys.dont_write_bytecode)
        self._kept: dict[str, Kept] = {}
        self._names: dict[str, None] = {}
        self._expressions: dict[str, None] = {}
        self._before: frozenset[str] = frozenset()
        self._finders: dict[str, _Finder] = {}
        self._lacks: bool = False

    def __enter__(self) -> object:
        self._before = frozenset(sys.modules)
        self._read()
        self._names = dict.fromkeys(self._kept)
        for folder in {_FOLDER: None, **{os.path.dirname(file): None for file, *_ in self._kept.values()}}:
            usual = _finder_of(folder)
            if type(usual) is FileFinder:
                self._finders[folder] = sys.path_importer_cache[folder] = _Finder(self, usual)
        return self

    def __exit__(self, *_: object) -> None:
        for folder, finder in self._finders.items():
            if sys.path_importer_cache.get(folder) is finder:
                sys.path_importer_cache[folder] = finder.usual
        self._finders, self._kept = {}, {}
        new = [name for name in sys.modules if name.startswith("glimpse.") and name not in self._before]
        self._lacks = any(type(sys.modules[name].__loader__) is SourceFileLoader for name in new)
        self._names |= dict.fromkeys(new)
        self._expressions = dict.fromkeys((*KEPT, *COMPILED))

    def complete(self, *, waits: bool = False) -> None:
        """Write the file if it lacks a module that was imported. To be called when the program does not wait.

        :param waits: do so two seconds after Glimpse was installed, and not at the next occasion.
        """
        if self._lacks and self._may_write:
            try:
                if waits:
                    System.sleep(min(max(map(_unsettled_s, self._names)), _LONGEST_WAIT_S))
                kept = {name: found for name in self._names if (found := _current(name)) is not None}
                expressions = {text: compiled(text) for text in self._expressions}
                write_file(self._path, _HEAD + marshal.dumps((kept, expressions)), System.stat(__file__).st_mode)
            except Exception:  # the program is about to end well, and the next one does without
                return

    def _read(self) -> None:
        content = read_file(self._path)
        if content is not None and content.startswith(_HEAD):
            try:
                self._kept, expressions = marshal.loads(memoryview(content)[len(_HEAD) :])
            except (EOFError, ValueError, TypeError):
                return
            KEPT.update(expressions)

    def spec(self, name: str) -> ModuleSpec | None:
        """The spec of a module that is in the file, if its source is in the state that it had then."""
        kept = self._kept.pop(name, None)
        if kept is None:
            return None
        file, stamp, code = kept
        try:
            if stamp_of(System.stat(file)) != stamp:
                return None
        except OSError:
            return None
        folder, base = os.path.split(file)
        within = [folder] if base == "__init__.py" else None
        return spec_from_file_location(name, file, loader=_Loader(name, file, code), submodule_search_locations=within)


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


def _finder_of(folder: str) -> Any:
    """What finds modules in a folder; None if nothing does."""
    found: Any = sys.path_importer_cache.get(folder)
    hooks = iter(sys.path_hooks)
    while found is None and (hook := next(hooks, None)) is not None:
        try:
            found = hook(folder)
        except ImportError:
            continue
    return found


class _Finder:
    """Finds what is in a bundle, and for the rest does what finds in a folder otherwise."""

    def __init__(self, bundle: Bundle, usual: Any) -> None:
        self._bundle, self.usual = bundle, usual

    def find_spec(self, name: str, target: object = None) -> ModuleSpec | None:
        return self._bundle.spec(name) or self.usual.find_spec(name, target)

    def invalidate_caches(self) -> None:
        self.usual.invalidate_caches()


class _Loader(SourceFileLoader):
    """Python's own, with the code at hand for the first time that it is asked for."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code: CodeType | None = code

    def get_code(self, fullname: str) -> CodeType | None:
        code, self._code = self._code, None
        return code if code is not None else super().get_code(fullname)

"""Where a module's file lies in the project, as a dotted name, and under which other names a script is known."""

from __future__ import annotations

import os
import sys
from _frozen_importlib_external import BYTECODE_SUFFIXES, SOURCE_SUFFIXES
from _imp import extension_suffixes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from functools import cache
else:
    from glimpse.light import cache

__all__ = ["MAIN_MODULES", "absolute_path", "dotted_place", "is_session", "may_shadow_stdlib", "script_names"]

MAIN_MODULES = frozenset({"__main__", "__mp_main__"})
"""Names that a script runs under; the second in worker processes that ``multiprocessing`` spawns."""

_INSTALLED = frozenset({"site-packages", "dist-packages", "__pypackages__", "node_modules"})


def absolute_path(path: str) -> str:
    """The path from the root of the file system on; as it is where the working directory was removed."""
    try:
        return os.path.abspath(path)
    except OSError:
        return path


def dotted_place(file: str | None, root: str) -> str | None:
    """The file's dotted path from the root folder, or None where it is not a file of the project.

    Symbolic links are followed where the path as written is not below the root. Installed packages, hidden folders and
    the standard library are no part of a project, even where they lie below its root.
    """
    if not file or file.startswith("<"):
        return None
    for path in (absolute_path(file), _resolved(file)):
        inside = _inside(path, root)
        if inside is not None:
            return None if _is_foreign(inside, path, root) else _dotted(inside)
    return None


def script_names(file: str | None) -> tuple[str, ...]:
    """Names that a script is known under besides ``__main__``: its file's stem, and its dotted name in its package."""
    if not file or file.startswith("<"):
        return ()
    folder, name = os.path.split(absolute_path(file))
    stem = _without_suffix(name)
    names = [stem if stem != "__main__" else os.path.basename(folder)]
    dotted = stem
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        dotted = f"{package}.{dotted}"
    if dotted not in (stem, *names):
        names.append(dotted)
    return tuple(names)


def is_session(module: str, file: str | None) -> bool:
    """Whether the module is what is being typed: into an interactive interpreter, or the cells of a notebook."""
    return module in MAIN_MODULES and not file and hasattr(sys, "ps1")


def may_shadow_stdlib(top_level: str, root: str) -> bool:
    """Whether a folder of the import path below the root holds a module of this name (of the standard library's)."""
    if top_level in sys.builtin_module_names:
        return False
    for entry in sys.path:
        folder = absolute_path(entry)
        if folder == root or _inside(folder, root) is not None or _inside(_real_folder(folder), root) is not None:
            path = os.path.join(folder, top_level)
            if os.path.isfile(f"{path}.py") or os.path.isdir(path):
                return True
    return False


def _inside(path: str, root: str) -> str | None:
    """The path from the root on, or None if it is not below it."""
    prefix = root if root.endswith(os.sep) else root + os.sep
    return path[len(prefix) :] if os.path.normcase(path).startswith(os.path.normcase(prefix)) else None


def _is_foreign(inside: str, path: str, root: str) -> bool:
    folders = inside.split(os.sep)[:-1]
    if any(folder in _INSTALLED or folder.startswith(".") for folder in folders):
        return True
    library = _standard_library()
    return library is not None and _inside(path, library) is not None and _inside(root + os.sep, library) is None


def _dotted(inside: str) -> str:
    *folders, name = inside.split(os.sep)
    stem = _without_suffix(name)
    return ".".join(folders if stem == "__init__" else [*folders, stem])


def _without_suffix(name: str) -> str:
    return next((name[: -len(suffix)] for suffix in _suffixes() if name.endswith(suffix) and name != suffix), name)


@cache
def _suffixes() -> tuple[str, ...]:
    found = {*SOURCE_SUFFIXES, *BYTECODE_SUFFIXES, *extension_suffixes(), ".pyw"}
    return tuple(sorted(found, key=len, reverse=True))


def _resolved(file: str) -> str:
    folder, name = os.path.split(absolute_path(file))
    path = os.path.join(_real_folder(folder), name)
    return os.path.realpath(path) if os.path.islink(path) else path


@cache
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder) if os.path.isabs(folder) else folder


@cache
def _standard_library() -> str | None:
    file = getattr(os, "__file__", None)
    return os.path.realpath(os.path.dirname(file)) if file else None

"""The script that the interpreter runs as ``__main__``: instrumented, though it is never imported.

Before the interpreter compiles a script, it asks ``sys.path_hooks`` whether the script's path is a place to import
from, as an archive or a folder with a ``__main__.py`` would be; ``runpy.run_path`` does the same, for processes that
``multiprocessing`` spawns. The hook here answers yes for a script that the policy includes.

The interpreter then imports ``runpy`` to run a module ``__main__`` found there. For the script that it was started with
it is given a stand-in, which sets the scene as it is for a script and runs it at the bottom of the stack.
``runpy.run_path`` asks for the code of the module, and what it sets up for an archive and not for a script is put right
before the first line.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import SourceFileLoader
from functools import partial
from operator import contains, methodcaller

from glimpse.hook.asked import Asked, started_script
from glimpse.hook.source import Source
from glimpse.hook.status import say
from glimpse.policy.places import absolute_path
from glimpse.values import expect_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import Any, Final

    from glimpse.hook.build import Builder

__all__ = ["ScriptHook"]

_MAIN: Final = "__main__"
_SUFFIXES: Final = (".py", ".pyw")
_RUNPY: Final = "<frozen runpy>"
_PLAIN_FLAGS: Final = frozenset("-bBdEiIOPqRsSuvx")  # those without a value can be written in one


class ScriptHook:
    """A path hook that takes the scripts that the policy includes.

    :param builder: makes their code.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        # as the other hooks have it, of which one is a function and one a class: programs look for theirs by name
        self.__name__ = self.__qualname__ = "path_hook_for_scripts"
        self.asked = Asked(self)
        self._started = started_script()

    def __call__(self, path: str) -> Any:
        """A finder of the script at this path; for the interpreter's own script, what others find if this finds none.

        :raises ImportError: it is not one, the policy does not include it, or it has nothing to instrument.
        """
        started = self._started is not None and absolute_path(path) == self._started
        code = None
        if path.endswith(_SUFFIXES) or (started and not _is_archive(path)):
            try:
                code = self._code(path) if not (started and _is_to_skip_a_line()) else None
            except Exception as error:  # the program runs its script whatever happens here
                say(f"{path} is not traced: {type(error).__name__}: {error}")
        if started:
            self._started = None
        if code is None:
            if started:
                return self.asked.leave_to_others(path)
            raise ImportError("not a script that Glimpse instruments", path=path)
        if started:
            self.asked.answered()
            _Start(path, code)
        return _ScriptFinder(path, code)

    def _code(self, path: str) -> CodeType | None:
        policy = self.builder.policy
        if not policy.may_include(_MAIN) or not os.path.isfile(path):
            return None
        if not policy.decide_module(_MAIN, path).included:
            return None
        expect_objects()
        source = Source(path) if path.endswith(_SUFFIXES) else Source(path, _loader(path))
        return self.builder.code(_MAIN, source, even_if_untraced=False)


class _ScriptFinder:
    """What ``sys.path_importer_cache`` holds for the script: it finds ``__main__``, once, and nothing else."""

    def __init__(self, path: str, code: CodeType) -> None:
        self.path = path
        self.code = code

    def find_spec(self, fullname: str, target: object = None) -> ModuleSpec | None:
        if fullname != _MAIN:
            return None
        return ModuleSpec(_MAIN, self, origin=self.path)  # type: ignore[arg-type] # all that runpy needs of a loader

    def invalidate_caches(self) -> None:
        """Nothing is cached."""

    def create_module(self, spec: ModuleSpec) -> None:
        """The default: the main module exists."""

    def exec_module(self, module: object) -> None:
        raise ImportError("a script is run, not imported", path=self.path)

    def get_code(self, fullname: str) -> CodeType:
        """The code that sets the scene and then runs the script's."""
        sys.path_importer_cache.pop(self.path, None)
        if self.path in sys.path:
            sys.path.remove(self.path)
        return _TRAMPOLINE.replace(
            co_consts=tuple((self._prepare, exec) if c == _PLACE else c for c in _TRAMPOLINE.co_consts)
        )

    def _prepare(self, scope: dict[str, Any]) -> tuple[CodeType, dict[str, Any]]:
        """The scene of the script: what ``runpy`` sets for one, where it has set otherwise."""
        scope.update(__spec__=None, __cached__=None, __loader__=None)
        return self.code, scope


class _Start:
    """In the place of ``runpy``, when the interpreter imports that in order to run the script: runs it without a frame.

    ``_run_module_as_main("__main__", False)`` is a partial call of ``setattr``. It gives False to the property
    ``__main__``, which looks for it in this object, and so goes through it; what it goes through are the results of
    calling the script's code and then the end. All of that is C, but for what is over before the script begins.
    """

    def __init__(self, path: str, code: CodeType) -> None:
        self._path = path
        self._code = code
        self._runpy = sys.modules.get("runpy")
        self._run_module_as_main = partial(setattr, self)
        sys.modules["runpy"] = self  # type: ignore[assignment]

    __main__ = property(None, contains)  # type: ignore[arg-type] # nobody wants what a setter returns

    def __iter__(self) -> Iterator[object]:
        del sys.modules["runpy"]
        if self._runpy is not None:
            sys.modules["runpy"] = self._runpy
        self._correct_path()
        scope = vars(sys.modules[_MAIN])
        scope.update(__file__=self._path, __cached__=None, __loader__=_loader(self._path))
        return map(methodcaller("__call__"), (partial(exec, self._code, scope), _forget_file))

    def _correct_path(self) -> None:
        """An archive is itself an entry of the import path; for a script, it is the folder that the script is in."""
        sys.path_importer_cache[self._path] = None
        if self._path not in sys.path:
            return
        position = sys.path.index(self._path)
        if sys.flags.isolated or getattr(sys.flags, "safe_path", False):
            del sys.path[position]
        else:
            sys.path[position] = os.path.dirname(os.path.realpath(self._path))


def _is_to_skip_a_line() -> bool:
    """Whether the interpreter was started with ``-x``: the script's first line is not Python."""
    script = sys.argv[0]
    options = sys.orig_argv[1 : sys.orig_argv.index(script)] if script in sys.orig_argv else []
    return any("x" in option and _PLAIN_FLAGS.issuperset(option) for option in options)


def _is_archive(path: str) -> bool:
    from zipimport import ZipImportError, zipimporter

    try:
        zipimporter(path)
    except (ZipImportError, OSError):
        return False
    return True


def _loader(path: str) -> SourceFileLoader:
    return SourceFileLoader(_MAIN, path)


def _forget_file() -> None:
    """What the interpreter does after a script's last line."""
    scope = vars(sys.modules.get(_MAIN, sys))
    if scope.get("__name__") == _MAIN:
        scope.pop("__file__", None)
        scope.pop("__cached__", None)


def _trampoline() -> None:
    hooks: Any = "the hooks' place"
    hooks[1](*hooks[0](globals()))


_PLACE: Final = "the hooks' place"
_TRAMPOLINE: Final = _trampoline.__code__.replace(co_filename=_RUNPY, co_name="_run_script")

"""Loaders that give instrumented code, in the likeness of those that they stand in for.

- Until a module's body runs, its loader is an instance of a subclass of the original's class, with the same state:
  everything that can be asked of the original can be asked of it. Just before, the original takes its place on the
  module and its spec, so a program that looks finds what it would without Glimpse.
- Code is only replaced where the original loader would compile the very source that it names, as Python does.
- No frame of ours stands in a traceback: the original class's ``exec_module`` runs the code that it is given, or what
  the original compiles. What is asked of ours, ``get_code``, has been decided before it is called.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Final

from glimpse.hook.source import Source

if TYPE_CHECKING:
    from glimpse.hook.build import Builder

__all__ = ["instrument_spec", "runs_as_main"]

_COMPILING: Final = ("exec_module", "get_code", "source_to_code")
_STATE: Final = "_glimpse_state"
_IMPORTS: Final = SourceFileLoader.exec_module.__code__


class _State:
    """What the loader of one module knows beside what the original does."""

    __slots__ = ("builder", "original", "spec")

    def __init__(self, original: Any, spec: ModuleSpec, builder: Builder) -> None:
        self.original = original
        self.spec = spec
        self.builder = builder

    def code(self, module: str) -> CodeType | None:
        filename = str(self.spec.origin)
        loader = None if type(self.original) is SourceFileLoader else self.original
        return self.builder.code(module, Source(filename, loader, self.spec.cached))


def instrument_spec(spec: ModuleSpec, builder: Builder) -> str | None:
    """Make the module that is found load as instrumented code.

    :return: why its loader cannot be asked for that, and the spec was left as it was; None if it was done.
    """
    original: Any = spec.loader
    kind = type(original)
    if kind is not SourceFileLoader:
        reason = _unfit(kind)  # type: ignore[arg-type] # mypy: a class with a metaclass of its own is hashable too
        if reason:
            return reason
    try:
        loader = object.__new__(_in_likeness_of(kind))  # type: ignore[arg-type]
        loader.__dict__.update(original.__dict__)
    except (AttributeError, TypeError) as error:
        return f"its loader, a {kind.__name__}, cannot be stood in for: {error}"
    setattr(loader, _STATE, _State(original, spec, builder))
    spec.loader = loader
    return None


def runs_as_main(fullname: str) -> bool:
    """Whether code that is asked for by name is about to run as the program's main module, not to be imported."""
    if fullname == "__main__" or sys.argv[:1] == ["-m"]:
        return True
    multiprocessing: Any = sys.modules.get("multiprocessing.process")
    return multiprocessing is not None and getattr(multiprocessing.current_process(), "_inheriting", False)


@functools.cache
def _unfit(kind: type[Any]) -> str | None:
    """Why loaders of this class cannot be stood in for: they have no source, or compile it in a way of their own."""
    from importlib import abc, machinery
    from zipimport import zipimporter

    if kind.__module__ == "_pytest.assertion.rewrite":
        return "pytest rewrites its assertions; with --assert=plain it would not"

    without_source = (
        machinery.ExtensionFileLoader,
        machinery.SourcelessFileLoader,
        machinery.BuiltinImporter,
        machinery.FrozenImporter,
    )
    usual: tuple[type[Any], ...] = (SourceFileLoader, zipimporter, abc.SourceLoader, abc.InspectLoader)
    if issubclass(kind, without_source) or not (issubclass(kind, usual) and hasattr(kind, "get_data")):
        return f"it is loaded by {kind.__module__}.{kind.__qualname__}, not from a file of Python source"
    for name in _COMPILING:
        if not _is_one_of(kind, usual, name):
            return f"{kind.__module__}.{kind.__qualname__} loads it with {name} of its own"
    return None


def _is_one_of(kind: type[Any], usual: tuple[type[Any], ...], name: str) -> bool:
    own = getattr(kind, name, None)
    return own is None or any(own is getattr(each, name, None) for each in usual)


@functools.cache
def _in_likeness_of(kind: type[Any]) -> type[Any]:
    names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(kind.__name__, (kind,), {**names, "get_code": property(_get_code), "__slots__": (_STATE,)})


def _get_code(self: Any) -> Callable[[str], CodeType | None]:
    """The method that is called in the place of the original's: the original's own, where that is to compile."""
    state: _State = getattr(self, _STATE)
    original, spec = state.original, state.spec
    if spec.loader is self:
        spec.loader = original
    caller = sys._getframe(1)
    if caller.f_code is _IMPORTS:
        module = _imported(spec, caller)
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = original
        code = state.code(spec.name)
    else:
        code = _code_to_run(state, spec)
    return original.get_code if code is None else lambda fullname: code


def _imported(spec: ModuleSpec, importing: FrameType) -> Any:
    """The module whose body ``exec_module`` is about to run."""
    module = sys.modules.get(spec.name)
    if getattr(module, "__spec__", None) is spec:
        return module  # to ask the frame makes it hold the module once more
    return importing.f_locals.get("module")


def _code_to_run(state: _State, spec: ModuleSpec) -> CodeType | None:
    """Instrumented code for whoever runs it without importing: ``runpy``, for ``python -m``."""
    if not runs_as_main(spec.name):
        return state.code(spec.name)
    decision = state.builder.policy.decide_module("__main__", spec.origin, aliases=(spec.name,))
    return state.code("__main__") if decision.included else None

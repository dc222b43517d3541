"""Loaders that give instrumented code, in the likeness of those that they stand in for.

- Until a module's body runs, its loader is an instance of a subclass of the original's class, with the same state:
  everything that can be asked of the original can be asked of it. Just before, the original takes its place on the
  module and its spec, so a program that looks finds what it would without Glimpse.
- Code is only replaced where the original loader would compile the very source that it names, as Python does.
- Tracebacks and ``warnings`` leave out the frames of the import system; the one frame of ours among them counts as
  such, because its code names the same file.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from glimpse.hook.source import Source

if TYPE_CHECKING:
    from glimpse.hook.build import Builder
    from glimpse.policy import Decision

__all__ = ["instrument_spec", "runs_as_main"]

_IMPORT_SYSTEM: Final = "<frozen importlib._bootstrap_external>"
_COMPILING: Final = ("exec_module", "get_code", "source_to_code")
_STATE: Final = "_glimpse_state"

_bootstrap: Any = importlib.import_module("_frozen_importlib")
_run: Callable[..., None] = getattr(
    _bootstrap, "_call_with_frames_removed", lambda function, *arguments: function(*arguments)
)


class _State:
    """What the loader of one module knows beside what the original does."""

    __slots__ = ("builder", "decision", "original", "spec")

    def __init__(self, original: Any, spec: ModuleSpec, builder: Builder, decision: Decision) -> None:
        self.original = original
        self.spec = spec
        self.builder = builder
        self.decision = decision

    def code(self, module: str, decision: Decision) -> CodeType | None:
        filename = str(self.spec.origin)
        loader = None if type(self.original) is SourceFileLoader else self.original
        return self.builder.code(module, Source(filename, loader, self.spec.cached), decision)


def instrument_spec(spec: ModuleSpec, builder: Builder, decision: Decision) -> str | None:
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
    setattr(loader, _STATE, _State(original, spec, builder, decision))
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
    methods = {"exec_module": _exec_module, "get_code": _get_code, "__slots__": (_STATE,)}
    names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(kind.__name__, (kind,), {**names, **methods})


def _exec_module(self: Any, module: ModuleType) -> None:
    state = getattr(self, _STATE)
    original = state.original
    spec = module.__spec__
    if spec is not None and spec.loader is self:
        spec.loader = original
    if getattr(module, "__loader__", None) is self:
        module.__loader__ = original
    code = state.code(module.__name__, state.decision)
    if code is None:
        original.exec_module(module)
    else:
        _run(exec, code, module.__dict__)


def _get_code(self: Any, fullname: str) -> CodeType | None:
    """Instrumented code for whoever runs it without importing: ``runpy``, for ``python -m``."""
    state = getattr(self, _STATE)
    original = state.original
    if state.spec.loader is self:
        state.spec.loader = original
    module, decision = fullname, state.decision
    if runs_as_main(fullname):
        module = "__main__"
        decision = state.builder.policy.decide_module(module, state.spec.origin, aliases=(fullname,))
    code: CodeType | None = state.code(module, decision) if decision.included else None
    if code is None:
        code = original.get_code(fullname)
    return code


def _in_place_of(original: Any, own: CodeType) -> CodeType:
    """Our code under the name, file and line that tracebacks show of the original where the module's body runs."""
    runs_at, own_runs_at = (max(line for *_, line in code.co_lines() if line) for code in (original.__code__, own))
    first = own.co_firstlineno + runs_at - own_runs_at
    return own.replace(co_filename=_IMPORT_SYSTEM, co_name="exec_module", co_firstlineno=first)


_exec_module.__code__ = _in_place_of(SourceFileLoader.exec_module, _exec_module.__code__)

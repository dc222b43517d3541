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
from _frozen_importlib_external import SourceFileLoader

from glimpse.hook.assertions import Assertions, rewrites_assertions
from glimpse.hook.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import CodeType, FrameType, ModuleType
    from typing import Any, Final

    from glimpse.hook.build import Builder

__all__ = ["instrument_spec", "runs_as_main"]

_COMPILING: Final = ("exec_module", "get_code", "source_to_code")
_STATE: Final = "_glimpse_state"
_IMPORTS: Final = SourceFileLoader.exec_module.__code__


class _State:
    """What the loader of one module knows beside what the original does."""

    __slots__ = ("assertions", "builder", "made", "original", "spec")

    def __init__(self, original: Any, spec: ModuleSpec, builder: Builder, assertions: Assertions | None) -> None:
        self.original = original
        self.assertions = assertions
        self.made: CodeType | None = None
        self.spec = spec
        self.builder = builder

    def code(self, module: str) -> CodeType | None:
        filename = str(self.spec.origin)
        loader = None if type(self.original) is SourceFileLoader or self.assertions else self.original
        source = Source(filename, loader, self.spec.cached)
        return self.builder.code(module, source, assertions=self.assertions)


def instrument_spec(spec: ModuleSpec, builder: Builder) -> str | None:
    """Make the module that is found load as instrumented code.

    :return: why its loader cannot be asked for that, and the spec was left as it was; None if it was done.
    """
    original: Any = spec.loader
    kind = type(original)
    assertions = None
    if rewrites_assertions(kind):
        try:
            assertions = Assertions.of(original)
        except Exception as error:  # of a pytest that is not known yet
            return f"pytest rewrites its assertions, in a way of its own: {type(error).__name__}: {error}"
    elif kind is not SourceFileLoader:
        reason = _unfit(kind)  # type: ignore[arg-type] # mypy: a class with a metaclass of its own is hashable too
        if reason:
            return reason
    try:
        loader = object.__new__(_in_likeness_of(kind, assertions is not None))  # type: ignore[arg-type]
        loader.__dict__.update(original.__dict__)
    except (AttributeError, TypeError) as error:
        return f"its loader, a {kind.__name__}, cannot be stood in for: {error}"
    setattr(loader, _STATE, _State(original, spec, builder, assertions))
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
    if kind is SourceFileLoader:
        return None
    from importlib import abc, machinery
    from zipimport import zipimporter

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
def _in_likeness_of(kind: type[Any], of_pytest: bool) -> type[Any]:
    names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    ours = {"exec_module": property(_exec_module)} if of_pytest else {"get_code": property(_get_code)}
    equal = {"__eq__": _equal, "__hash__": lambda self: hash(_original(self))}
    return type(kind.__name__, (kind,), {**names, **ours, **equal, "__slots__": (_STATE,)})


def _equal(self: Any, other: Any) -> bool:
    return bool(_original(self) == _original(other))


def _original(loader: Any) -> Any:
    state = getattr(loader, _STATE, None)
    return state.original if isinstance(state, _State) else loader


def _get_code(self: Any) -> Callable[[str], CodeType | None]:
    """The method that is called in the place of the original's: the original's own, where that is to compile."""
    state: _State = getattr(self, _STATE)
    original, spec = state.original, state.spec
    caller = sys._getframe(1)
    imports = caller.f_code is _IMPORTS
    _step_back(self, _imported(spec, caller) if imports else None, spec)
    code = state.code(spec.name) if imports else _code_to_run(state, spec)
    return original.get_code if code is None else lambda fullname: code


def _step_back(self: Any, module: Any, spec: ModuleSpec) -> None:
    """The original takes its place on the module and its spec."""
    original = getattr(self, _STATE).original
    if spec.loader is self:
        spec.loader = original
    if getattr(module, "__loader__", None) is self:
        module.__loader__ = original


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


def _exec_module(self: Any) -> Callable[[ModuleType], None]:
    """The method in the place of that of pytest's loader, which compiles by itself."""
    state: _State = getattr(self, _STATE)
    original, spec = state.original, state.spec
    if spec.loader is not self:
        return original.exec_module  # type: ignore[no-any-return]
    if state.made is None:
        state.made = state.code(spec.name)
    if state.made is None:
        _step_back(self, sys.modules.get(spec.name), spec)
        return original.exec_module  # type: ignore[no-any-return]
    from pathlib import Path

    def exec_module(module: ModuleType) -> None:
        co = state.made
        state.made = None
        _step_back(self, module, spec)
        original._rewritten_names[spec.name] = Path(str(spec.origin))
        exec(co, module.__dict__)  # type: ignore[arg-type]

    exec_module.__code__ = _in_place_of(type(original).exec_module, exec_module.__code__)
    return exec_module


def _in_place_of(original: Any, own: CodeType) -> CodeType:
    """Our code under the name, file and line that tracebacks show of the original where the module's body runs."""
    runs_at, own_runs_at = (max(line for *_, line in code.co_lines() if line) for code in (original.__code__, own))
    first = own.co_firstlineno + runs_at - own_runs_at
    return own.replace(co_filename=original.__code__.co_filename, co_firstlineno=first)

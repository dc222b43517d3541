"""Source in, code out: the probe's calls are written into function bodies with libcst. Nothing is imported or run here.

``instrument`` is a pure function of the source and the plan. Its result contains placeholder constants, which
``glimpse.hook.bind`` replaces by the probe's functions, so it can be kept on disk.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType

import libcst as cst

from ...errors import RewriteError
from .edit import Edited, Editor
from .merge import Merger
from .restore import restore_positions

__all__ = ["Edited", "Plan", "Rewritten", "instrument", "rewritten_source"]

_OUR_CALLS = ("ignore", re.compile("'frozenset' object is not callable"), SyntaxWarning, None, 0)


@dataclass(frozen=True)
class Plan:
    """What to instrument in one module.

    :param module: the module's name, as entries show it.
    :param mode: ``full``, or ``error`` to record exceptions only.
    :param policy: the name of the policy that owns the module; empty if there is only one.
    :param wants: whether the function of this qualified name is traced.
    :param hides: whether a parameter of this name is redacted.
    """

    module: str
    mode: str = "full"
    policy: str = ""
    wants: Callable[[str], bool] = field(default=lambda qualname: True)
    hides: Callable[[str], bool] = field(default=lambda name: False)


@dataclass(frozen=True)
class Rewritten:
    """The instrumented module and what became of each function."""

    code: CodeType
    functions: list[Edited]


def instrument(source: bytes, filename: str, plan: Plan, optimize: int = -1) -> Rewritten:
    """Compile ``source`` with the probe's calls in the functions that the plan wants.

    :raises SyntaxError: exactly as the interpreter does for this source.
    :raises RewriteError: the module cannot be rewritten; it can still be imported plainly.
    """
    with _no_collection():
        plain = ast.parse(source, filename)
        text, prefix, functions = _edit(source, plain, plan, whole=False)
        try:
            twin = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise RewriteError(f"the rewritten source does not parse: {error}") from error
        Merger(prefix).module(plain, twin)
        code = _compile(plain, filename, optimize)
    return Rewritten(restore_positions(code), functions)


def rewritten_source(source: bytes, plan: Plan) -> str:
    """The text that libcst gives: what ``glimpse explain --source`` shows.

    :raises RewriteError: the module cannot be rewritten.
    """
    return _edit(source, ast.parse(source), plan, whole=True)[0]


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Two trees of many nodes, none of them garbage: looking for some takes a fifth of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _compile(tree: ast.Module, filename: str, optimize: int) -> CodeType:
    """Compile, without the warning that a constant is called: nothing but an injected call can call a frozenset.

    The filter stands for the time of the call only, and the compiler reads the list itself: the registries that
    remember which warnings were shown are not reset, as ``warnings.catch_warnings`` would.
    """
    filters: list[object] = warnings.filters  # type: ignore[assignment]
    filters.insert(0, _OUR_CALLS)
    try:
        return compile(tree, filename, "exec", dont_inherit=True, optimize=optimize)
    finally:
        filters.remove(_OUR_CALLS)


def _edit(source: bytes, plain: ast.Module, plan: Plan, *, whole: bool) -> tuple[str, str, list[Edited]]:
    prefix = "__glimpse_"
    while prefix.encode() in source:
        prefix += "0_"
    try:
        tree = cst.parse_module(source)
        editor = Editor(plan, prefix, b"yield" in source, whole)
        editor.module(tree, plain)
        return tree.code, prefix, editor.edited
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, UnicodeError) as error:
        raise RewriteError(
            f"libcst cannot read this source: {type(error).__name__}: {str(error).splitlines()[0]}"
        ) from error

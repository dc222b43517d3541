"""Source in, code out: the probe's calls are written into function bodies with libcst. Nothing is imported or run here.

``instrument`` is a pure function of the source and the plan. Its result contains placeholder constants, which
``glimpse.hook.compact`` replaces by the probe's functions, so it can be kept on disk.
"""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import libcst as cst

from glimpse.collector import Uncollected

from ...errors import RewriteError
from .edit import Edited, Editor
from .merge import Merger
from .restore import restore_positions

__all__ = ["Edited", "Owner", "Plan", "Rewritten", "instrument", "rewritten_source"]

_OUR_CALLS = ("ignore", re.compile("'frozenset' object is not callable"), SyntaxWarning, None, 0)


@dataclass(frozen=True)
class Owner:
    """How the functions of one policy are instrumented.

    :param policy: its name; empty if there is only one.
    :param mode: ``full``, or ``error`` to record exceptions only.
    :param hides: whether a parameter of this name is redacted.
    """

    policy: str = ""
    mode: str = "full"
    hides: Callable[[str], bool] = field(default=lambda name: False)


@dataclass(frozen=True)
class Plan:
    """What to instrument in one module.

    :param module: the module's name, as entries show it.
    :param owner: who owns the function of this qualified name; None if it is not traced.
    :param also: changes the finished tree, given the source and the file's name: somebody else's rewriting.
    """

    module: str
    owner: Callable[[str], Owner | None] = field(default=lambda qualname: _ANYONE)
    also: Callable[[ast.Module, bytes, str], None] | None = None


_ANYONE: Owner = Owner()


@dataclass(frozen=True)
class Rewritten:
    """The instrumented module and what became of each function; ``keys`` are those of their sites."""

    code: CodeType
    functions: list[Edited]
    keys: list[str]


def instrument(source: bytes, filename: str, plan: Plan, optimize: int = -1) -> Rewritten:
    """Compile ``source`` with the probe's calls in the functions that the plan wants.

    :raises SyntaxError: exactly as the interpreter does for this source.
    :raises RewriteError: the module cannot be rewritten; it can still be imported plainly.
    """
    with Uncollected():
        tree = _concrete(source, filename)
        plain = ast.parse(source, filename)
        editor, prefix = _edit(tree, source, plain, plan, whole=False)
        try:
            with _silent():
                twin = ast.parse(tree.code)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise RewriteError(_refused(error)) from error
        Merger(prefix, editor.keys).module(plain, twin)
        if plan.also is not None:
            plan.also(plain, source, filename)
        with _filtered(_OUR_CALLS):
            code = compile(plain, filename, "exec", dont_inherit=True, optimize=optimize)
    return Rewritten(restore_positions(code), editor.edited, editor.keys)


def rewritten_source(source: bytes, plan: Plan) -> str:
    """The text that libcst gives: what ``glimpse explain --source`` shows.

    :raises RewriteError: the module cannot be rewritten.
    """
    tree = _concrete(source, "<source>")
    with _silent():
        plain = ast.parse(source)
    _edit(tree, source, plain, plan, whole=True)
    return tree.code


@contextlib.contextmanager
def _filtered(entry: tuple[Any, ...]) -> Iterator[None]:
    """Compile without some warnings.

    The filter stands for the time of a call only, and the compiler reads the list itself: the registries that remember
    which warnings were shown are not reset, as ``warnings.catch_warnings`` would.
    """
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    filters.insert(0, entry)
    try:
        yield
    finally:
        filters.remove(entry)


def _silent() -> contextlib.AbstractContextManager[None]:
    """For text that is parsed a second time: what there is to warn of, the first time has said."""
    return _filtered(("ignore", None, Warning, None, 0))


def _concrete(source: bytes, filename: str) -> cst.Module:
    """The tree of libcst, made first: where it cannot be, the plain import that follows says all warnings itself."""
    try:
        return cst.parse_module(source)
    except Exception as error:  # whatever it is: the interpreter says whether the source is at fault
        with _silent():
            ast.parse(source, filename)  # raises where the interpreter does
        raise RewriteError(_refused(error)) from error


def _edit(tree: cst.Module, source: bytes, plain: ast.Module, plan: Plan, *, whole: bool) -> tuple[Editor, str]:
    prefix = "__glimpse_"
    while prefix.encode() in source:
        prefix += "0_"
    editor = Editor(plan, prefix, b"yield" in source, whole)
    try:
        editor.module(tree, plain)
    except (cst.CSTValidationError, RecursionError) as error:
        raise RewriteError(_refused(error)) from error
    return editor, prefix


def _refused(error: Exception) -> str:
    return f"libcst cannot read this source: {type(error).__name__}: {str(error).partition(chr(10))[0]}"

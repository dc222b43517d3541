"""Heads of compound statements cut short, where the text of the tree is only parsed for its statements.

``Merger`` takes the head of a statement from the original; to write and parse it again would be a tenth of all work.
"""

from __future__ import annotations

from typing import Any, Final

import libcst as cst

__all__ = ["cut_head"]

_set: Final = object.__setattr__
_NAME: Final = cst.Name("a")
_SPACE: Final = cst.SimpleWhitespace(" ")
_NO_LINES: Final[dict[str, Any]] = {"leading_lines": ()}

_CUT: Final[dict[type, dict[str, Any]]] = {
    cst.FunctionDef: {
        **_NO_LINES,
        "lines_after_decorators": (),
        "decorators": (),
        "params": cst.Parameters(),
        "returns": None,
        "type_parameters": None,
    },
    cst.ClassDef: {
        **_NO_LINES,
        "lines_after_decorators": (),
        "decorators": (),
        "bases": (),
        "keywords": (),
        "type_parameters": None,
    },
    cst.If: {**_NO_LINES, "test": _NAME, "whitespace_before_test": _SPACE},
    cst.While: {**_NO_LINES, "test": _NAME, "whitespace_after_while": _SPACE},
    cst.For: {
        **_NO_LINES,
        "target": _NAME,
        "iter": _NAME,
        "whitespace_after_for": _SPACE,
        "whitespace_before_in": _SPACE,
        "whitespace_after_in": _SPACE,
    },
    cst.With: {
        **_NO_LINES,
        "items": (cst.WithItem(_NAME),),
        "lpar": cst.MaybeSentinel.DEFAULT,
        "rpar": cst.MaybeSentinel.DEFAULT,
        "whitespace_after_with": _SPACE,
    },
    cst.Match: {**_NO_LINES, "subject": _NAME, "whitespace_after_match": _SPACE},
    cst.MatchCase: {**_NO_LINES, "pattern": cst.MatchAs(), "guard": None, "whitespace_after_case": _SPACE},
    cst.ExceptHandler: {**_NO_LINES, "type": _NAME, "name": None, "whitespace_after_except": _SPACE},
    cst.ExceptStarHandler: {**_NO_LINES, "type": _NAME, "name": None, "whitespace_after_star": _SPACE},
}


def cut_head(node: Any) -> None:
    """Put the shortest head there is in the place of the statement's own, and of those of its handlers and cases."""
    _cut(node)
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        if type(part) is not cst.ExceptHandler or part.type is not None:
            _cut(part)


def _cut(node: Any) -> None:
    for name, value in _CUT.get(type(node), _NO_LINES).items():
        _set(node, name, value)

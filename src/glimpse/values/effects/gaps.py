"""Texts with gaps, ``%`` and ``format``: what they do to the values that are filled in."""

from __future__ import annotations

from _string import formatter_parser  # type: ignore[import-not-found] # of `string`, and not in typeshed

from ...precompiled import expression
from .places import Arguments, Known, RefusedError, Site, Use, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .judge import Judge

__all__ = ["format_text", "inside_of", "percent"]

_PERCENT = expression(r"%(?:\((\w*)\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+))?([a-zA-Z%])")
_NUMBERS = ("__int__", "__index__", "__float__")


def percent(judge: Judge, text: str, given: Values) -> None:
    """``text % given``."""
    values = given | inside_of(judge, given)
    named = "%(" in text
    if named:
        judge.do("__getitem__", given)
        values = inside_of(judge, values)
    for gap in _PERCENT.finditer(text):
        kind = gap[4]
        for op in ("__str__",) if kind == "s" else ("__repr__",) if kind in "ra" else () if kind == "%" else _NUMBERS:
            judge.do(op, values)
        if "*" in gap[0]:
            judge.do("__index__", values)


def format_text(judge: Judge, text: str, arguments: Arguments) -> None:
    """``text.format(...)``."""
    try:
        gaps = list(formatter_parser(text))
    except ValueError:
        return
    every = arguments.all()
    for _, field, spec, conversion in gaps:
        if field is None:
            continue
        if "[" in field or "{" in (spec or ""):
            raise RefusedError("fills in a text in an unusual way")
        first, *names = field.split(".")
        values = arguments.named.get(first, every)
        if first.isdigit() and int(first) < len(arguments.positional):
            values = arguments.positional[int(first)]
        for name in names:
            values = judge.attribute(values, name)
        judge.do({"r": "__repr__", "a": "__repr__", "s": "__str__"}.get(conversion or "", "__format__"), values)


def inside_of(judge: Judge, values: Values) -> Values:
    """The values themselves and, of containers, what is in them: a method may take either."""
    found = values
    for value in values:
        if type(value) in (Site, Use) or (type(value) is Known and type(value.value) is tuple):
            found |= judge.elements(frozenset({value}))
    return found

"""Regular expressions of modules that a traced program loads at its start.

To compile forty takes 5 ms, and to import ``re`` half as long as Python's start. So they are made of what the compiler
gave the last time, where a ``bundle`` has kept that; otherwise ``re`` compiles them.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found] # not in typeshed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern
    from typing import Any, Final

__all__ = ["COMPILED", "KEPT", "compiled", "expression"]

KEPT: Final[dict[str, tuple[Any, ...]]] = {}
"""By expressions, what ``_sre.compile`` takes after them; see ``compiled``."""

COMPILED: Final[list[str]] = []
"""The expressions of which nothing was kept."""


def expression(text: str) -> Pattern[str]:
    """A pattern; flags stand in its text, as in ``(?s)``."""
    kept = KEPT.get(text)
    if kept is not None:
        made: Pattern[str] = _sre.compile(text, *kept)
        return made
    import re

    COMPILED.append(text)
    return re.compile(text)


def compiled(text: str) -> tuple[Any, ...]:
    """What ``_sre.compile`` takes beside the expression itself, as ``re`` gives it that.

    :raises AttributeError: ``re`` does so in another way than it did up to Python 3.14.
    """
    import re

    compiler: Any = getattr(re, "_compiler", None) or __import__("sre_compile")
    parser: Any = getattr(re, "_parser", None) or __import__("sre_parse")
    parsed = parser.parse(text)
    names: dict[str, int] = parsed.state.groupdict
    by_number: list[str | None] = [None] * parsed.state.groups
    for name, number in names.items():
        by_number[number] = name
    code = [int(each) for each in compiler._code(parsed, 0)]
    return int(parsed.state.flags), code, parsed.state.groups - 1, names, tuple(by_number)

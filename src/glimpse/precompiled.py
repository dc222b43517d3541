"""What a traced program would compile at its start: regular expressions, and the text of functions that are generated.

To compile forty expressions takes 5 ms, and to import ``re`` half as long as Python's start. The first ``compile`` of a
process makes 120 classes of syntax trees, for another 5 ms. So all that is made of what it was compiled to the last
time, where a ``bundle`` has kept that.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found] # not in typeshed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern
    from types import CodeType
    from typing import Any, Final

__all__ = ["CODE", "COMPILED", "FILENAME", "KEPT", "compiled", "execute", "expression", "generated"]

FILENAME: Final = "<glimpse>"
"""Where generated code says that it is from."""

KEPT: Final[dict[str, tuple[Any, ...]]] = {}
"""By expressions, what ``_sre.compile`` takes after them; see ``compiled``."""

COMPILED: Final[list[str]] = []
"""The expressions of which nothing was kept."""

CODE: Final[dict[str, CodeType | None]] = {}
"""The code of texts; None where it was not kept."""


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


def execute(text: str, scope: dict[str, Any]) -> None:
    """``exec(text, scope)`` of what our modules execute when they are imported."""
    code = CODE.setdefault(text, None)
    exec(text if code is None else code, scope)


def generated(text: str) -> CodeType:
    """The code of what calls may have us execute.

    Given the text, ``exec`` would have the interpreter forget that a KeyboardInterrupt is ending it.
    """
    return CODE.get(text) or compile(text, FILENAME, "exec", dont_inherit=True)

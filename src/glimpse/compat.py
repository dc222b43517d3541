"""What differs between the supported versions of Python, named by behaviour."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = [
    "CLOSES_SILENTLY",
    "COUNTS_THREADS_AFTER_FORK",
    "FORMATS_AS_F_STRINGS",
    "HAS_EXCEPTION_TABLE",
    "HAS_MONITORING",
    "HAS_QUALIFIED_CODE",
    "HAS_RESUME",
    "KEEPS_COLUMNS",
    "KEEPS_LOCALS_DICT",
    "KNOWS_MAIN_THREAD",
    "LEAVES_CONSTANT_RETURNS_NOWHERE",
    "LEAVES_MANAGERS_AT_THEIRS",
    "MAY_END_UNSTARTED",
    "PLATFORM_IMPORTS_THREADING",
    "TELLS_LINES_AFTER_CALLS",
    "TRACES_OPCODES_AT_ONCE",
    "parse_toml",
]

HAS_EXCEPTION_TABLE: Final = sys.version_info >= (3, 11)
"""Handlers are found through a table of the code object, not through instructions that set them up."""

KNOWS_MAIN_THREAD: Final = sys.version_info >= (3, 13)
"""``threading`` asks the interpreter which thread is the main one, whichever imports it first."""

INLINES_COMPREHENSIONS: Final = sys.version_info >= (3, 12)
"""The code of a comprehension is part of the function around it (PEP 709)."""

HAS_QUALIFIED_CODE: Final = sys.version_info >= (3, 11)
"""Code objects know their qualified names."""

HAS_RESUME: Final = sys.version_info >= (3, 11)
"""A ``RESUME`` instruction stands where a function begins and after each suspension, and says which."""

HAS_MONITORING: Final = sys.version_info >= (3, 12)
"""There is ``sys.monitoring``."""

FORMATS_AS_F_STRINGS: Final = sys.version_info >= (3, 11)
"""``"%s" % (a,)`` is compiled like an f-string."""

LEAVES_CONSTANT_RETURNS_NOWHERE: Final = sys.version_info[:2] == (3, 12)
"""A return that control reaches in several ways stands at no line if it returns a constant, else at the line before."""

TELLS_LINES_AFTER_CALLS: Final = sys.version_info[:2] == (3, 12)
"""Where two ways meet after the call of a Python function, a trace function is told the line once more."""

CLOSES_SILENTLY: Final = sys.version_info >= (3, 13)
"""A generator that waits at a ``yield`` outside of any ``try`` is closed without running, so without an event."""

COUNTS_THREADS_AFTER_FORK: Final = sys.version_info >= (3, 13)
"""``os.fork`` counts the threads that it warns of when the functions that are called after forks have run."""


def _has_columns() -> bool:
    # compiled now: this module's own code may come from a file that another process wrote; by ``eval``, since the first
    # ``compile`` of a process makes the classes of syntax trees, for half of what a start takes
    places: Any = getattr(eval("lambda: 0").__code__, "co_positions", tuple)()
    return any(column is not None for _, _, column, _ in places)


KEEPS_COLUMNS: Final = _has_columns()
"""Code objects know the columns of their instructions: from 3.11 on, unless ``-X no_debug_ranges`` leaves them out."""

KEEPS_LOCALS_DICT: Final = sys.version_info < (3, 13)
"""``frame.f_locals`` is a dict that stays with the frame and keeps what was in it alive; later, it is a view."""

LEAVES_MANAGERS_AT_THEIRS: Final = sys.version_info >= (3, 13)
"""A ``with`` block is left at the line of each manager, not at its own."""

MAY_END_UNSTARTED: Final = sys.version_info < (3, 11)
"""A generator that is closed before it has run anything is announced to a trace function as if it ran."""

PLATFORM_IMPORTS_THREADING: Final = sys.version_info < (3, 11)
"""``platform`` does, and so whatever imports ``uuid``, as orjson."""

TRACES_OPCODES_AT_ONCE: Final = sys.version_info[:2] != (3, 12)
"""Setting ``frame.f_trace_opcodes`` while tracing has an effect from the next instruction on."""


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML document.

    :raises ValueError: it is not valid TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)

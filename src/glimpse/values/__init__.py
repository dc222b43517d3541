"""Texts of values that are safe to record: bounded while they are made, without secrets, with no effect on the program.

``Renderer`` is the way in. While it calls a ``__repr__`` of the program, ``rendering()`` is true on that thread (its
ident is in ``RENDERING``), and nothing that runs there is to be recorded.
"""

from __future__ import annotations

from .hostile import RENDERING, rendering
from .limits import OVERSHOOT, REDACTED, Limits
from .redaction import DEFAULT_NAMES, Redactor
from .render import Atom, Renderer

__all__ = [
    "DEFAULT_NAMES",
    "NEEDED_FOR_OBJECTS",
    "OVERSHOOT",
    "REDACTED",
    "RENDERING",
    "Atom",
    "Limits",
    "Redactor",
    "Renderer",
    "expect_objects",
    "rendering",
]


NEEDED_FOR_OBJECTS = ("dis", "opcode")
"""The modules of the standard library that ``expect_objects`` loads, and that may not have been loaded before."""


def expect_objects() -> None:
    """Load what objects of the program's own classes need: a program that records none starts sooner without.

    To be called before anything is recorded, for it would otherwise be loaded in the middle of a call.
    """
    from . import effects  # noqa: F401

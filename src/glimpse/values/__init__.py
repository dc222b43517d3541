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
    "OVERSHOOT",
    "REDACTED",
    "RENDERING",
    "Atom",
    "Limits",
    "Redactor",
    "Renderer",
    "rendering",
]

"""From events, as the probe records and the journal keeps them, to entries, as people and writers know them."""

from __future__ import annotations

from .assembler import Assembler
from .calls import Frame, OpenCall, Suspendable
from .clock import Clock, wall_base
from .depths import DepthAssembler
from .filtering import Filter, Rule, early_drop
from .interruption import is_from_handler
from .lines import as_lines
from .records import Origin
from .replay import FINISHED, Replay
from .textual import LineAssembler

__all__ = [
    "FINISHED",
    "Assembler",
    "Clock",
    "DepthAssembler",
    "Filter",
    "Frame",
    "LineAssembler",
    "OpenCall",
    "Origin",
    "Replay",
    "Rule",
    "Suspendable",
    "as_lines",
    "early_drop",
    "is_from_handler",
    "wall_base",
]

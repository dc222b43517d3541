"""From events, as the probe records and the journal keeps them, to entries, as people and writers know them."""

from __future__ import annotations

from ..light import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .assembler import Assembler
    from .calls import Frame, OpenCall, Suspendable
    from .clock import Clock, wall_base
    from .depths import DepthAssembler
    from .filtering import Filter, Rule, early_drop
    from .interruption import is_from_handler
    from .lines import as_lines
    from .records import NoRecords, Origin
    from .replay import Replay
    from .textual import LineAssembler

__all__ = [
    "Assembler",
    "Clock",
    "DepthAssembler",
    "Filter",
    "Frame",
    "LineAssembler",
    "NoRecords",
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

__getattr__ = on_demand(
    __name__,
    {
        "assembler": ("Assembler",),
        "calls": ("Frame", "OpenCall", "Suspendable"),
        "clock": ("Clock", "wall_base"),
        "depths": ("DepthAssembler",),
        "filtering": ("Filter", "Rule", "early_drop"),
        "interruption": ("is_from_handler",),
        "lines": ("as_lines",),
        "records": ("NoRecords", "Origin"),
        "replay": ("Replay",),
        "textual": ("LineAssembler",),
    },
)

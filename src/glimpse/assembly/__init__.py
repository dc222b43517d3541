"""From events, as the probe records and the journal keeps them, to entries, as people and writers know them."""

from .assembler import Assembler, Codec
from .calls import Frame, Suspendable
from .clock import Clock, wall_base
from .entries import EntryCodec, Origin, shown_args
from .lines import LineCodec

__all__ = ["Assembler", "Clock", "Codec", "EntryCodec", "Frame", "LineCodec", "Origin", "Suspendable", "shown_args", "wall_base"]

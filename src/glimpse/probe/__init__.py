"""The hot path: what injected calls run, and the way of their events to a writer."""

from __future__ import annotations

from .hooks import Slot, slot
from .probe import Probe, Values
from .recorder import Recorder
from .sinks import Sink, sink_for

__all__ = ["Probe", "Recorder", "Sink", "Slot", "Values", "sink_for", "slot"]

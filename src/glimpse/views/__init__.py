"""Pictures of traces: text for terminals, files for other tools, objects for notebooks."""

from __future__ import annotations

from glimpse.views.notebook import Trace, load

__all__ = ["Trace", "load"]

"""What leaves the process, requests and children, carries the trace of the call that sends it: option ``propagate``.

The libraries' own functions are replaced, each by one that adds the headers or variables and calls it; what is imported
later is met when it is imported. All of it is undone when the last recording that asked for it ends.
"""

from __future__ import annotations

from .imports import when_imported
from .propagating import PROPAGATION, adopt_environment

__all__ = ["PROPAGATION", "adopt_environment", "when_imported"]

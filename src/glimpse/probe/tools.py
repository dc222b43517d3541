"""Tool ids of ``sys.monitoring``, of which an interpreter has six."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["TOOL_IDS", "free_tool"]

TOOL_IDS: Final = (3, 4, 2, 5)
"""In the order of preference: first those that are nobody's by convention; never a debugger's or coverage's."""

_NAME: Final = "glimpse"


def free_tool() -> int | None:
    """A tool id that is now Glimpse's; None if all are taken. To be given back with ``free_tool_id``."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore] # the checker is told 3.10
    for tool in TOOL_IDS:
        try:
            monitoring.use_tool_id(tool, _NAME)
        except ValueError:
            continue
        return tool
    return None

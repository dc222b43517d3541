"""What the interpreter calls at its start from Python 3.15 on, by ``glimpse-auto.start`` in site-packages (PEP 829).

Older ones run ``glimpse-auto.pth``, whose line the newer ones ignore for it.
"""

from __future__ import annotations

import os

__all__ = ["start"]


def start() -> None:
    """Install what the environment asks for. If it asks for nothing, looking is all that is done."""
    if os.environ.get("GLIMPSE_AUTO"):
        from glimpse.auto import auto

        auto()

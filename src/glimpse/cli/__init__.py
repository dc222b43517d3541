"""The ``glimpse`` command."""

from __future__ import annotations

from glimpse.cli.front import main

__all__ = ["main"]

"""Activation by environment: what it says, and what it has to say for child processes to be traced too."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

__all__ = ["AUTO", "INCLUDE", "POLICY", "SITE_FOLDER", "STATS", "switched_on"]

AUTO: Final = "GLIMPSE_AUTO"
"""``1``: install at interpreter start."""

POLICY: Final = "GLIMPSE_POLICY"
"""The policy file."""

INCLUDE: Final = "GLIMPSE_INCLUDE"
"""Packages to trace, joined with commas: a policy for which no file is needed."""

STATS: Final = "GLIMPSE_RUN_STATS"
"""The folder in which every process below ``glimpse run`` leaves its statistics."""

SITE_FOLDER: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")
"""Put on ``PYTHONPATH``, it switches Glimpse on without the start-up file that installing puts into site-packages."""


def switched_on(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with what makes every Python process that gets it install Glimpse at its start."""
    others = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != SITE_FOLDER]
    return {**environment, AUTO: "1", "PYTHONPATH": os.pathsep.join([SITE_FOLDER, *others])}

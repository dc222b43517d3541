"""Puts the start-up file of ``GLIMPSE_AUTO`` into the root of site-packages, for wheels and editable installs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

START_UP_FILE = "glimpse-auto.pth"


class StartUpFile(BuildHookInterface[Any]):
    """Adds the file to both kinds of wheel: hatchling's static ``force-include`` leaves editable ones out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the file for the build that ``version`` (``standard`` or ``editable``) is about to make."""
        kind = "force_include_editable" if version == "editable" else "force_include"
        build_data[kind][str(Path(self.root, "packaging", START_UP_FILE))] = START_UP_FILE

"""Puts the start-up files of ``GLIMPSE_AUTO`` into the root of site-packages, for wheels and editable installs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

START_UP_FILES = ("glimpse-auto.pth", "glimpse-auto.start")


class StartUpFiles(BuildHookInterface[Any]):
    """Adds the files to both kinds of wheel: hatchling's static ``force-include`` leaves editable ones out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files for the build that ``version`` (``standard`` or ``editable``) is about to make."""
        kind = "force_include_editable" if version == "editable" else "force_include"
        for name in START_UP_FILES:
            build_data[kind][str(Path(self.root, "packaging", name))] = name

"""Makes small projects on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write each text, without its common indentation, to its path below the folder; gives the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def write_policy(folder: Path, *included: str, **keys: Any) -> Path:
    """Write ``glimpse-policy.json`` with these included packages and any other keys; gives its path."""
    path = folder / "glimpse-policy.json"
    path.write_text(json.dumps({"version": "1.0", "included_packages": included, **keys}), encoding="utf-8")
    return path

"""Finds the project that the running program belongs to, and its policy file."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Final

__all__ = ["POLICY_FILE", "closest", "find_policy_file", "main_script", "starting_folders"]

POLICY_FILE: Final = "glimpse-policy.json"
"""The name that policy files are discovered by."""


def find_policy_file(start: str | os.PathLike[str] | None = None) -> Path | None:
    """The closest policy file, or None.

    :param start: the file or folder to look upwards from; by default the main script's folder, then the working
        directory.
    """
    from pathlib import Path

    found = closest(POLICY_FILE, start)
    return Path(found) if found else None


def closest(
    name: str, start: str | os.PathLike[str] | None = None, *, wanted: Callable[[str], bool] = os.path.isfile
) -> str | None:
    """The path of the closest file of that name, going up, that is wanted; None if there is none."""
    for first in starting_folders(start):
        for folder in _upwards(first):
            path = os.path.join(folder, name)
            if wanted(path):
                return path
    return None


def starting_folders(start: str | os.PathLike[str] | None = None) -> list[str]:
    """The folders from which to look upwards, in order."""
    if start is not None:
        path = os.path.abspath(start)
        return [path if os.path.isdir(path) else os.path.dirname(path)]
    folders = []
    script = main_script()
    if script:
        path = os.path.realpath(script)
        folders.append(path if os.path.isdir(path) else os.path.dirname(path))
    try:
        folders.append(os.getcwd())
    except FileNotFoundError:  # a program can live on after its working directory was removed
        pass
    return list(dict.fromkeys(folders))


def main_script() -> str | None:
    """The path of the program that runs, before and while it is loaded; None under ``-c`` and in a prompt."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if file:
        return str(file)
    argument = sys.argv[0] if getattr(sys, "argv", None) else ""
    return argument if argument not in ("", "-", "-c", "-m") and os.path.exists(argument) else None


def _upwards(folder: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent

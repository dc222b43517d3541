"""What Python code lies in a folder: for a program or a project that has no policy yet."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["importable_names", "project_packages"]

_NO_CODE_OF_THE_PROJECT: Final = frozenset(
    {"build", "dist", "docs", "examples", "node_modules", "scripts", "setup", "conftest", "noxfile", "tasks", "venv"}
)
_TESTS: Final = ("test", "tests", "testing")


def importable_names(folder: str) -> list[str]:
    """The names under which modules and packages in the folder can be imported."""
    names = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, suffix = os.path.splitext(entry.name)
                if suffix == ".py" and stem.isidentifier():
                    names.add(stem)
                elif entry.name.isidentifier() and os.path.isfile(os.path.join(entry.path, "__init__.py")):
                    names.add(entry.name)
    except OSError:
        return []
    return sorted(names)


def project_packages(root: str) -> list[str]:
    """The packages and modules that make up the project in the folder: those in ``src`` if there are any, else here."""
    for folder in (os.path.join(root, "src"), root):
        found = [name for name in importable_names(folder) if not _is_aside(name)]
        if found:
            return found
    return []


def _is_aside(name: str) -> bool:
    return name in _NO_CODE_OF_THE_PROJECT or name in _TESTS or name.startswith("test_")

"""What differs between the supported versions of Python, named by behaviour."""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["HAS_EXCEPTION_TABLE", "parse_toml"]

HAS_EXCEPTION_TABLE: Final = sys.version_info >= (3, 11)
"""Handlers are found through a table of the code object, not through instructions that set them up."""


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML document.

    :raises ValueError: it is not valid TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)

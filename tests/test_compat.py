"""What differs between versions of Python behaves the same."""

from __future__ import annotations

import pytest

from glimpse.compat import parse_toml


def test_toml() -> None:
    """TOML is read on every version."""
    assert parse_toml('[tool.glimpse]\nlevel = "DEBUG"\n') == {"tool": {"glimpse": {"level": "DEBUG"}}}


def test_bad_toml() -> None:
    """What is no TOML raises a ValueError on every version."""
    with pytest.raises(ValueError, match="end of document"):
        parse_toml("[tool")

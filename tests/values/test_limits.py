"""Limits: what they accept."""

from __future__ import annotations

from typing import Any

import pytest

from glimpse.errors import ConfigError
from glimpse.values import Limits


@pytest.mark.parametrize("name", ["max_field_length", "max_items", "max_depth"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "12", True, None])
def test_bad_limit_is_refused(name: str, value: Any) -> None:
    """The error names the limit, the value and what is accepted."""
    with pytest.raises(ConfigError, match=f"{name}.*{value!r}.*whole number"):
        Limits(**{name: value})

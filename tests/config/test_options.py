"""An option is declared once; its variable and its flag follow from its name."""

from __future__ import annotations

import pytest

from glimpse.config import OPTIONS, Option


def test_names_follow_from_one_another() -> None:
    """A variable is the option's name in capitals, with one documented exception; a flag is the variable's name."""
    irregular = [option for option in OPTIONS if option.variable != f"GLIMPSE_{option.name.upper()}"]
    assert [(option.name, option.variable) for option in irregular] == [("enable_trace_id", "GLIMPSE_TRACE_ID")]
    assert {option.flag for option in OPTIONS} >= {"--dest", "--max-field-length", "--trace-id"}


def test_no_two_alike() -> None:
    """No two options share a variable, a flag or a meaning."""
    for part in ("name", "variable", "flag", "meaning"):
        assert len({getattr(option, part) for option in OPTIONS}) == len(OPTIONS)


WITH_DEFAULT = [option for option in OPTIONS if not callable(option.default) and option.default is not None]


@pytest.mark.parametrize("option", WITH_DEFAULT, ids=lambda option: option.name)
def test_defaults_are_good_values(option: Option) -> None:
    """Every default is what its own parser makes of it, so documentation and behaviour agree."""
    assert option.read(option.default, "default") == option.default
    if isinstance(option.default, str | int | float):
        assert option.read(option.default_text, "default") == option.default

"""How much of a value is shown, and the mark that says how much is missing."""

from __future__ import annotations

from ..errors import ConfigError, bad_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["OVERSHOOT", "REDACTED", "Limits", "encodable", "more", "shorten"]

REDACTED: Final = "<redacted>"
"""What is shown in the place of a secret; it is the same for every secret."""

OVERSHOOT: Final = 64
"""A cut text is at most this much longer than ``max_field_length``: the room of its marks."""


class Limits:
    """The bounds of one value's text.

    :param max_field_length: characters of the text, without the marks of what was cut (``OVERSHOOT`` at most).
    :param max_items: items that are shown of each container.
    :param max_depth: containers within containers that are shown.
    :raises ConfigError: a limit is not a whole number of 1 or more.
    """

    __slots__ = ("max_depth", "max_field_length", "max_items")

    def __init__(self, max_field_length: int = 512, max_items: int = 200, max_depth: int = 16) -> None:
        self.max_field_length, self.max_items, self.max_depth = max_field_length, max_items, max_depth
        for name in ("max_field_length", "max_items", "max_depth"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ConfigError(bad_value(name, value, "a whole number of 1 or more"))


def encodable(text: str) -> str:
    """The text; with lone surrogates, which no file can hold, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def more(missing: int) -> str:
    """The mark of a cut: ``… 9,999,980 more``."""
    return f"… {missing:,} more"


def shorten(text: str, room: int, beyond: int = 0) -> str:
    """The text, cut to ``room`` characters and marked if it is longer, or if ``beyond`` more were left out already."""
    missing = max(len(text) - max(room, 0), 0) + beyond
    return text[: max(room, 0)] + more(missing) if missing else text

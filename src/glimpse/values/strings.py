"""Bounded texts of strings, bytes and numbers."""

from __future__ import annotations

from .limits import more
from .redaction import Redactor
from .scrub import hide_cut_login, may_hide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

__all__ = ["LEAST", "MARGIN", "MOST", "beginning", "bytes_text", "int_text", "string_text"]

MOST: Final = 10**18
LEAST: Final = -MOST
"""Numbers between these have a short text."""

MARGIN: Final = 256
"""So much of a string is searched for secrets beyond what is shown: one may begin before the cut."""
_DIGITS_PER_BIT = 0.30103


def string_text(redactor: Redactor) -> Callable[[str, int], str]:
    """A function that gives the ``repr`` of an exact string in the given room, without its secrets."""
    scrub = redactor.scrub
    every = redactor.inspects_every_text

    def text_of(value: str, room: int) -> str:
        size = len(value)
        if size > room - 2:
            return beginning(redactor, value[: max(room, 0) + MARGIN], size, room)
        if every or "=" in value or ":" in value or (" " in value and may_hide(value)):
            value = scrub(value)
        text = repr(value)
        return text if len(text) <= room else quoted(value, len(value), room)

    return text_of


def beginning(redactor: Redactor, head: str, size: int, room: int) -> str:
    """The ``repr`` of what fits of a string of ``size``, without its secrets, from its first ``room + MARGIN``."""
    shown = redactor.scrub(head if len(head) == size else hide_cut_login(head))
    return quoted(shown, size + len(shown) - len(head), room)


def bytes_text(redactor: Redactor, head: bytes | bytearray, size: int, room: int) -> str:
    """The same for bytes; a text in an encoding unlike ASCII is searched for secrets byte by byte."""
    if size <= room - 2 and not redactor.inspects_every_text:
        text = repr(head)
        if len(text) <= room and not may_hide(text):
            return text
    text = head.decode("latin-1")
    shown = redactor.scrub(text if len(text) == size else hide_cut_login(text))
    return quoted(shown.encode("latin-1", "replace"), size + len(shown) - len(text), room)


def quoted(head: str | bytes, size: int, room: int) -> str:
    """The ``repr`` of as much of ``head`` as fits, marked with how many of ``size`` characters are missing."""
    keep = min(len(head), max(room - 2, 0))
    text = repr(head[:keep])
    while keep and len(text) > room:
        keep = min(keep - 1, keep * room // len(text))
        text = repr(head[:keep])
    missing = size - keep
    return f"{text[:-1]}{more(missing)}{text[-1]}" if missing else text


def int_text(value: int, room: int, _path: tuple[int, ...] = ()) -> str:
    """The digits of an exact number, or how large it is."""
    if LEAST < value < MOST:
        return repr(value)
    bits = value.bit_length()
    if bits * _DIGITS_PER_BIT < room:
        try:
            return repr(value)
        except ValueError:  # the interpreter's own limit of digits is lower
            pass
    return f"<int of {bits:,} bits>"

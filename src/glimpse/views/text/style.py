"""What text looks like where it is shown: width, colours, characters; and the escaping of everything foreign."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TextIO

__all__ = ["Style", "cells", "clean", "code", "count_of", "duration", "fit", "fit_left", "table_row"]

DEFAULT_WIDTH: Final = 80
NARROWEST: Final = 40
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_COLOURS: Final = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}
_ASCII: Final = str.maketrans(
    {
        "├": "|",
        "└": "`",
        "│": "|",
        "─": "-",
        "…": "~",
        "→": ">",
        "←": "<",
        "✗": "x",
        "·": "-",
        "›": ">",
        "↻": "@",
        "µ": "u",
        "▶": ">",
    }
)


@dataclass(slots=True, frozen=True)
class Style:
    """How to write. ``width`` is in columns, 0 for no limit; ``numbers``: calls show what ``glimpse show`` takes."""

    width: int = DEFAULT_WIDTH
    colours: bool = False
    ascii: bool = False
    numbers: bool = True

    @classmethod
    def of(cls, stream: TextIO, width: int | None = None, colour: str = "auto") -> Style:
        """What suits a stream: colours on a terminal only, unless told otherwise; line characters if it has them.

        ``NO_COLOR`` and ``FORCE_COLOR`` are as on no-color.org and force-color.org; the first one wins.
        """
        terminal = stream.isatty()
        if width is None:
            width = _columns(stream) if terminal else DEFAULT_WIDTH
        coloured = terminal and os.environ.get("TERM") != "dumb"
        wanted = not os.environ.get("NO_COLOR") and (coloured or bool(os.environ.get("FORCE_COLOR")))
        colours = colour == "always" or (colour == "auto" and wanted)
        if colours and sys.platform == "win32":
            os.system("")  # switches the console to understanding colours
        return cls(max(width, NARROWEST) if width else 0, colours, not _encodes(stream, "├…→✗·›µ"))

    def paint(self, text: str, *names: str) -> str:
        """The text in colours, where there are colours."""
        if not self.colours or not names or not text:
            return text
        codes = ";".join(_COLOURS[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def draw(self, text: str) -> str:
        """Our own signs in the characters that the stream has."""
        return text.translate(_ASCII) if self.ascii else text


def _columns(stream: TextIO) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH


def _encodes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def clean(text: str) -> str:
    """Text from a trace with everything spelt out that a terminal would obey instead of show."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_spelt, text)


def _spelt(match: re.Match[str]) -> str:
    character = match[0]
    point = ord(character)
    if point < 0x100:
        return _SHORT.get(character, f"\\x{point:02x}")
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def cells(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


@lru_cache(maxsize=4096)
def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, width: int) -> str:
    """The text, cut at its end to a number of columns."""
    if cells(text) <= width:
        return text
    return _first(text, max(width - 1, 0)) + "…" if width > 0 else ""


def fit_left(text: str, width: int) -> str:
    """The text, cut at its beginning to a number of columns."""
    if cells(text) <= width:
        return text
    return "…" + _first(text[::-1], max(width - 1, 0))[::-1] if width > 0 else ""


def _first(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    used = 0
    for position, character in enumerate(text):
        used += _cells_of(character)
        if used > width:
            return text[:position]
    return text


def duration(milliseconds: float | None) -> str:
    """A duration as people read it: ``340 µs``, ``21.8 ms``, ``2.1 s``, ``3m 12s``."""
    if milliseconds is None:
        return "?"
    for limit, factor, unit in ((0.9995, 1e3, "µs"), (999.5, 1.0, "ms"), (59_950, 1e-3, "s")):
        if milliseconds < limit:
            value = milliseconds * factor
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    seconds = round(milliseconds / 1000)
    for size, unit, smaller_size, smaller in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            return f"{seconds // size:,}{unit} {seconds % size // smaller_size:02d}{smaller}"
    return f"{seconds} s"


def count_of(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 call``, ``9,998 calls``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def code(text: str) -> str:
    """Text from a trace as code in Markdown."""
    text = clean(text).replace("|", "\\|")
    fence = "`"
    while fence in text:
        fence += "`"
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"


def table_row(values: Iterable[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(values)} |"

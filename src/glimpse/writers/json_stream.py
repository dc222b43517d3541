"""Reads a JSON array element by element, however it is laid out and however large it is."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from glimpse.errors import ReadError
from glimpse.writers.files import MAX_RECORD_BYTES
from glimpse.writers.reading import CUT_OFF, shown

__all__ = ["elements"]

_LOOK: Final = 1 << 16
_SPACE: Final = " \t\r\n"
_NOTHING: Final = ("", "\0")
_LONGEST_TOKEN: Final = 16  # of what may be cut in two: an escape, a literal, the sign of a number


def elements(file: BinaryIO, source: str, tell: Callable[[str], None] | None = None) -> Iterator[Any]:
    """Yield the objects of a JSON array, or of several one after the other. One that is cut short is left out.

    :param tell: is told what is not there.
    :raises ReadError: it is not an array of objects.
    """
    text = _Text(file, source)
    while (character := text.skip(_SPACE)) not in _NOTHING:
        if character != "[":
            raise ReadError(f"{source}: not a JSON array: {text.rest()}")
        text.take()
        while (character := text.skip(_SPACE + ",")) not in ("]", *_NOTHING):
            if character != "{":
                raise ReadError(f"{source}: not an array of entries: {text.rest()}")
            found, element = text.element()
            if not found:
                break
            yield element
        if character != "]":
            if tell is not None:
                tell(f"its {'last entry' if character == '{' else 'end'} is cut off {CUT_OFF}")
            return
        text.take()
        if text.over():  # a writer may have put more in the place of the bracket meanwhile
            return


class _Text:
    """The text of a file, of which only what is needed next is in memory."""

    def __init__(self, file: BinaryIO, source: str) -> None:
        self._file = file
        self._source = source
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False
        self._scan = json.JSONDecoder(parse_constant=lambda name: None).raw_decode

    def skip(self, characters: str) -> str:
        """Pass over characters; the one that follows, or nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in characters:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(_LOOK):
                return ""

    def take(self) -> None:
        """Pass over one character."""
        self._at += 1

    def over(self) -> bool:
        """Whether nothing follows: the file ended here when this was read."""
        return self._ended and not self._text[self._at :].strip(_SPACE + "\0")

    def rest(self) -> str:
        """Some of what follows, for a message."""
        return shown(self._text[self._at : self._at + 100].encode("utf-8", "replace"))

    def element(self) -> tuple[bool, Any]:
        """The element that begins here, and whether there is one: at the end of the file it may be cut short."""
        amount = _LOOK
        while True:
            try:
                value, self._at = self._scan(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._cut_short(error):
                    raise ReadError(f"{self._source}: {error.msg}: {self.rest()}") from None
            except ValueError as error:
                raise ReadError(f"{self._source}: {error}") from None
            except RecursionError:
                raise ReadError(f"{self._source}: nested too deeply") from None
            else:
                return True, value
            if not self._more(amount):
                return False, None
            amount *= 2

    def _cut_short(self, error: json.JSONDecodeError) -> bool:
        """Whether an element may be whole once more text is read."""
        if len(self._text) - self._at > MAX_RECORD_BYTES:
            raise ReadError(f"{self._source}: an element of more than {MAX_RECORD_BYTES} bytes")
        return error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _LONGEST_TOKEN

    def _more(self, amount: int) -> bool:
        data = self._file.read(amount)
        try:
            self._text = self._text[self._at :] + self._decode.decode(data)
        except UnicodeDecodeError as error:
            raise ReadError(f"{self._source}: not UTF-8 text: {error.reason}") from None
        self._at = 0
        self._ended = len(data) < amount
        return bool(data)

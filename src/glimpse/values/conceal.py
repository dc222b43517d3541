"""Values that are known to be secret, found again in a text that repeats them."""

from __future__ import annotations

from itertools import islice

from .limits import REDACTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["conceal"]

_SHORT = 4
_MOST_LEAVES = 100
_LONG = 1024
_LEAST_NUMBER = 1000
_MOST_NUMBER = 10**100


def conceal(text: str, secrets: Iterable[object]) -> str:
    """The text without the given texts, bytes and numbers, nor those inside given built-in containers.

    What is shorter than four characters is replaced as a whole word only; after what is longer than a thousand, the
    rest of the text is left out too.
    """
    spellings = {spelling for secret in islice(_leaves(secrets), _MOST_LEAVES) for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        if spelling not in text:
            continue
        if len(spelling) >= _LONG:
            text = text[: text.index(spelling)] + REDACTED
        elif len(spelling) >= _SHORT and not spelling.isdigit():
            text = text.replace(spelling, REDACTED)
        else:
            text = _without_word(text, spelling)
    return text


def _without_word(text: str, word: str) -> str:
    """The text with this replaced where no letter, digit or underscore stands beside it."""
    parts = []
    done = 0
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (_is_of_word(text[max(start - 1, 0) : start]) or _is_of_word(text[end : end + 1])):
            parts += [text[done:start], REDACTED]
            done = start = end
        else:
            start += 1
        start = text.find(word, start)
    return "".join([*parts, text[done:]])


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    ahead = list(islice(values, _MOST_LEAVES))
    looked = 0
    while ahead and looked < _MOST_LEAVES:
        value = ahead.pop()
        looked += 1
        kind = type(value)
        if kind is dict:
            ahead += list(islice(value.values(), _MOST_LEAVES))
        elif id(kind) in _SEQUENCES:
            ahead += list(islice(value, _MOST_LEAVES))
        else:
            yield value


_SEQUENCES = {id(list), id(tuple), id(set), id(frozenset)}


def _spellings(secret: Any) -> Iterator[str]:
    """How a text would repeat the secret. Of a long one it is the beginning: the text may be cut within it."""
    kind = type(secret)
    if kind is str or kind is bytes:
        head = secret[:_LONG]
        plain = head if kind is str else head.decode("utf-8", "replace")
        if plain.strip():
            yield plain
            yield repr(head).lstrip("b")[1:-1][:_LONG]
    elif kind is int and _LEAST_NUMBER <= secret < _MOST_NUMBER:
        yield str(secret)

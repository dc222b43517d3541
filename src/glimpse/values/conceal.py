"""Values that are known to be secret, found again in a text that repeats them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from .limits import REDACTED

__all__ = ["conceal"]

_SHORT = 4
_MOST_LEAVES = 100
_LEAST_NUMBER = 1000


def conceal(text: str, secrets: Iterable[object]) -> str:
    """The text without the given texts, bytes and numbers, nor those inside given built-in containers.

    What is shorter than four characters is replaced as a whole word only.
    """
    spellings = {spelling for secret in islice(_leaves(secrets), _MOST_LEAVES) for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        if spelling not in text:
            continue
        if len(spelling) >= _SHORT and not spelling.isdigit():
            text = text.replace(spelling, REDACTED)
        else:
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", REDACTED, text)
    return text


def _leaves(values: Iterable[object]) -> Iterator[object]:
    ahead = list(islice(values, _MOST_LEAVES))
    looked = 0
    while ahead and looked < _MOST_LEAVES:
        value = ahead.pop()
        looked += 1
        kind = type(value)
        if kind is dict:
            ahead += list(islice(value.values(), _MOST_LEAVES))  # type: ignore[attr-defined]
        elif id(kind) in _SEQUENCES:
            ahead += list(islice(value, _MOST_LEAVES))  # type: ignore[call-overload]
        else:
            yield value


_SEQUENCES = {id(list), id(tuple), id(set), id(frozenset)}


def _spellings(secret: object) -> Iterator[str]:
    kind = type(secret)
    if kind is str:
        yield from _quoted_and_plain(secret, secret)  # type: ignore[arg-type]
    elif kind is bytes:
        yield from _quoted_and_plain(secret, secret.decode("utf-8", "replace"))  # type: ignore[attr-defined]
    elif kind is int and secret >= _LEAST_NUMBER:  # type: ignore[operator]
        yield str(secret)


def _quoted_and_plain(secret: object, plain: str) -> Iterator[str]:
    if plain.strip():
        yield plain
        yield repr(secret).lstrip("b")[1:-1]

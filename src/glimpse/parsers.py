"""Turns what users give for an option, a value or its text, into what the program works with.

A parser takes any value and returns the good one, or raises a ValueError whose text says what is accepted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Parser", "choice", "file_path", "flag", "seconds", "size", "text", "texts", "whole"]

Parser = Callable[[Any], Any]

_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_TIMES = {"": 1, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


def text(value: object) -> str:
    """Text that is not blank."""
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("text that is not empty")


def texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas between them: each once, without blanks around them."""
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    raise ValueError("a list of texts, or one text with commas between them")


def file_path(value: object) -> str:
    """The absolute path of a file or folder; ``~`` is the home directory."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(path, str) and path and "\0" not in path:
        return os.path.abspath(os.path.expanduser(path))
    raise ValueError("a path")


def flag(value: object) -> bool:
    """Yes or no."""
    found = value if isinstance(value, bool) else _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise ValueError("true or false")
    return found


def choice(*names: str) -> Parser:
    """A parser that takes one of the names, in any case."""
    spelling = {name.lower(): name for name in names}

    def parse(value: object) -> str:
        found = spelling.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            raise ValueError(", ".join(names))
        return found

    return parse


def whole(minimum: int = 0) -> Parser:
    """A parser that takes a whole number from the minimum up."""
    accepted = f"a whole number from {minimum} up"

    def parse(value: object) -> int:
        found = _number(value, {"": 1}, accepted)
        if found != int(found) or found < minimum:
            raise ValueError(accepted)
        return int(found)

    return parse


def size(value: object) -> int:
    """A number of bytes."""
    return int(_number(value, _SIZES, "a number of bytes, such as 1000000, '10 MB' or '64 KiB'"))


def seconds(value: object) -> float:
    """A length of time, in seconds."""
    return float(
        _number(value, _TIMES, "a number of seconds, or a time such as '200ms', '90s', '15min', '12h' or '7d'")
    )


def _number(value: object, units: Mapping[str, float], accepted: str) -> float:
    """A finite number from 0, or its text with one of the units behind it."""
    if isinstance(value, str):
        written = value.strip()
        digits = written.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        try:
            value = float(digits) * units[written[len(digits) :].strip().lower()]
        except (KeyError, ValueError):
            raise ValueError(accepted) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(accepted)
    return value

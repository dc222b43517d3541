"""Turns what users give for an option, a value or its text, into what the program works with.

A parser takes any value and returns the good one, or raises a ValueError whose text says what is accepted.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

__all__ = [
    "Parser",
    "Redaction",
    "choice",
    "file_path",
    "flag",
    "is_expression",
    "names_among",
    "redactions",
    "seconds",
    "size",
    "text",
    "texts",
    "whole",
]

Parser: TypeAlias = "Callable[[Any], Any]"
Redaction: TypeAlias = "str | re.Pattern[str] | Callable[[str], str]"
"""What to hide: a name, an expression (as text, between slashes), or a function from a text to the one to show."""

_REDACTION = r"\s*(/(?:[^/\\]|\\.)+/|[^,]*)\s*(?:,|$)"

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


def redactions(value: object) -> tuple[Redaction, ...]:
    """A list of what to hide, or one text with commas between names and regular expressions, which stand in slashes."""
    parts = _parted(value) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(_REDACTIONS)
    rules = [rule.strip() if isinstance(rule, str) else rule for rule in parts]
    for rule in rules:
        if isinstance(rule, str):
            _check_expression(rule)
        elif not callable(rule) and not _is_compiled(rule):
            raise ValueError(_REDACTIONS)
    return tuple(dict.fromkeys(rule for rule in rules if rule))


def _parted(text: str) -> list[str]:
    if "/" not in text:
        return text.split(",")
    import re

    found: list[str] = re.findall(_REDACTION, text)
    return found


def _is_compiled(rule: object) -> bool:
    import re

    return isinstance(rule, re.Pattern)


_REDACTIONS = "a list of names, regular expressions (compiled, or as text between slashes) and functions"


def is_expression(rule: Redaction) -> bool:
    """Whether a text is that of a regular expression: between slashes."""
    return isinstance(rule, str) and len(rule) > 2 and rule[0] == rule[-1] == "/"


def _check_expression(rule: str) -> None:
    if is_expression(rule):
        import re

        try:
            re.compile(rule[1:-1])
        except re.error as problem:
            raise ValueError(f"a regular expression between slashes ({problem})") from None


def names_among(rules: Iterable[Redaction]) -> list[str]:
    """The names: what decides which parameters are hidden."""
    return [rule for rule in rules if isinstance(rule, str) and not is_expression(rule)]


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

"""The options of writers: each is declared once, with its type, default and meaning, and checked in one place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glimpse.errors import ConfigError, bad_value, unknown_name

__all__ = ["Option", "check_names", "choice", "count", "file_path", "flag", "seconds", "size", "take", "text"]

Parser = Callable[[Any], Any]
"""Turns a value, or its text from an environment variable, into what the writer gets; ValueError says what is taken."""

_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_TIMES = {"": 1.0, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Option:
    """A key of ``Config.params``.

    With several destinations the key may be written ``"jsonl.log_path"`` to mean one of them only.
    """

    name: str
    parse: Parser
    default: Any
    meaning: str


def take(options: Sequence[Option], params: Mapping[str, Any], dest: str) -> dict[str, Any]:
    """The value of each option, from the parameters or by default.

    :raises ConfigError: a value is not accepted.
    """
    values = {}
    for option in options:
        for key in (f"{dest}.{option.name}", option.name):
            if params.get(key) is not None:
                values[option.name] = _parsed(option, key, params[key])
                break
        else:
            values[option.name] = None if option.default is None else option.parse(option.default)
    return values


def check_names(params: Mapping[str, Any], accepted: Mapping[str, Sequence[Option]]) -> None:
    """Refuse a parameter that none of the destinations, given with their options, takes.

    :raises ConfigError: it names the nearest one.
    """
    names = {option.name for options in accepted.values() for option in options}
    prefixed = {f"{dest}.{option.name}" for dest, options in accepted.items() for option in options}
    for key in params:
        if key not in names and key not in prefixed:
            raise ConfigError(unknown_name(f"parameter of dest {','.join(accepted)}", key, sorted(names)))


def _parsed(option: Option, key: str, value: object) -> object:
    try:
        return option.parse(value)
    except ValueError as error:
        raise ConfigError(bad_value(key, value, str(error))) from None


def text(value: object) -> str:
    """Any text that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise ValueError("text")


def file_path(value: object) -> str:
    """A path of a file; ``~`` is the home directory. It is made absolute, so a later ``chdir`` does not matter."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("a path")
    return os.path.abspath(os.path.expanduser(value))


def count(value: object) -> int:
    """A whole number from 0."""
    number = _number(value, {"": 1}, "a whole number from 0")
    if number != int(number):
        raise ValueError("a whole number from 0")
    return int(number)


def size(value: object) -> int:
    """A number of bytes."""
    return int(_number(value, _SIZES, "a number of bytes, such as 1000000, '10 MB' or '64 KiB'"))


def seconds(value: object) -> float:
    """A length of time in seconds."""
    return float(_number(value, _TIMES, "a number of seconds, or a time such as '90s', '15min', '12h' or '7d'"))


def flag(value: object) -> bool:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    found = _FLAGS.get(str(value).lower())
    if found is None:
        raise ValueError("true or false")
    return found


def choice(*names: str) -> Parser:
    """A parser that takes one of the names, in any case."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value.lower() in names:
            return value.lower()
        raise ValueError(", ".join(names))

    return parse


def _number(value: object, units: Mapping[str, float], accepted: str) -> float:
    if isinstance(value, str):
        digits = value.strip().rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        unit = value.strip()[len(digits) :].strip().lower()
        try:
            value = float(digits) * units[unit]
        except (KeyError, ValueError):
            raise ValueError(accepted) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(accepted)
    return value

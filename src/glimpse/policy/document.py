"""JSON as people write it in policy files: with comments, and with the line of every key for error messages."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from glimpse.errors import PolicyError, PolicyNotFound

__all__ = ["KeyPath", "load", "parse"]

KeyPath = tuple[str | int, ...]
_Built = TypeVar("_Built")

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])")
_TOKEN = re.compile(rf"{_STRING}|[{{}}\[\]:,]|[^\s{{}}\[\]:,\"]+")


def load(path: str | os.PathLike[str], build: Callable[[Any, str], _Built]) -> _Built:
    """What ``build(data, folder)`` makes of a file's content; its errors get the file and the line.

    :raises PolicyNotFound: there is no such file.
    :raises PolicyError: it cannot be read, or is not valid.
    """
    file = os.path.abspath(path)
    try:
        with open(file, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        raise PolicyNotFound(f"no policy file {file}", file=file) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PolicyError(f"the policy cannot be read: {reason}", file=file) from error
    lines: Mapping[KeyPath, int] = {}
    try:
        data, lines = parse(text)
        return build(data, os.path.dirname(file))
    except PolicyError as error:
        error.file = file
        error.line = error.line or next((lines[key] for key in _upwards(error.key) if key in lines), 1)
        raise


def parse(text: str) -> tuple[Any, Mapping[KeyPath, int]]:
    """The data of a JSON document with comments, and the line (from 1) of each key and list item in it.

    :raises PolicyError: the text is not valid, or has a key twice; with the line.
    """
    plain = _TRAILING_COMMA.sub(_blank_unless_string, _COMMENT.sub(_blank_unless_string, text))
    try:
        data = json.loads(plain, parse_constant=functools.partial(_refuse_constant, plain))
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg} (column {error.colno})"
        raise PolicyError(message, line=error.lineno) from None
    except RecursionError:
        raise PolicyError("not a policy: it is nested too deeply", line=1) from None
    return data, _lines(plain)


def _blank_unless_string(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)


def _refuse_constant(text: str, name: str) -> None:
    line = next(line for token, line in _tokens(text) if token == name)
    raise PolicyError(f"not valid JSON: {name} is not a number that JSON knows", line=line)


def _lines(text: str) -> Mapping[KeyPath, int]:
    """The line of each key and list item of a valid document."""
    lines: dict[KeyPath, int] = {}
    containers: list[str] = []
    path: list[str | int] = []  # one part for each container: the key or index that is being read
    for token, line in _tokens(text):
        if token in "}]":
            containers.pop()
            path.pop()
        elif token == ",":
            index = path[-1]
            path[-1] = index + 1 if isinstance(index, int) else ""
            containers[-1] = "[" if isinstance(index, int) else "{"
        elif token == ":":
            containers[-1] = ":"  # the key has been read, its value follows
        else:
            if containers and containers[-1] in "{[":
                if containers[-1] == "{":
                    path[-1] = json.loads(token)
                if tuple(path) in lines:
                    raise PolicyError(f"key {path[-1]!r} is there twice", line=line, key=tuple(path))
                lines[tuple(path)] = line
            if token in "{[":
                containers.append(token)
                path.append("" if token == "{" else 0)
    return lines


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, last = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        yield match[0], line


def _upwards(key: KeyPath) -> Iterator[KeyPath]:
    for length in range(len(key), 0, -1):
        yield key[:length]

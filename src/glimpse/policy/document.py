"""JSON as people write it in policy files: with comments, and with the line of every key for error messages."""

from __future__ import annotations

import os

from glimpse.errors import PolicyError, PolicyNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeVar

    _Built = TypeVar("_Built")

__all__ = ["KeyPath", "load", "parse"]

KeyPath = tuple[str | int, ...]

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_TOKEN = rf"{_STRING}|[{{}}\[\]:,]|[^\s{{}}\[\]:,\"]+"
_UNUSUAL: Any = object()


def load(path: str | os.PathLike[str], build: Callable[[Any, str], _Built]) -> _Built:
    """What ``build(data, folder)`` makes of a file's content; its errors get the file and the line.

    :raises PolicyNotFound: there is no such file.
    :raises PolicyError: it cannot be read, or is not valid.
    """
    file = os.path.abspath(path)
    try:
        with open(file, "rb") as stream:
            text = _decoded(stream.read())
    except (FileNotFoundError, NotADirectoryError):
        raise PolicyNotFound(f"no policy file {file}", file=file) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PolicyError(f"the policy cannot be read: {reason}", file=file) from error
    lines: Mapping[KeyPath, int] = {}
    try:
        data = _usual(text)
        if data is _UNUSUAL:
            data, lines = parse(text)
        return build(data, os.path.dirname(file))
    except PolicyError as error:
        error.file = file
        if error.line is None:
            lines = lines or parse(text)[1]
        error.line = error.line or next((lines[key] for key in _upwards(error.key) if key in lines), 1)
        raise


def parse(text: str) -> tuple[Any, Mapping[KeyPath, int]]:
    """The data of a JSON document with comments, and the line (from 1) of each key and list item in it.

    :raises PolicyError: the text is not valid, or has a key twice; with the line.
    """
    import json

    plain = _plain(text)
    try:
        data = json.loads(plain, parse_constant=lambda name: _refuse_constant(plain, name))
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg} (column {error.colno})"
        raise PolicyError(message, line=error.lineno) from None
    except RecursionError:
        raise PolicyError("not a policy: it is nested too deeply", line=1) from None
    return data, _lines(plain)


def _decoded(content: bytes) -> str:
    """The text, without the mark that some editors begin a file with, and with line feeds only."""
    text = content.decode("utf-8").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Usual:
    """What the scanner of ``json`` is to do with numbers and objects. It asks for no more, and loads nothing."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> None:
        raise ValueError(name)

    @staticmethod
    def object_pairs_hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key is there twice")
        return found


def _usual(text: str) -> Any:
    """The data of a valid document; ``_UNUSUAL`` where ``parse`` has to say what is wrong with it.

    ``json`` and ``re`` take a third as long to import as Python takes to start, and each traced program reads a policy.
    """
    try:
        from _json import make_scanner

        plain = _plain(text).strip(" \t\n\r")
        data, end = make_scanner(_Usual)(plain, 0)  # type: ignore[arg-type]
    except Exception:
        return _UNUSUAL
    return data if end == len(plain) else _UNUSUAL


def _plain(text: str) -> str:
    """The text with blanks in the place of comments, and of commas before a closing bracket."""
    parts: list[str] = []
    comma = at = 0
    while at < len(text):
        char = text[at]
        end = _end_of_comment(text, at) if char == "/" else at
        if end > at:
            parts.append("".join("\n" if each == "\n" else " " for each in text[at:end]))
            at = end
            continue
        if char in "]}" and parts[comma:] and parts[comma] == ",":
            parts[comma] = " "
        end = _end_of_string(text, at) if char == '"' else at + 1
        if not char.isspace():
            comma = len(parts)
        parts.append(text[at:end])
        at = end
    return "".join(parts)


def _end_of_comment(text: str, at: int) -> int:
    """Where the comment ends that begins here; here, if there is none."""
    if text.startswith("//", at):
        return (text.find("\n", at) + 1 or len(text) + 1) - 1
    if text.startswith("/*", at):
        end = text.find("*/", at + 2)
        return end + 2 if end >= 0 else at
    return at


def _end_of_string(text: str, at: int) -> int:
    """Where the string ends that begins here; after the quote, if it ends nowhere on the line."""
    end = at + 1
    while end < len(text) and text[end] != "\n":
        if text[end] == '"':
            return end + 1
        end += 2 if text[end] == "\\" else 1
    return at + 1


def _refuse_constant(text: str, name: str) -> None:
    line = next(line for token, line in _tokens(text) if token == name)
    raise PolicyError(f"not valid JSON: {name} is not a number that JSON knows", line=line)


def _lines(text: str) -> Mapping[KeyPath, int]:
    """The line of each key and list item of a valid document."""
    import json

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
    import re

    line, last = 1, 0
    for match in re.finditer(_TOKEN, text):
        line += text.count("\n", last, match.start())
        last = match.start()
        yield match[0], line


def _upwards(key: KeyPath) -> Iterator[KeyPath]:
    for length in range(len(key), 0, -1):
        yield key[:length]

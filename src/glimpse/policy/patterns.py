"""Dotted names against patterns: exact names by set, shell wildcards by an index of their literal ends."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from functools import cache
    from typing import Any
else:
    from glimpse.light import cache

__all__ = ["PatternSet", "has_wildcard", "literal_head", "problem_of"]

_MOST_REMEMBERED = 32_768
_UNKNOWN: Any = object()
_SPECIAL = "*?["
_NEVER_IN_A_NAME = frozenset("/\\,;:\"'(){}")
_CLASS = r"\[!?\]?[^\]]*\]"


class PatternSet:
    """Patterns made ready to be looked up by name.

    A pattern without wildcard is a name, found in a set. One with shell wildcards (``* ? [..]``, in which case counts
    and ``*`` crosses dots) is filed under the longer of its literal ends, so that a name meets only those that can
    match; one without such ends is tried where its longest literal part is in the name. With ``below``, a name also
    matches where one of its parents does.
    """

    def __init__(self, patterns: Iterable[str], *, below: bool) -> None:
        self._below = below
        self._exact: set[str] = set()
        self._heads: _Index = {}
        self._tails: _Index = {}
        self._elsewhere: list[tuple[str, str]] = []  # longest literal part, pattern
        self._remembered: dict[str, str | None] = {}
        self._has_wildcards = False
        for pattern in dict.fromkeys(patterns):
            self._file(pattern)

    def __bool__(self) -> bool:
        return bool(self._exact or self._heads or self._tails or self._elsewhere)

    def find(self, name: str) -> str | None:
        """The pattern that matches the name or, with ``below``, its nearest parent that any matches; None if none."""
        if not self._has_wildcards:
            exact = self._exact
            while name not in exact:
                name = name.rpartition(".")[0] if exact and self._below else ""
                if not name:
                    return None
            return name
        found: str | None = self._remembered.get(name, _UNKNOWN)
        if found is not _UNKNOWN:
            return found
        found = name if name in self._exact else self._wildcard(name)
        if found is None and self._below and (parent := name.rpartition(".")[0]):
            found = self.find(parent)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[name] = found
        return found

    def _file(self, pattern: str) -> None:
        if not has_wildcard(pattern):
            self._exact.add(pattern)
            return
        self._has_wildcards = True
        head, tail = literal_head(pattern), _literal_tail(pattern)
        if not head and not tail:
            self._elsewhere.append((max(_without_classes(pattern, "*").replace("?", "*").split("*"), key=len), pattern))
        elif len(head) >= len(tail):
            self._heads.setdefault(len(head), {}).setdefault(head, []).append(pattern)
        else:
            self._tails.setdefault(len(tail), {}).setdefault(tail, []).append(pattern)

    def _wildcard(self, name: str) -> str | None:
        for length, by_head in self._heads.items():
            for pattern in by_head.get(name[:length], ()):
                if _matcher(pattern)(name):
                    return pattern
        for length, by_tail in self._tails.items():
            for pattern in by_tail.get(name[-length:], ()):
                if _matcher(pattern)(name):
                    return pattern
        for literal, pattern in self._elsewhere:
            if literal in name and _matcher(pattern)(name):
                return pattern
        return None


_Index = dict[int, dict[str, list[str]]]  # length of the literal end -> literal end -> patterns


def has_wildcard(pattern: str) -> bool:
    """Whether the pattern can match more than one name."""
    return any(special in pattern for special in _SPECIAL)


def literal_head(pattern: str) -> str:
    """What every matching name begins with: the text before the first wildcard."""
    return pattern[: min(pattern.find(special) % (len(pattern) + 1) for special in _SPECIAL)]


def problem_of(pattern: str) -> str | None:
    """Why the pattern can match no dotted name, or None if it can."""
    if not pattern:
        return "a pattern that is not empty"
    plain = _without_classes(pattern, "x")
    if "[" in plain or "]" in plain:
        return "a pattern whose brackets are closed, such as 'config[12]'"
    if any(char in _NEVER_IN_A_NAME or char.isspace() for char in plain):
        return "a dotted name, such as 'myapp.models', or one with wildcards, such as 'myapp.*'"
    if plain.startswith(".") or plain.endswith(".") or ".." in plain:
        return "a dotted name without empty parts; '*' stands for everything"
    return None


def _without_classes(pattern: str, instead: str) -> str:
    """The pattern with this in the place of each class of characters, ``[..]``."""
    if "[" not in pattern:
        return pattern
    import re

    return re.sub(_CLASS, instead, pattern)


def _literal_tail(pattern: str) -> str:
    return pattern[max(pattern.rfind(char) for char in "*?]") + 1 :]


@cache
def _matcher(pattern: str) -> Callable[[str], object]:
    """Tells whether a name matches; one star needs no regular expression, which takes long to compile."""
    head, star, tail = pattern.partition("*")
    if star and not has_wildcard(head + tail):
        shortest = len(head) + len(tail)
        return lambda name: len(name) >= shortest and name.startswith(head) and name.endswith(tail)
    import re
    from fnmatch import translate

    return re.compile(translate(pattern)).match

"""What must never be recorded: decided by a name, or found inside a text."""

from __future__ import annotations

from ..errors import ConfigError, bad_value
from ..parsers import Redaction, is_expression
from ..precompiled import expression
from .hostile import blindly
from .limits import REDACTED
from .scrub import Scrubber

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from re import Pattern
    from typing import Any, Final

__all__ = ["DEFAULT_NAMES", "Redactor"]

DEFAULT_NAMES: Final = (
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "auth",
    "cookie",
    "session",
    "private_key",
    "credential",
    "ssn",
    "card_number",
    "passphrase",
    # The plurals that hold secrets; not "tokens" and "sessions", which mostly count or list harmless things.
    "passwords",
    "secrets",
    "api_keys",
    "cookies",
    "private_keys",
    "credentials",
)
"""The names whose values are hidden unless defaults are turned off."""

_BOUNDARY = expression(r"[\W_]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")
_WILDCARD = expression(r"\[.*?\]|[*?]")
_FRAGMENT_LENGTH = 5
_COMMON_WORDS = {"code", "id", "key", "name", "number", "user"}
_LONGEST_NAME = 200
_LONGEST_CACHED = 64
_CACHED_NAMES = 4096


class Redactor:
    """Decides what is hidden, by names and inside texts.

    :param rules: more names like ``api_key``, matched case-insensitively as whole words of a name: ``pin`` hides
        ``user_pin``, ``userPin`` and ``PIN`` but not ``spin``. With ``* ? [..]`` the whole name is matched. Also
        expressions (compiled, or as text between slashes): what they match in a string or a text of an object is
        hidden. And functions: each is called with each string and text that is to be recorded, and gives the text to
        record. If it fails, the whole text is hidden. With expressions and functions tracing is slower.
    :param defaults: hide ``DEFAULT_NAMES`` and credentials in texts.
    :raises ConfigError: a name is empty, or a pattern is not a regular expression.
    """

    def __init__(
        self,
        rules: Iterable[Redaction] = (),
        *,
        defaults: bool = True,
    ) -> None:
        rules = [*_each(rules)]
        expressions = [rule for rule in rules if isinstance(rule, type(_BOUNDARY)) or is_expression(rule)]
        self._callbacks = [rule for rule in rules if callable(rule)]
        given = [_checked_name(rule) for rule in rules if rule not in expressions and not callable(rule)]
        plain = [name for name in given if not any(mark in name for mark in "*?[")]
        wanted = [*(DEFAULT_NAMES if defaults else ()), *plain]
        self._known = frozenset(_canonical(name) for name in wanted)
        self._longest_run = max((len(_words(name)) for name in wanted), default=0) + 1
        wild = [name for name in given if name not in plain]
        self._wildcards = [_matching(name) for name in wild]
        self._patterns = [_compiled(rule) for rule in expressions]
        self._cache: dict[str, bool] = {}
        self._fragments = _fragments([*wanted, *(_WILDCARD.sub(" ", name) for name in wild)])
        self._scrubber = Scrubber(self.hides, self._fragments, credentials=defaults)
        self.inspects_every_text = bool(self._patterns or self._callbacks)
        """If not, only a text that ``may_hide`` something need be given to ``scrub``."""
        self.scrub: Callable[[str], str] = self._scrub_all if self.inspects_every_text else self._scrubber.scrub
        """The text with its secrets replaced; the very same object if there are none. Takes linear time."""

    def hides(self, name: str) -> bool:
        """Whether the value of a parameter, key or field of this name is hidden."""
        if len(name) > _LONGEST_CACHED:
            return self._decide(name[:_LONGEST_NAME])
        known = self._cache.get(name)
        if known is None:
            if len(self._cache) >= _CACHED_NAMES:
                self._cache.clear()
            known = self._cache[name] = self._decide(name)
        return known

    def _scrub_all(self, text: str) -> str:
        text = self._scrubber.scrub(text)
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        for callback in self._callbacks:
            text = _called(callback, text)
        return text

    def _decide(self, name: str) -> bool:
        if any(pattern.match(name) for pattern in self._wildcards):
            return True
        lowered = name.lower()
        for fragment in self._fragments:
            if fragment in lowered:
                return self._has_known_word(_words(name))
        return False

    def _has_known_word(self, words: list[str]) -> bool:
        for start in range(len(words)):
            run = ""
            for word in words[start : start + self._longest_run]:
                run += word
                if run in self._known:
                    return True
        return False


def _called(callback: Callable[[str], str], text: str) -> str:
    try:
        answer: Any = blindly(callback, text)
    except Exception:
        return REDACTED
    return answer if type(answer) is str else REDACTED


def _words(name: str) -> list[str]:
    return [word.lower() for word in _BOUNDARY.split(name) if word]


def _canonical(name: str) -> str:
    return "".join(_words(name))


def _fragments(names: Iterable[str]) -> tuple[str, ...]:
    """Short texts of which at least one occurs in every spelling of every name: a filter before the exact look."""
    chosen: list[str] = []
    for words in sorted(filter(None, map(_words, names)), key=lambda words: max(map(len, words))):
        if not any(fragment in word for fragment in chosen for word in words):
            chosen.append(max(words, key=lambda word: (word not in _COMMON_WORDS, len(word)))[:_FRAGMENT_LENGTH])
    return tuple(chosen)


def _each(rules: Iterable[Any]) -> Iterable[Any]:
    if isinstance(rules, str):
        raise ConfigError(bad_value("redact", rules, "a list"))
    return rules


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not _words(name.translate(_WILDCARDS_AS_LETTERS)):
        raise ConfigError(bad_value("redact", name, "names such as 'api_key', with letters or digits in them"))
    return name


_WILDCARDS_AS_LETTERS = str.maketrans("*?[", "xxx")


def _matching(name: str) -> Pattern[str]:
    import re
    from fnmatch import translate

    return re.compile(translate(name), re.IGNORECASE)


def _compiled(rule: Any) -> Pattern[str]:
    import re

    try:
        found: Pattern[str] = re.compile(rule[1:-1] if isinstance(rule, str) else rule)
        found.search("")  # of bytes, it cannot be looked for in text
    except (re.error, TypeError) as problem:
        raise ConfigError(bad_value("redact", rule, f"regular expressions ({problem})")) from None
    return found

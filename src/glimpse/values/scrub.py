"""Secrets inside texts: credentials of URLs, authorization headers, and ``key=value`` pairs with a hidden name."""

from __future__ import annotations

from ..precompiled import expression
from .limits import REDACTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from re import Match, Pattern
    from typing import Any, Final

__all__ = ["Scrubber", "hide_cut_login", "may_hide"]

_URL_LOGIN = expression(
    r"(://[^\s/?#\"'<>:@]*:)(?!\d{1,5}(?:[/?#]|$))(?:(?!://)[^\s\"'<>])*@"  # user and password, where no port stands
    r"|(://)[^\s/?#\"'<>:@]+@"  # a token alone
)
_URL_LOGIN_CUT = expression(r"(://[^\s/?#\"'<>:@]*:)[^\s/?#\"'<>@]*\Z")
_BEARER = expression(r"(\b[Bb]earer[ \t]+)[\w.~+/=-]{8,}")
_NAME_REST = expression(r"[\w-]*")
_SEPARATOR = expression(r"(?:\\{0,3}[\"'`])?(?:\[\])?[ \t]{0,4}(?:=>?(?!=)|%3[Dd]|:(?!:|//)=?)[ \t]{0,4}")
_OPTION_END = expression(r"[ \t]+(?=[^\s-])")
_KEY = expression(r"(?s)(-----BEGIN [A-Z\d ]*PRIVATE KEY-----).*?(?:-----END [A-Z\d ]*PRIVATE KEY-----|\Z)")
_QUOTE = expression(r"[bBuU]?(\\{0,3}[\"'`])")
_STRING_REST = {quote: expression(rf"(?s)(?:[^{quote}\\]+|\\.)*{quote}?") for quote in "\"'`"}
_BRACKET = expression(r"[()\[\]{}]")
_ANGLE = expression(r"[<>]")
_BARE = expression(r"[^\s,;&\"'`()\[\]{}]+")
_SCHEME = expression(r"(?i)(?:basic|bearer|digest|token|apikey|negotiate)[ \t]+(?=\S)")
_LINE_REST = expression(r"[^\r\n\"']*")
_HEADER = expression(r"(?i)auth|cookie")
_NAME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789_-"
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_NAME_WINDOW = 100


def may_hide(text: str) -> bool:
    """Whether there can be a secret in a text: what is quick to tell. Where it is asked often it is written out."""
    return "=" in text or ":" in text or (" " in text and ("earer " in text or ("-" in text and "--" in text)))


class Scrubber:
    """Replaces the values of hidden names in texts.

    :param hides: whether a name is hidden.
    :param fragments: short lower-case texts, at least one of which is in every hidden name.
    :param credentials: replace also the credentials of URLs and bearer tokens.
    """

    def __init__(self, hides: Callable[[str], bool], fragments: tuple[str, ...], *, credentials: bool) -> None:
        self._hides = hides
        self._credentials = credentials
        self._find: Any = expression("|".join(fragments) or "(?!)").search

    def scrub(self, text: str) -> str:
        """The text without secrets; the very same object if there are none."""
        if not may_hide(text):
            return text
        if self._credentials and ("://" in text or "earer " in text):
            text = _URL_LOGIN.sub(_hide_login, text) if "@" in text else text
            text = _BEARER.sub(_hide_rest, text)
        if self._credentials and "PRIVATE KEY--" in text:
            text = _KEY.sub(_hide_rest, text)
        lowered = text.lower()
        if len(lowered) != len(text):  # places in the one are to be places in the other
            lowered = text.translate(_ASCII_LOWER)
        found = self._find(lowered)
        spans = self._values_after(found, text, lowered) if found else ()
        return _without(text, spans) if spans else text

    def _values_after(self, found: Match[str] | None, text: str, lowered: str) -> list[tuple[int, int]]:
        spans = []
        end = 0
        while found is not None:
            place = found.start()
            window = lowered[max(end, place - _NAME_WINDOW) : place]
            start = place - len(window) + len(window.rstrip(_NAME_CHARACTERS))
            end = _NAME_REST.match(lowered, place).end()  # type: ignore[union-attr]
            if lowered[start - 1 : start] == "%":  # what stands before the name is written as a number
                start += 2
            separator = _SEPARATOR.match(text, end)
            if separator is None and lowered.startswith("--", start):
                separator = _OPTION_END.match(text, end)
            if separator is not None and self._hides(text[start:end]):
                value = separator.end()
                end = _value_end(text, value, header=":" in separator[0] and bool(_HEADER.search(text, start, end)))
                if end > value:
                    spans.append((value, end))
            found = self._find(lowered, end)
        return spans


def _hide_rest(match: Match[str]) -> str:
    return f"{match[1]}{REDACTED}"  # no template: for that, Python imports `re`


def _hide_login(match: Match[str]) -> str:
    return f"{match[1] or match[2]}{REDACTED}@"


def hide_cut_login(text: str) -> str:
    """The beginning of a longer text, without the password of a URL whose ``@`` lies beyond the cut."""
    return _URL_LOGIN_CUT.sub(rf"\1{REDACTED}", text) if "://" in text else text


def _value_end(text: str, start: int, *, header: bool) -> int:
    """Where the value that begins at ``start`` ends: a quoted text, a bracketed group, or a bare word."""
    if header and not _QUOTE.match(text, start) and text[start : start + 1] not in tuple("([{"):
        return _LINE_REST.match(text, start).end()  # type: ignore[union-attr]
    scheme = _SCHEME.match(text, start)
    end = scheme.end() if scheme else start
    while end < len(text):
        quote = _QUOTE.match(text, end)
        if quote:
            end = _string_end(text, quote)
        elif text[end] in "([{":
            end = _group_end(text, end, _BRACKET)
        elif text[end] == "<" and end == start:
            end = _group_end(text, end, _ANGLE)
        elif bare := _BARE.match(text, end):
            end = bare.end()
        else:
            break
    return end


def _string_end(text: str, opening: Match[str]) -> int:
    quote = opening[1]
    if len(quote) == 1:
        return _STRING_REST[quote].match(text, opening.end()).end()  # type: ignore[union-attr]
    closing = text.find(quote, opening.end())
    return len(text) if closing < 0 else closing + len(quote)


def _group_end(text: str, start: int, brackets: Pattern[str]) -> int:
    depth = 0
    for bracket in brackets.finditer(text, start):
        depth += 1 if bracket[0] in "([{<" else -1
        if depth == 0:
            return bracket.end()
    return len(text)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts = []
    shown = 0
    for start, end in sorted(spans):
        if start >= shown:
            parts += [text[shown:start], REDACTED]
        shown = max(shown, end)
    parts.append(text[shown:])
    return "".join(parts)

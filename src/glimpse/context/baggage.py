"""The header ``baggage``: names and values that travel with a request, as W3C Baggage has them.

https://www.w3.org/TR/baggage/
"""

from __future__ import annotations

from ..precompiled import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Final

__all__ = ["format_baggage", "parse_baggage"]

_MOST_MEMBERS: Final = 180
_MOST_BYTES: Final = 8192
_BLANKS: Final = " \t"
_TOKEN: Final = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_VALUE: Final = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_PAIR: Final = expression(f"({_TOKEN})[ \t]*=[ \t]*({_VALUE})")
_PROPERTY: Final = expression(f"{_TOKEN}([ \t]*=[ \t]*{_VALUE})?")
_UNQUOTED: Final = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_WHOLE_TOKEN: Final = expression(_TOKEN)


def parse_baggage(values: Iterable[str]) -> dict[str, tuple[str, str]]:
    """By name, the value and the properties (``;a=b``, as they came) of each member of one or several headers.

    What is not a member is left out, and what is beyond the limits that the specification lets receivers have: 180
    members and 8,192 bytes. Of two with one name the last counts.
    """
    found: dict[str, tuple[str, str]] = {}
    size = 0
    for member in _members(values):
        size += len(member) + 1
        name, value, properties = _parts(member)
        if name is None:
            continue
        if size > _MOST_BYTES or (len(found) >= _MOST_MEMBERS and name not in found):
            break
        found[name] = value, properties
    return found


def format_baggage(members: Mapping[str, tuple[str, str]]) -> str:
    """The header that ``parse_baggage`` reads. Members whose name is not a token of HTTP are left out."""
    from urllib.parse import quote

    return ",".join(
        f"{name}={quote(value, safe=_UNQUOTED)}{properties}"
        for name, (value, properties) in members.items()
        if _WHOLE_TOKEN.fullmatch(name)
    )


def _members(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        for part in value.split(","):
            member = part.strip(_BLANKS)
            if member:
                yield member


def _parts(member: str) -> tuple[str | None, str, str]:
    pair, *properties = (part.strip(_BLANKS) for part in member.split(";"))
    found = _PAIR.fullmatch(pair)
    if found is None or not all(_PROPERTY.fullmatch(each) for each in properties):
        return None, "", ""
    from urllib.parse import unquote

    return found[1], unquote(found[2], errors="replace"), "".join(f";{each}" for each in properties)

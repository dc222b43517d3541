"""The headers ``traceparent`` and ``tracestate``, as W3C Trace Context (levels 1 and 2) has them.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

from ..precompiled import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final, NamedTuple
else:
    from glimpse.light import NamedTuple

__all__ = ["TraceParent", "format_traceparent", "parse_traceparent", "parse_tracestate"]

_BLANKS: Final = " \t"
_TRACEPARENT: Final = expression(r"(?s)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION: Final = "ff"
_SAMPLED: Final = 1
_MOST_MEMBERS: Final = 32
_KEY: Final = r"[a-z][-_*/a-z0-9]{0,255}|[a-z0-9][-_*/a-z0-9]{0,240}@[a-z][-_*/a-z0-9]{0,13}"
_VALUE: Final = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER: Final = expression(f"({_KEY})=({_VALUE})")


class TraceParent(NamedTuple):
    """A call in another process: ids in lower-case hexadecimal, and whether it is recorded there."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(value: str) -> TraceParent | None:
    """What a ``traceparent`` says; None if it is not a valid one, and the trace begins here.

    Of a version that is not known yet only the parts are read that every version has.
    """
    found = _TRACEPARENT.fullmatch(value.strip(_BLANKS))
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _INVALID_VERSION or (version == "00" and more is not None):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def format_traceparent(trace_id: str, span_id: str, sampled: bool) -> str:
    """The header that ``parse_traceparent`` reads, of version 00."""
    return f"00-{trace_id}-{span_id}-{int(sampled):02x}"


def parse_tracestate(values: Iterable[str]) -> str:
    """The ``tracestate`` of one or several headers, as one; empty if it is not valid.

    It is what other tracers have to say to themselves, so it is handed on as it came, in its order.
    """
    members = [member for value in values for part in value.split(",") if (member := part.strip(_BLANKS))]
    keys = [found[1] for member in members if (found := _MEMBER.fullmatch(member))]
    if len(keys) < len(members) or len(set(keys)) < len(keys) or len(keys) > _MOST_MEMBERS:
        return ""
    return ",".join(members)

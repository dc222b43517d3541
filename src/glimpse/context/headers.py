"""From a request's headers to a context, and from where the program is to the headers of a request that it makes."""

from __future__ import annotations

import os

from ..errors import GlimpseError, bad_value
from . import propagators
from .scopes import LISTENERS, Scope, TraceContext, active, check_correlation_id
from .w3c import TraceParent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
    from dataclasses import replace
    from typing import Any, Final, TypeVar

    _Headers = TypeVar("_Headers", bound=MutableMapping[str, str])
else:
    from glimpse.light import replace

__all__ = [
    "CORRELATION_HEADERS",
    "context_of",
    "current_call",
    "extract",
    "header_value",
    "here",
    "inject",
    "outgoing",
    "scope_of",
]

CORRELATION_HEADERS: Final = ("X-Correlation-ID", "X-Request-ID")
"""Where a correlation id is looked for, the first that is there; ``inject`` writes the first."""

_VISIBLE: Final = "".join(chr(code) for code in range(0x21, 0x7F))


def extract(headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> Scope:
    """Let what is called within belong to the request that brought these headers: ``with glimpse.extract(headers): …``.

    Its entries carry the trace id of ``traceparent`` where ids are enabled, its outermost calls have the sender's span
    for their parent, and ``X-Correlation-ID``, else ``X-Request-ID``, is their correlation id. ``inject`` hands on
    these, and ``tracestate`` and ``baggage``, to whom the program calls in turn. What is missing or not valid in the
    headers counts as not there, as the W3C's specifications ask.

    :param headers: a mapping, an object with ``items()``, or pairs; names in any case, text or bytes; a value may be a
        list of values.
    :raises GlimpseError: it is something else.
    """
    return scope_of(context_of(headers))


def scope_of(context: TraceContext) -> Scope:
    """The scope of a request; where it brings no correlation id, that of around stays."""
    changes = {"remote": context.remote, "tracestate": context.tracestate, "baggage": context.baggage}
    if context.correlation_id is not None:
        changes["correlation_id"] = context.correlation_id
    return Scope(**changes)


def context_of(headers: Any, correlation_headers: Sequence[str] = CORRELATION_HEADERS) -> TraceContext:
    """What the headers of a request say.

    :raises GlimpseError: these are no headers.
    """
    try:
        found: dict[str, list[str]] = {}
        for name, value in headers.items() if hasattr(headers, "items") else headers:
            found.setdefault(_text(name).lower(), []).extend(_values(value))
    except (TypeError, ValueError, UnicodeError):
        raise GlimpseError(bad_value("headers", headers, "a mapping of names to values, or pairs of them")) from None
    return replace(propagators.read(found), correlation_id=_correlation_id(found, correlation_headers))


def inject(headers: _Headers | None = None) -> _Headers | dict[str, str]:
    """Put into the headers of a request that the program makes what its receiver needs to belong to the same trace.

    That is ``traceparent`` of the innermost call that is recorded with ids (else of what ``extract`` has found), and
    with it ``tracestate``, ``baggage`` and ``X-Correlation-ID``. What there is none of is left as it is.

    :param headers: a mapping to change; a new dict if not given.
    :return: the headers.
    """
    target: Any = {} if headers is None else headers
    for name, value in outgoing().items():
        for there in [key for key in target if isinstance(key, str) and key.lower() == name.lower()]:
            del target[there]
        target[name] = value
    return target  # type: ignore[no-any-return]


def outgoing() -> dict[str, str]:
    """The headers that a request made now is to carry."""
    context = active()
    found = propagators.write(replace(context, remote=here() or context.remote or propagators.current_span()))
    correlation_id = context.correlation_id or next((each.correlation_id for each in LISTENERS), None)
    if correlation_id is not None:
        found[CORRELATION_HEADERS[0]] = header_value(correlation_id)
    return found


def header_value(correlation_id: str) -> str:
    """A correlation id as a header can hold it: what is not ASCII is percent-encoded."""
    from urllib.parse import quote

    return quote(correlation_id, safe=_VISIBLE + " ")


def here() -> TraceParent | None:
    """The innermost call that is recorded with ids, by whichever recorder."""
    for listener in reversed(LISTENERS):
        found = listener.here()
        if found is not None:
            return found
    return None


def current_call() -> str | None:
    """The innermost recorded call that is running, as ``glimpse show`` takes it: ``PID:CALL_ID``; None outside of any.

    Everything recorded so far is assembled for it, which would be done anyway; nothing is written. It is not known at
    level ``ERROR``, and with the journal only where ``enable_trace_id`` is set.
    """
    for listener in reversed(LISTENERS):
        number = listener.call_here()
        if number is not None:
            return f"{os.getpid()}:{number}"
    return None


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("latin-1")
    if isinstance(value, str):
        return value
    raise TypeError


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from map(_text, value)
    elif isinstance(value, str | bytes | bytearray | memoryview):
        yield _text(value)


def _correlation_id(headers: Mapping[str, list[str]], names: Sequence[str]) -> str | None:
    for name in names:
        for value in headers.get(name.lower(), ()):
            try:
                return check_correlation_id(value.strip())
            except GlimpseError:
                continue
    return None

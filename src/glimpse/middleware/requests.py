"""What both kinds of middleware do: from a request's headers to the scope that it is handled in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from ..context import CORRELATION_HEADERS, TraceContext, context_of
from ..errors import GlimpseError, bad_value

__all__ = ["Requests"]

_TOKEN: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


class Requests:
    """The options of a middleware.

    :param app: what it stands before.
    :param correlation_headers: where the correlation id is looked for, in this order.
    :param generate: whether a request without one gets one, a random UUID.
    :param response_header: the header of the response that tells the id; None for none.
    :raises GlimpseError: an option has a bad value.
    """

    def __init__(
        self, app: Any, correlation_headers: Sequence[str], generate: bool, response_header: str | None
    ) -> None:
        if not callable(app):
            raise GlimpseError(bad_value("app", app, "a WSGI or ASGI application"))
        names = [correlation_headers] if isinstance(correlation_headers, str) else list(correlation_headers)
        given: list[tuple[str, Any]] = [("correlation_headers", each) for each in names]
        for option, name in [*given, ("response_header", response_header)]:
            if name is not None and not (isinstance(name, str) and _TOKEN.fullmatch(name)):
                raise GlimpseError(bad_value(option, name, f"a header's name, such as {CORRELATION_HEADERS[0]}"))
        if generate not in (True, False):
            raise GlimpseError(bad_value("generate", generate, "True or False"))
        self._names, self._generate = names, generate
        self.response_header = response_header

    def context(self, headers: Iterable[tuple[Any, Any]]) -> TraceContext:
        """What a request brings along."""
        found = context_of(headers, self._names)
        if found.correlation_id is None and self._generate:
            return replace(found, correlation_id=str(uuid.uuid4()))
        return found

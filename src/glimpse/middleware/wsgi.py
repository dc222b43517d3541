"""Middleware for WSGI (PEP 3333)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from ..context import CORRELATION_HEADERS, TraceContext, header_value, scope_of
from .requests import Requests

__all__ = ["wsgi"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_PREFIX: Final = "HTTP_"


def wsgi(
    app: Application,
    *,
    correlation_headers: Sequence[str] = CORRELATION_HEADERS,
    generate: bool = True,
    response_header: str | None = None,
) -> Application:
    """A WSGI application whose calls belong to the trace of the request: ``application = glimpse.wsgi(application)``.

    A body that is made bit by bit is made in the request's scope too, until it is closed.

    :param correlation_headers: where the correlation id is looked for, in this order.
    :param generate: whether a request without one gets one, a random UUID.
    :param response_header: the header of the response that tells the id, unless the application has set it.
    :raises GlimpseError: an option has a bad value.
    """
    requests = Requests(app, correlation_headers, generate, response_header)

    def handle(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = [
            (name[len(_PREFIX) :].replace("_", "-"), value)
            for name, value in environ.items()
            if name.startswith(_PREFIX)
        ]
        context = requests.context(headers)
        if requests.response_header is not None and context.correlation_id is not None:
            start_response = _telling(start_response, requests.response_header, context.correlation_id)
        with scope_of(context):
            body = app(environ, start_response)
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, list | tuple) or (isinstance(wrapper, type) and isinstance(body, wrapper)):
            return body  # made already, or the server's own, which it sends in a way of its own
        return _Body(body, context)

    return handle


def _telling(start_response: Callable[..., Any], name: str, value: str) -> Callable[..., Any]:
    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        if not any(each.lower() == name.lower() for each, _ in headers):
            headers = [*headers, (name, header_value(value))]
        return start_response(status, headers, *more)

    return start


class _Body:
    """The body of a response, each part of which is made in the scope of the request."""

    def __init__(self, body: Iterable[bytes], context: TraceContext) -> None:
        self._body, self._context = body, context
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with scope_of(self._context):
            if self._parts is None:
                self._parts = iter(self._body)
            return next(self._parts)

    def close(self) -> None:
        """What the server calls when it has sent the body, or will not."""
        close = getattr(self._body, "close", None)
        if close is not None:
            with scope_of(self._context):
                close()

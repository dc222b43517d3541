"""Middleware for ASGI (version 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

from ..context import CORRELATION_HEADERS, header_value, scope_of
from .requests import Requests

__all__ = ["asgi"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_REQUESTS: Final = ("http", "websocket")
_ANSWERS: Final = ("http.response.start", "websocket.accept", "websocket.http.response.start")


def asgi(
    app: Application,
    *,
    correlation_headers: Sequence[str] = CORRELATION_HEADERS,
    generate: bool = True,
    response_header: str | None = None,
) -> Application:
    """An ASGI application whose calls belong to the trace of the request: ``app = glimpse.asgi(app)``.

    Requests of HTTP and websocket connections are taken so; ``lifespan`` and what else there is pass by untouched.

    :param correlation_headers: where the correlation id is looked for, in this order.
    :param generate: whether a request without one gets one, a random UUID.
    :param response_header: the header of the response that tells the id, unless the application has set it.
    :raises GlimpseError: an option has a bad value.
    """
    requests = Requests(app, correlation_headers, generate, response_header)

    async def handle(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] not in _REQUESTS:
            await app(scope, receive, send)
            return
        context = requests.context(scope.get("headers") or ())
        if requests.response_header is not None and context.correlation_id is not None:
            send = _telling(send, requests.response_header, context.correlation_id)
        with scope_of(context):
            await app(scope, receive, send)

    return handle


def _telling(send: Send, name: str, value: str) -> Send:
    header = (name.lower().encode("ascii"), header_value(value).encode("ascii"))

    async def tell(message: Message) -> None:
        if message["type"] in _ANSWERS:
            headers = list(message.get("headers") or ())
            if not any(bytes(each).lower() == header[0] for each, _ in headers):
                message = {**message, "headers": [*headers, header]}
        await send(message)

    return tell

"""What is called for a request belongs to its trace: HTTP and websocket; lifespan passes by."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import glimpse
from glimpse.context import TraceContext, active
from tests.context.test_scopes import REQUEST, SPAN, TRACE, Recorded

HEADERS = [(name.lower().encode(), value.encode()) for name, value in REQUEST.items()]


async def nothing() -> dict[str, Any]:
    """Receive no more."""
    return {"type": "http.disconnect"}


async def ask(app: Any, kind: str = "http", headers: Any = HEADERS) -> list[Any]:
    """What the application sends."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": kind, "headers": headers}, nothing, send)
    return sent


def test_requests_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    """Each streams its body in a scope of its own, also in tasks that it starts."""
    recorded = Recorded(tmp_path)

    @recorded.trace
    async def leaf(n: int) -> None:
        await asyncio.sleep(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        number = int(dict(scope["headers"])[b"x-request-id"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await asyncio.create_task(leaf(number))
        for part in range(2):
            await leaf(number + 10 * (part + 1))
            await send({"type": "http.response.body", "body": b"part", "more_body": True})

    served = glimpse.asgi(app, response_header="X-Request-ID")

    async def main() -> list[Any]:
        requests = [[HEADERS[0], (b"x-request-id", str(n).encode())] for n in range(5)]
        return await asyncio.gather(*(ask(served, headers=each) for each in requests))

    answers = asyncio.run(main())
    assert [answer[0]["headers"] for answer in answers] == [
        [(b"a", b"b"), (b"x-request-id", str(n).encode())] for n in range(5)
    ]
    calls = recorded.calls()
    assert len(calls) == 15
    for args, call in calls.items():
        number = str(int(args.removeprefix("leaf(n=")[:-1]) % 10)
        assert (call.trace_id, call.parent_span_id, call.correlation_id) == (TRACE, SPAN, number)


def test_what_kinds_of_connections_are_requests() -> None:
    """Websockets are, lifespan is not; an exception passes and leaves the scope."""
    seen: list[TraceContext] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(active())
        await send({"type": "websocket.accept"})
        raise ValueError("passes")

    served = glimpse.asgi(app, response_header="X-Id")
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    for kind in ("http", "websocket", "lifespan"):
        with pytest.raises(ValueError, match="passes"):
            asyncio.run(served({"type": kind, "headers": HEADERS}, nothing, send))
    assert [context.correlation_id for context in seen] == ["rq", "rq", None]
    assert sent[1] == {"type": "websocket.accept", "headers": [(b"x-id", b"rq")]}
    assert sent[2] == {"type": "websocket.accept"}
    assert active() == TraceContext()

"""Requests that a traced call makes carry its trace, by real clients over real sockets, while that is asked for."""

from __future__ import annotations

import asyncio
import http.client
import inspect
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import glimpse
from tests.context.test_scopes import Recorded

CORRELATION = "X-Correlation-ID"


class Echo:
    """A server that remembers the headers of its requests."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                seen.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def echo() -> Iterator[Echo]:
    """The server, running."""
    made = Echo()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def by_urllib(url: str, headers: dict[str, str]) -> None:
    """The standard library's."""
    urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10).close()


def by_requests(url: str, headers: dict[str, str]) -> None:
    """Which uses http.client."""
    pytest.importorskip("requests").get(url, headers=headers, timeout=10)


def by_httpx(url: str, headers: dict[str, str]) -> None:
    """Which does not."""
    pytest.importorskip("httpx").get(url, headers=headers, timeout=10)


def by_async_httpx(url: str, headers: dict[str, str]) -> None:
    """In a task."""
    httpx = pytest.importorskip("httpx")

    async def get() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(url, headers=headers, timeout=10)

    asyncio.run(get())


def by_aiohttp(url: str, headers: dict[str, str]) -> None:
    """In a task, too."""
    aiohttp = pytest.importorskip("aiohttp")

    async def get() -> None:
        async with aiohttp.ClientSession() as client, client.get(url, headers=headers):
            pass

    asyncio.run(get())


CLIENTS = [by_urllib, by_requests, by_httpx, by_async_httpx, by_aiohttp]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_request_carries_the_call_that_makes_it(client: Any, echo: Echo, tmp_path: Path) -> None:
    """Its span and correlation id; what the program sets itself stays; afterwards nothing is added any more."""
    client(echo.url, {})
    recorded = Recorded(tmp_path, propagate=True)

    @recorded.trace
    def ask(headers: dict[str, str]) -> None:
        client(echo.url, headers)

    with glimpse.correlation("c-1"):
        ask({})
        ask({"TraceParent": "mine", "x-correlation-id": "mine"})
    calls = recorded.calls()
    client(echo.url, {})
    before, sent, own, after = echo.seen
    call = calls["ask(headers={})"]
    assert sent["traceparent"] == f"00-{call.trace_id}-{call.span_id}-01"
    assert sent["x-correlation-id"] == "c-1"
    assert (own["traceparent"], own["x-correlation-id"]) == ("mine", "mine")
    for plain in (before, after):
        assert not {"traceparent", "x-correlation-id"} & plain.keys()


def test_nothing_is_to_be_seen_of_it(tmp_path: Path) -> None:
    """Functions keep their names and signatures while they are replaced, and are themselves again afterwards."""
    places = [(http.client.HTTPConnection, "endheaders"), (subprocess.Popen, "__init__")]
    before = [owner.__dict__[name] for owner, name in places]
    recorded, second = Recorded(tmp_path, propagate=True), Recorded(tmp_path, "journal", propagate=True)
    recorded.trace(lambda: None)  # opens the destination
    second.trace(lambda: None)
    during = [owner.__dict__[name] for owner, name in places]
    assert [each.__qualname__ for each in during] == [each.__qualname__ for each in before]
    assert all(inspect.isfunction(each) for each in during)
    assert [first is second for first, second in zip(before, during, strict=True)] == [False, False]
    recorded.tracer.close()
    assert [owner.__dict__[name] for owner, name in places] == during
    second.tracer.close()
    assert [owner.__dict__[name] for owner, name in places] == before


@pytest.mark.once
def test_clients_that_are_imported_later(echo: Echo, tmp_path: Path) -> None:
    """Are met when they are imported."""
    from tests.support.process import run_python

    code = """
        import sys
        import glimpse
        assert not {"http.client", "httpx", "subprocess"} & sys.modules.keys(), "too early to tell"
        tracer = glimpse.Tracer(policy=glimpse.TracingPolicy())
        @tracer.trace_function
        def ask():
            import http.client
            print(type(http.client.__loader__).__name__, len(sys.meta_path))
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        ask()
        tracer.close()
    """
    run = run_python(
        cwd=tmp_path,
        code=code.replace("PORT", str(echo.server.server_port)),
        env={"GLIMPSE_PROPAGATE": "1", "GLIMPSE_TRACE_ID": "1"},
    )
    assert run.stdout.startswith("SourceFileLoader ")
    (start, _) = run.entries
    assert [each["traceparent"] for each in echo.seen] == [f"00-{start['trace_id']}-{start['span_id']}-01"]

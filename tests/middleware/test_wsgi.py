"""What is called for a request belongs to its trace, behind real WSGI servers, streaming bodies included."""

from __future__ import annotations

import io
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest

import glimpse
from glimpse.context import TraceContext, active
from glimpse.errors import GlimpseError
from tests.context.test_scopes import REQUEST, SPAN, TRACE, Recorded


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def ask(app: Any, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The answer of a server that runs the application, and its headers."""
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}/", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = answer.read(), dict(answer.headers)
        thread.join()
    return found


def test_a_request_and_its_streamed_body(tmp_path: Path) -> None:
    """Each part of the body is made in the request's scope, on the server's thread, and so is its close."""
    recorded = Recorded(tmp_path)

    @recorded.trace
    def leaf(n: int) -> None: ...

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            for n in (1, 2):
                leaf(n)
                yield b"part"

        def close(self) -> None:
            leaf(3)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        leaf(0)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Body()

    body, headers = ask(validator(glimpse.wsgi(validator(app), response_header="X-Request-ID")), REQUEST)
    leaf(4)
    assert body == b"partpart"
    assert headers["X-Request-ID"] == "rq"
    calls = recorded.calls()
    for n in range(4):
        call = calls[f"leaf(n={n})"]
        assert (call.trace_id, call.parent_span_id, call.correlation_id) == (TRACE, SPAN, "rq")
    assert calls["leaf(n=4)"].correlation_id is None


def run(app: Any, **environ: Any) -> tuple[Any, list[Any]]:
    """What an application returns for such an environment, and what it gave to ``start_response``."""
    started: list[Any] = []
    return app(environ, lambda *given: started.append(given)), started


def test_ids_are_generated_told_and_looked_for_as_asked() -> None:
    """By default a request without an id gets a UUID, and no header of the response is touched."""
    seen: list[TraceContext] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(active())
        start_response("200 OK", [("x-id", "mine")] if environ.get("own") else [], *environ.get("more", ()))
        return [b""]

    body, started = run(glimpse.wsgi(app), HTTP_X_TRACKING="t")
    assert (body, started) == ([b""], [("200 OK", [])])
    assert len(str(seen[-1].correlation_id)) == 36
    run(glimpse.wsgi(app, generate=False))
    assert seen[-1] == TraceContext()
    told = glimpse.wsgi(app, correlation_headers=["X-Tracking"], response_header="X-Id")
    assert run(told, HTTP_X_TRACKING="t", more=["info"])[1] == [("200 OK", [("X-Id", "t")], "info")]
    assert run(told, HTTP_X_TRACKING="t", own=True)[1] == [("200 OK", [("x-id", "mine")])]
    assert active() == TraceContext()


def test_an_exception_leaves_the_scope() -> None:
    """In the application, and while the body is made."""

    def fails(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise ValueError("at once")

    def fails_later(environ: Any, start_response: Any) -> Iterable[bytes]:
        yield b""
        raise ValueError("later")

    with pytest.raises(ValueError, match="at once"):
        run(glimpse.wsgi(fails))
    with pytest.raises(ValueError, match="later"):
        list(run(glimpse.wsgi(fails_later))[0])
    assert active() == TraceContext()


def test_the_servers_own_file_wrapper_is_left_to_it() -> None:
    """It may send such a file without reading it."""
    file = FileWrapper(io.BytesIO(b"content"))
    wrapped = glimpse.wsgi(lambda environ, start_response: file)
    assert run(wrapped, **{"wsgi.file_wrapper": FileWrapper})[0] is file


@pytest.mark.parametrize("make", [glimpse.wsgi, glimpse.asgi])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"app": None}, "option app: bad value None; accepted: a WSGI or ASGI application"),
        ({"response_header": "a b"}, "option response_header: bad value 'a b'; accepted: a header's name"),
        ({"correlation_headers": [7]}, "option correlation_headers: bad value 7"),
        ({"generate": "yes"}, "option generate: bad value 'yes'; accepted: True or False"),
    ],
)
def test_bad_options(make: Any, options: dict[str, Any], message: str) -> None:
    """One clear error, when the middleware is made."""
    with pytest.raises(GlimpseError, match=message):
        make(**{"app": print, **options})

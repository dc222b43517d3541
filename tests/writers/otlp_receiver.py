"""A receiver of OTLP over HTTP that decodes OpenTelemetry's own protobuf, and can be busy, slow or hard to please."""

from __future__ import annotations

import gzip
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Receiver:
    """Runs while it is a context. ``answers`` are given first, each (status, headers, seconds to wait before)."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.tries = 0
        self.answers: deque[tuple[int, dict[str, str], float]] = deque()
        self.largest = 1 << 30
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self
        self.port = self._server.server_port
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def spans(self) -> list[Any]:
        """Everything received, in order."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def resources(self) -> list[dict[str, Any]]:
        """The attributes of the resources received."""
        return [values(each.resource) for request in self.requests for each in request.resource_spans]


def values(thing: Any) -> dict[str, Any]:
    """The attributes of a span, event or resource."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in thing.attributes}


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    daemon_threads = True
    block_on_close = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        receiver.tries += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, wait = receiver.answers.popleft() if receiver.answers else (200, {}, 0.0)
        time.sleep(wait)
        if len(body) > receiver.largest:
            status = 413
        if status == 200:
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            receiver.requests.append(ExportTraceServiceRequest.FromString(body))
            receiver.headers.append(dict(self.headers))
        answer = ExportTraceServiceResponse().SerializeToString()
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(answer)), "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)
        except OSError:
            pass  # the writer has not waited

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

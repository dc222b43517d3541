"""The example of a writer of one's own, against a server that speaks the bulk API over a real socket."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from glimpse.config import Config, register_dest
from glimpse.errors import ReadError, WriterError
from glimpse.writers import BaseWriter, PartialWrite, open_writer, register_writer, registry
from tests.writers import entries as made

EXAMPLE = Path(__file__).parents[2] / "fixtures" / "elasticsearch_writer.py"
MAX_CONTENT = 100_000


class Index(ThreadingHTTPServer):
    """Keeps the documents of one index; ``status_of`` decides what becomes of each request and of each document."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.documents: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.authorization: str | None = None
        self.request_status: Callable[[], int] = lambda: 200
        self.document_status: Callable[[dict[str, Any]], int] = lambda document: 201

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers requests as Elasticsearch does."""

    server: Index
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer ``_bulk`` and ``_search``."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.authorization = self.headers["Authorization"]
        self.server.requests += 1
        status = 413 if len(body) > MAX_CONTENT else self.server.request_status()
        if status == 0:
            self.close_connection = True
            return
        answer: dict[str, Any] = {}
        if status < 300:
            answer = self._bulk(body) if self.path == "/glimpse/_bulk" else self._search(json.loads(body))
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _bulk(self, body: bytes) -> dict[str, Any]:
        assert body.endswith(b"\n")
        lines = [json.loads(line) for line in body.splitlines()]
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            key = action["create"]["_id"]
            status = 409 if key in self.server.documents else self.server.document_status(document)
            if status == 201:
                self.server.documents[key] = document
            items.append({"create": {"_id": key, "status": status, "error": {"reason": f"status {status}"}}})
        return {"errors": any(item["create"]["status"] != 201 for item in items), "items": items}

    def _search(self, query: dict[str, Any]) -> dict[str, Any]:
        found = sorted(([each["timestamp"], each["entry_id"]], each) for each in self.server.documents.values())
        later = [pair for pair in found if pair[0] > query.get("search_after", [])][: query["size"]]
        return {"hits": {"hits": [{"_source": each, "sort": place} for place, each in later]}}

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def index() -> Iterator[Index]:
    """A server."""
    index = Index()
    thread = threading.Thread(target=index.serve_forever, args=(0.01,))
    thread.start()
    yield index
    index.shutdown()
    index.server_close()
    thread.join()


@pytest.fixture
def cls(monkeypatch: pytest.MonkeyPatch) -> type[BaseWriter]:
    """The class of the example, registered as its first lines say."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr("glimpse.config.destinations._registered", {})
    spec = importlib.util.spec_from_file_location("elasticsearch_writer", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type[BaseWriter] = module.ElasticsearchWriter
    register_writer("elasticsearch", found)
    register_dest("elasticsearch", [option.name for option in found.options])
    return found


@pytest.fixture
def opened(cls: type[BaseWriter], index: Index) -> Iterator[Callable[..., BaseWriter]]:
    """Opens writers by a configuration, and closes them."""
    writers: list[BaseWriter] = []

    def open_example(**params: Any) -> BaseWriter:
        writers.append(open_writer(Config(dest="elasticsearch", params={"url": index.url, **params})))
        return writers[-1]

    yield open_example
    for writer in writers:
        writer.close()


def test_round_trip(cls: type[BaseWriter], opened: Callable[..., BaseWriter], index: Index) -> None:
    """Thousands of entries are written in requests of bounded size and read back in pages."""
    opened(max_request="50 kB").write_batch(made.calls(600))
    assert index.requests > 5
    assert list(cls.read(f"{index.url}/glimpse")) == made.calls(600)


def test_sent_again(opened: Callable[..., BaseWriter], index: Index) -> None:
    """A batch of which the server refused a part, or whose answer was lost, is sent again without doubling anything."""
    writer = opened()
    index.document_status = lambda document: 429 if document["entry_id"] > 3 else 201
    with pytest.raises(WriterError, match="3 entries refused: status 429"):
        writer.write_batch(made.calls(3))
    index.document_status = lambda document: 201
    writer.write_batch(made.calls(3))
    assert sorted(each["entry_id"] for each in index.documents.values()) == list(range(1, 7))


@pytest.mark.parametrize(
    ("status", "message"), [(503, "503 Service Unavailable"), (401, "401"), (0, "closed connection")]
)
def test_failures(opened: Callable[..., BaseWriter], index: Index, status: int, message: str) -> None:
    """A server that fails is an error that says how; afterwards the same writer goes on."""
    writer = opened()
    index.request_status = lambda: status
    with pytest.raises(WriterError, match=message):
        writer.write_batch(made.calls(1))
    index.request_status = lambda: 200
    writer.write_batch(made.calls(1))
    assert len(index.documents) == 2


def test_failure_in_the_middle(opened: Callable[..., BaseWriter], index: Index) -> None:
    """If a later request of a batch fails, what the earlier ones took is said."""
    writer = opened(max_request="2 kB")
    statuses = iter([200, 200, 503])
    index.request_status = lambda: next(statuses, 200)
    with pytest.raises(PartialWrite) as caught:
        writer.write_batch(made.calls(20))
    assert caught.value.taken == len(index.documents) > 0
    writer.write_batch(made.calls(20)[caught.value.taken :])
    assert sorted(each["entry_id"] for each in index.documents.values()) == list(range(1, 41))


def test_forked_child_has_ids_of_its_own(opened: Callable[..., BaseWriter], index: Index) -> None:
    """What a child writes is not taken for its parent's."""
    writer = opened()
    writer.write(made.start(1))
    writer.after_fork()
    writer.write(made.start(1))
    assert len(index.documents) == 2


def test_api_key(opened: Callable[..., BaseWriter], index: Index) -> None:
    """The key goes along with each request."""
    opened(api_key="abc").write(made.start(1))
    assert index.authorization == "ApiKey abc"


def test_bad_url(opened: Callable[..., BaseWriter]) -> None:
    """A URL that is none is an error that says what is accepted."""
    with pytest.raises(WriterError, match="option url: bad value 'localhost'"):
        opened(url="localhost")


def test_unreadable(cls: type[BaseWriter], index: Index) -> None:
    """What cannot be read is an error of one line."""
    index.documents["1"] = {"timestamp": "x", "entry_id": 1}
    with pytest.raises(ReadError):
        list(cls.read(f"{index.url}/glimpse"))
    index.request_status = lambda: 503
    with pytest.raises(ReadError, match="503"):
        list(cls.read(f"{index.url}/glimpse"))

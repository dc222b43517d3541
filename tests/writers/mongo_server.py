"""A server that speaks MongoDB's wire protocol over a real socket, keeps documents in memory, and fails on demand.

It refuses what a real one refuses: documents and batches that are too large, and an ``_id`` that is there already.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bson

Document = dict[str, Any]

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
MAX_DOCUMENT = 16 * 1024 * 1024
MAX_MESSAGE = 48_000_000
MAX_BATCH = 100_000
FIRST_BATCH = 101


class Disconnect(Exception):
    """Raised in a handler: the connection is closed instead of answered."""


class Refusal(Exception):
    """A command that fails as a whole."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.reply: Document = {"ok": 0.0, "errmsg": message, "code": code, "codeName": message}


@dataclass
class Collection:
    """Documents by their ``_id``, in the order of insertion."""

    documents: dict[Any, bytes] = field(default_factory=dict)
    options: Document = field(default_factory=dict)
    indexes: dict[str, Document] = field(default_factory=lambda: {"_id_": {"v": 2, "key": {"_id": 1}, "name": "_id_"}})

    def insert(self, document: Document, raw: bytes) -> Document | None:
        """Keep a document; gives the error, if any."""
        if len(raw) > MAX_DOCUMENT:
            return {"code": 10334, "errmsg": "BSONObjectTooLarge"}
        if document["_id"] in self.documents:
            return {"code": 11000, "errmsg": "E11000 duplicate key error", "keyValue": {"_id": document["_id"]}}
        self.documents[document["_id"]] = raw
        while "size" in self.options and sum(map(len, self.documents.values())) > self.options["size"]:
            del self.documents[next(iter(self.documents))]
        return None


@dataclass
class Faults:
    """What goes wrong. ``before`` and ``after`` are called with each command's name and may raise or wait."""

    before: Callable[[str], None] = lambda command: None
    after: Callable[[str], None] = lambda command: None
    document_error: Callable[[Document], Document | None] = lambda document: None


class MongoServer:
    """Listens on a port of this machine from ``start`` to ``stop``; the data stay in between."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.faults = Faults()
        self.commands: list[str] = []
        self._cursors: dict[int, tuple[str, list[bytes]]] = {}
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        probe = socket.create_server(("127.0.0.1", 0))
        self.port = probe.getsockname()[1]
        probe.close()

    @property
    def uri(self) -> str:
        """Where it is."""
        return f"mongodb://127.0.0.1:{self.port}"

    def start(self) -> MongoServer:
        """Begin to listen."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        thread = threading.Thread(target=self._accept, args=(self._listener,))
        self._threads.append(thread)
        thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and stop listening."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def documents(self, name: str = "glimpse.entries") -> list[Document]:
        """What a collection holds, in the order of insertion."""
        with self._lock:
            return [bson.decode(raw) for raw in self.collections.get(name, Collection()).documents.values()]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._sockets.add(connection)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while True:
                request, opcode, body = _message(connection)
                reply = self._answer(opcode, body)
                if reply is not None:
                    connection.sendall(_packed(request, opcode, reply))
        except (OSError, EOFError, Disconnect):
            pass
        finally:
            self._sockets.discard(connection)
            connection.close()

    def _answer(self, opcode: int, body: bytes) -> Document | None:
        if opcode == OP_QUERY:
            return self._hello({})
        flags, command, raw = _sections(body)
        name = next(iter(command))
        handler = getattr(self, f"_{name.lower()}", None)
        if handler is None:
            return {"ok": 0.0, "errmsg": f"no such command: '{name}'", "code": 59}
        self.commands.append(name)
        try:
            if name not in ("hello", "ismaster"):
                self.faults.before(name)
            with self._lock:
                reply = {**handler({**command, "raw": raw}), "ok": 1.0}
            if name not in ("hello", "ismaster"):
                self.faults.after(name)
        except Refusal as refusal:
            reply = refusal.reply
        return None if flags & 2 else reply

    def _collection(self, command: Document) -> Collection:
        return self.collections.setdefault(f"{command['$db']}.{next(iter(command.values()))}", Collection())

    def _hello(self, command: Document) -> Document:
        return {
            "helloOk": True,
            "ismaster": True,
            "isWritablePrimary": True,
            "maxBsonObjectSize": MAX_DOCUMENT,
            "maxMessageSizeBytes": MAX_MESSAGE,
            "maxWriteBatchSize": MAX_BATCH,
            "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0,
            "maxWireVersion": 21,
            "readOnly": False,
            "ok": 1.0,
        }

    _ismaster = _hello

    def _ping(self, command: Document) -> Document:
        return {}

    _endsessions = _ping

    def _insert(self, command: Document) -> Document:
        documents = command["raw"]
        if not 0 < len(documents) <= MAX_BATCH:
            raise Refusal(16, "InvalidLength")
        collection = self._collection(command)
        errors = []
        for index, raw in enumerate(documents):
            document = bson.decode(raw)
            error = self.faults.document_error(document) or collection.insert(document, raw)
            if error is not None:
                errors.append({"index": index, **error})
                if command.get("ordered", True):
                    break
        reply: Document = {"n": len(documents) - len(errors)}
        return {**reply, "writeErrors": errors} if errors else reply

    def _find(self, command: Document) -> Document:
        found = [(bson.decode(raw), raw) for raw in self._collection(command).documents.values()]
        for key, direction in reversed(command.get("sort", {}).items()):
            if key == "$natural":  # the order of insertion
                found = found[::direction]
                continue
            found.sort(key=lambda each: (each[0].get(key) is not None, each[0].get(key)), reverse=direction < 0)
        found = found[: command.get("limit") or None]
        return self._batch("firstBatch", f"{command['$db']}.{command['find']}", [raw for _, raw in found], FIRST_BATCH)

    def _getmore(self, command: Document) -> Document:
        if command["getMore"] not in self._cursors:
            raise Refusal(43, "CursorNotFound")
        name, rest = self._cursors.pop(command["getMore"])
        return self._batch("nextBatch", name, rest, command.get("batchSize", 1000))

    def _batch(self, kind: str, name: str, found: list[bytes], size: int) -> Document:
        cursor = 0
        if len(found) > size:
            cursor = len(self._cursors) + int(time.monotonic_ns()) % 10**9 + 1
            self._cursors[cursor] = name, found[size:]
        batch = [bson.decode(raw) for raw in found[:size]]
        return {"cursor": {"id": bson.Int64(cursor), "ns": name, kind: batch}}

    def _killcursors(self, command: Document) -> Document:
        for cursor in command["cursors"]:
            self._cursors.pop(cursor, None)
        return {"cursorsKilled": command["cursors"]}

    def _create(self, command: Document) -> Document:
        name = f"{command['$db']}.{command['create']}"
        if name in self.collections:
            raise Refusal(48, "NamespaceExists")
        self.collections[name] = Collection(options={key: command[key] for key in ("capped", "size") if key in command})
        return {}

    def _createindexes(self, command: Document) -> Document:
        indexes = self._collection(command).indexes
        for index in command["indexes"]:
            same = indexes.get(index["name"])
            if same is not None and same.get("expireAfterSeconds") != index.get("expireAfterSeconds"):
                raise Refusal(85, "IndexOptionsConflict")
            indexes[index["name"]] = {"v": 2, **index}
        return {"numIndexesAfter": len(indexes)}

    def _collmod(self, command: Document) -> Document:
        change = command["index"]
        self._collection(command).indexes[change["name"]]["expireAfterSeconds"] = change["expireAfterSeconds"]
        return {}

    def _listindexes(self, command: Document) -> Document:
        indexes = list(self._collection(command).indexes.values())
        return {"cursor": {"id": bson.Int64(0), "ns": "x.y", "firstBatch": indexes}}

    def _listcollections(self, command: Document) -> Document:
        found = [
            {"name": name.partition(".")[2], "type": "collection", "options": collection.options}
            for name, collection in self.collections.items()
            if name.startswith(f"{command['$db']}.")
        ]
        return {"cursor": {"id": bson.Int64(0), "ns": "x.y", "firstBatch": found}}

    def _dropdatabase(self, command: Document) -> Document:
        for name in [name for name in self.collections if name.startswith(f"{command['$db']}.")]:
            del self.collections[name]
        return {}


def _receive(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def _message(connection: socket.socket) -> tuple[int, int, bytes]:
    size, request, _, opcode = struct.unpack("<iiii", _receive(connection, 16))
    if size > MAX_MESSAGE + 16384:
        raise Disconnect
    return request, opcode, _receive(connection, size - 16)


def _sections(body: bytes) -> tuple[int, Document, list[bytes]]:
    """Flags, the command, and its documents as they were sent."""
    (flags,) = struct.unpack_from("<I", body)
    at, command, raw = 4, {}, []
    while at < len(body) - (4 if flags & 1 else 0):
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        if kind == 0:
            command = bson.decode(body[at : at + size])
        else:
            raw = list(_documents(body[body.index(b"\0", at + 4) + 1 : at + size]))
        at += size
    return flags, command, raw or [bson.encode(each) for each in command.get("documents", ())]


def _documents(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<i", data, at)
        yield data[at : at + size]
        at += size


def _packed(request: int, opcode: int, reply: Document) -> bytes:
    document = bson.encode(reply)
    if opcode == OP_QUERY:
        body, answer = struct.pack("<iqii", 8, 0, 0, 1) + document, OP_REPLY
    else:
        body, answer = struct.pack("<IB", 0, 0) + document, OP_MSG
    return struct.pack("<iiii", 16 + len(body), 1, request, answer) + body

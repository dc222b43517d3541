"""MongoDB: bulk inserts, and a file where entries wait while the server is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from glimpse.entry import LogEntry
from glimpse.errors import ConfigError, ReadError, WriterError
from glimpse.parsers import file_path, seconds, size, text
from glimpse.writers.base import BaseWriter
from glimpse.writers.encoding import dump_json
from glimpse.writers.files import System
from glimpse.writers.mongo.place import MongoPlace, brief
from glimpse.writers.options import Option
from glimpse.writers.spool import Spool

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.collection import Collection

__all__ = ["MongoWriter"]

_THREADS_END_S: Final = 1.0
_DUPLICATE: Final = 11000
_TOO_LARGE: Final = 10334
_REFUSED: Final = frozenset({2, 22, 121, 17280})
"""Codes of errors that the same document will meet again: bad value, invalid, not as the schema wants it, long key."""
_EXISTS: Final = 48
_OTHER_OPTIONS: Final = 85
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0


def _concern(value: object) -> int | str:
    words = str(value).strip()
    if words.isdecimal() or words.isidentifier():
        return int(words) if words.isdecimal() else words
    raise ValueError("majority, a number of servers, or the name of a custom write concern")


class MongoWriter(BaseWriter):
    """Inserts entries into a collection, each exactly once.

    Each document's ``_id`` is made here, so that a batch may be sent again when nobody knows how much of it arrived.
    While the server cannot be reached or refuses, entries go to files beside ``spool_path``; they are sent first when
    it is back, also by a later run of the program. ``trouble`` says so meanwhile.

    :raises ConfigError: pymongo is not installed, or an option does not go with another.
    """

    options: ClassVar[Sequence[Option]] = (
        Option("uri", text, "mongodb://localhost:27017", "where the server is"),
        Option("database", text, None, "name of the database; else the URI's, else glimpse"),
        Option("collection", text, None, "name of the collection; else the URI's, else entries"),
        Option("ttl", seconds, None, "delete entries that are older"),
        Option("capped_bytes", size, None, "make the collection capped: the newest entries stay, in this much space"),
        Option("write_concern", _concern, None, "servers that must have an entry: majority, a number, or a name"),
        Option("spool_path", file_path, "glimpse-spool", "beginning of the names of files where entries wait"),
    )

    def __init__(
        self,
        uri: str,
        database: str | None = None,
        collection: str | None = None,
        *,
        ttl: float | None = None,
        capped_bytes: int | None = None,
        write_concern: int | str | None = None,
        spool_path: str,
    ) -> None:
        if ttl is not None and capped_bytes is not None:
            raise ConfigError("options ttl and capped_bytes of dest mongo exclude each other; give one of them")
        self._place = MongoPlace(uri, database, collection, write_concern)
        self._ttl = ttl
        self._capped_bytes = capped_bytes
        self._spool_path = file_path(spool_path)
        self._client: MongoClient[dict[str, Any]] | None = None
        self._collection: Collection[dict[str, Any]] | None = None
        from glimpse.writers.mongo.documents import Dates

        self._dates = Dates()
        self._threads_before: set[threading.Thread] = set()
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Start as a process of its own."""
        self._run = System.urandom(6).hex()
        self._spool = Spool(self._spool_path, self._run)
        self._last: dict[int, tuple[int, int]] = {}
        self._retry_at = 0.0
        self._pause = _FIRST_PAUSE_S
        self._away: str | None = None
        self._refused: str | None = None

    @property
    def trouble(self) -> str | None:
        """What is wrong with the server, though nothing is lost."""
        return "; ".join(filter(None, (self._away, self._refused))) or None

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Insert the entries, or put them where they wait for the server.

        :raises WriterError, OSError: neither was possible.
        """
        self.write_records([entry.to_dict() for entry in entries])

    def write_records(self, records: Sequence[dict[str, Any]]) -> None:
        """Insert entries that are dicts already; they get two keys more.

        One of them is an ``_id`` that is the same whenever this batch is offered again.
        """
        if self._closed:
            raise WriterError("mongo: the writer is closed")
        last = dict(self._last)
        run = self._run
        for record in records:
            pid, number = record["pid"], record["entry_id"]
            latest, generation = last.get(pid, (0, 0))
            if number <= latest:  # ids of entries grow: another process had the same pid
                generation += 1
            last[pid] = number, generation
            record["_id"] = f"{run}-{pid}-{generation}-{number}"
        if not self._try_send(records):
            self._spool.put(records)
        self._last = last

    def flush(self) -> None:
        """Send what waits, if it is time to try again."""
        self._try_send([])

    def close(self) -> None:
        """Send what waits, and disconnect; what cannot be sent stays in its file for the next run."""
        if not self._closed:
            self._closed = True
            self._retry_at = 0.0
            if self._collection is not None or self._spool.waiting:
                self._try_send([])
            self._spool.release()
            self._disconnect()

    def before_fork(self) -> None:
        """Disconnect: the driver's threads must not exist while the process is copied."""
        if self._client is not None:
            self._disconnect()
            deadline = System.monotonic() + _THREADS_END_S
            while _driver_threads() - self._threads_before and System.monotonic() < deadline:
                System.sleep(0.005)

    def after_fork(self) -> None:
        """Write as a process of its own; the parent sends what it has spooled."""
        self._client = self._collection = None
        self._spool.release()
        self._begin()

    @classmethod
    def read(cls, source: str) -> Iterator[LogEntry]:
        """Yield the entries of ``mongodb://HOST/DATABASE.COLLECTION`` in the order of their time."""
        return (entry for entry, _ in _read(source))

    @classmethod
    def read_records(cls, source: str) -> Iterator[tuple[dict[str, Any], str]]:
        """The same as dicts, each with what tells its process from all others that write there, on any machine."""
        return ((entry.to_dict(), process) for entry, process in _read(source))

    def _try_send(self, records: Sequence[dict[str, Any]]) -> bool:
        """Whether the server has everything now."""
        from pymongo.errors import PyMongoError

        if System.monotonic() < self._retry_at:
            return False
        try:
            collection = self._connected()
            self._spool.send(lambda waiting: self._insert(collection, waiting))
            if records:
                self._insert(collection, records)
        except (PyMongoError, OSError) as error:
            self._retry_at = System.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
            self._away = f"{self._place.shown}: {brief(error)}; entries wait in {self._spool.path}"
            return False
        self._retry_at, self._pause, self._away = 0.0, _FIRST_PAUSE_S, None
        return True

    def _insert(self, collection: Collection[dict[str, Any]], records: Sequence[dict[str, Any]]) -> None:
        from bson.errors import BSONError
        from pymongo.errors import BulkWriteError

        from glimpse.writers.mongo.documents import storable

        self._dates.put(records)
        try:
            try:
                collection.insert_many(records, ordered=False)
            except (BSONError, UnicodeError, OverflowError):  # rare, and what was sent of them is not stored twice
                collection.insert_many([storable(record) for record in records], ordered=False)
        except BulkWriteError as error:
            failed = [each for each in error.details["writeErrors"] if each.get("code") != _DUPLICATE]
            large = [records[each["index"]] for each in failed if each.get("code") == _TOO_LARGE]
            if large:  # the driver leaves it to the server to refuse some of them
                collection.insert_many([storable(record) for record in large], ordered=False)
                failed = [each for each in failed if each.get("code") != _TOO_LARGE]
            refused = [records[each["index"]] for each in failed if each.get("code") in _REFUSED]
            if len(refused) < len(failed) or error.details.get("writeConcernErrors"):
                raise
            if refused:
                self._set_aside(refused, failed[0].get("errmsg", ""))

    def _set_aside(self, records: list[dict[str, Any]], reason: str) -> None:
        """Keep entries that the server will never take in a file of their own."""
        from glimpse.writers.appending import AppendFile

        file = AppendFile(f"{self._spool_path}.refused", separator=b"\n")
        file.append(b"".join([dump_json(record) + b"\n" for record in records]))
        file.close()
        self._refused = f"{len(records)} entries refused and kept in {file.path}: {reason[:200]}"

    def _connected(self) -> Collection[dict[str, Any]]:
        if self._collection is None:
            if self._client is None:
                self._threads_before = _driver_threads()
                self._client = self._place.connect()
            collection = self._place.collection_of(self._client)
            self._prepare(collection)
            self._collection = collection
        return self._collection

    def _prepare(self, collection: Collection[dict[str, Any]]) -> None:
        """Make the collection as the options want it, and its indexes."""
        from pymongo import IndexModel
        from pymongo.errors import CollectionInvalid, OperationFailure

        if self._capped_bytes is not None:
            try:
                collection.database.create_collection(collection.name, capped=True, size=self._capped_bytes)
            except CollectionInvalid:  # it is there already
                pass
            except OperationFailure as error:
                if error.code != _EXISTS:
                    raise
        keys: list[list[tuple[str, int]]] = [
            [("time", 1), ("entry_id", 1)],
            [("function", 1), ("time", 1)],
            [("trace_id", 1), ("time", 1)],
        ]
        collection.create_indexes([IndexModel(key) for key in keys])
        if self._ttl is not None:
            try:
                collection.create_index([("time", 1)], name="ttl", expireAfterSeconds=int(self._ttl))
            except OperationFailure as error:
                if error.code != _OTHER_OPTIONS:
                    raise
                change = {"name": "ttl", "expireAfterSeconds": int(self._ttl)}
                collection.database.command("collMod", collection.name, index=change)

    def _disconnect(self) -> None:
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            client.close()


def _driver_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("pymongo")}


def _read(source: str) -> Iterator[tuple[LogEntry, str]]:
    from pymongo.errors import PyMongoError

    from glimpse.writers.mongo.documents import entry_of

    place = MongoPlace(source)
    client = place.connect()
    try:
        found = place.collection_of(client).find(sort=[("time", 1), ("entry_id", 1)], allow_disk_use=True)
        for document in found:
            yield entry_of(document), str(document.get("_id", "")).rpartition("-")[0]
    except (PyMongoError, ValueError) as error:
        raise ReadError(f"{place.shown}: {brief(error)}") from None
    finally:
        client.close()

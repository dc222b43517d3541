"""The last documents of a collection, and those that come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.writers.files import System
from glimpse.writers.mongo.place import MongoPlace, brief

__all__ = ["MongoTail"]

_REMEMBERED: Final = 1000
_LOOK_BACK: Final = 100
"""Documents that are known and looked at again: what is inserted at the same time may be seen in another order."""
_PATIENCE_S: Final = 30.0
_POLL_S: Final = 0.5
_NEWEST_FIRST: Final = [("$natural", -1)]


class MongoTail:
    """The end of a collection. What comes is found by the order of insertion, since only some servers tell of it.

    :param keeps: which entries are wanted.
    """

    def __init__(self, uri: str, keeps: Callable[[LogEntry], bool]) -> None:
        self._place, self._keeps = MongoPlace(uri), keeps
        self._client: Any = None
        self._known: deque[Any] = deque(maxlen=_REMEMBERED)
        self._asked_at = self._heard_at = System.monotonic()

    def last(self, count: int | None) -> Iterator[LogEntry]:
        """The last entries that are wanted, or all, in the order of their time.

        :raises ReadError: the server is away, or something else than an entry is there.
        """
        newest = self._asked(sort=_NEWEST_FIRST, projection={"_id": 1}, limit=_REMEMBERED)
        self._known.extend(reversed([document["_id"] for document in newest]))
        direction = 1 if count is None else -1
        found = self._asked(sort=[("time", direction), ("entry_id", direction)], allow_disk_use=True)
        if count is None:
            yield from self._entries(found)
            return
        last: deque[LogEntry] = deque()
        for entry in self._entries(found):
            last.appendleft(entry)
            if len(last) == count:
                break
        yield from last

    def more(self) -> Iterator[LogEntry]:
        """The wanted entries that have come since, in the order of their insertion.

        :raises ReadError: the server has been away for long, or something else than an entry is there.
        """
        now = System.monotonic()
        if now - self._asked_at < _POLL_S:
            return
        self._asked_at = now
        known, new, seen = set(self._known), [], 0
        try:
            for document in self._asked(sort=_NEWEST_FIRST):
                if document["_id"] not in known:
                    new.append(document)
                    continue
                seen += 1
                if seen == _LOOK_BACK:
                    break
        except ReadError:
            if now - self._heard_at > _PATIENCE_S:
                raise
            return
        self._heard_at = now
        new.reverse()
        self._known.extend(document["_id"] for document in new)
        yield from self._entries(iter(new))

    def _asked(self, **how: Any) -> Iterator[dict[str, Any]]:
        from pymongo.errors import PyMongoError

        try:
            if self._client is None:
                self._client = self._place.connect()
            yield from self._place.collection_of(self._client).find(**how)
        except PyMongoError as error:
            raise ReadError(f"{self._place.shown}: {brief(error)}") from None

    def _entries(self, documents: Iterator[dict[str, Any]]) -> Iterator[LogEntry]:
        from glimpse.writers.mongo.documents import entry_of

        try:
            for document in documents:
                self._known.append(document["_id"])
                entry = entry_of(document)
                if self._keeps(entry):
                    yield entry
        except ValueError as error:
            raise ReadError(f"{self._place.shown}: {brief(error)}") from None

    def close(self) -> None:
        """Let go of the server."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

"""Where in MongoDB entries are: server, database, collection; and how to reach it without telling its password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from glimpse.errors import ConfigError, bad_value

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.collection import Collection

__all__ = ["MongoPlace", "brief"]

_TIMEOUTS_MS: Final = {"serverSelectionTimeoutMS": 1000, "connectTimeoutMS": 1000, "socketTimeoutMS": 10_000}
_GOOD_URI: Final = (
    "a MongoDB URI such as mongodb://localhost:27017, with special characters of user and password percent-encoded"
)
_SECRET: Final = re.compile(r"(//)[^/\s]*@")
_LONGEST: Final = 200


class MongoPlace:
    """A collection of a server.

    :raises ConfigError: pymongo is not installed, or the URI is not one of MongoDB's; it is not shown.
    """

    def __init__(
        self, uri: str, database: str | None = None, collection: str | None = None, concern: int | str | None = None
    ) -> None:
        self._uri = uri
        self._concern = concern
        scheme, _, rest = uri.partition("://")
        self.shown = _SECRET.sub(r"\1***@", uri.partition("?")[0])
        """The URI without its password and options."""
        try:
            from pymongo.errors import PyMongoError
            from pymongo.uri_parser import parse_uri
        except ImportError:
            raise ConfigError("dest mongo needs pymongo: pip install 'glimpse[mongo]'") from None
        if scheme == "mongodb":
            try:
                parse_uri(uri)
            except (PyMongoError, ValueError):
                raise ConfigError(bad_value("uri of dest mongo", self.shown, _GOOD_URI)) from None
        elif scheme != "mongodb+srv":  # that one is looked up in the network when it is used
            raise ConfigError(bad_value("uri of dest mongo", self.shown, _GOOD_URI))
        path = unquote(rest.partition("/")[2].partition("?")[0])
        named, _, inner = path.partition(".")
        self._database = database or named or "glimpse"
        self._collection = collection or inner or "entries"

    def connect(self) -> MongoClient[dict[str, Any]]:
        """A client that waits for an absent server for a second and for an answer for ten, if the URI says nothing.

        :raises PyMongoError: the URI's host is not to be found.
        """
        from pymongo import MongoClient

        said = self._uri.lower()
        timeouts: dict[str, Any] = {name: ms for name, ms in _TIMEOUTS_MS.items() if name.lower() not in said}
        return MongoClient(self._uri, appname="glimpse", **timeouts)

    def collection_of(self, client: MongoClient[dict[str, Any]]) -> Collection[dict[str, Any]]:
        """The collection, with the write concern that was asked for."""
        from pymongo import WriteConcern

        collection = client[self._database][self._collection]
        if self._concern is None:
            return collection
        return collection.with_options(write_concern=WriteConcern(w=self._concern))


def brief(error: object) -> str:
    """An error as one short line without passwords."""
    text = _SECRET.sub(r"\1***@", str(error)).partition("\n")[0]
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

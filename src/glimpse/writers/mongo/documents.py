"""Entries as MongoDB documents and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Final

from bson import Binary
from bson.binary import USER_DEFINED_SUBTYPE

from glimpse.entry import FIELDS, LogEntry
from glimpse.writers.encoding import entry_from

__all__ = ["Dates", "entry_of", "storable"]

_MOST_TEXT: Final = 12_000_000
"""Characters of a document, of which the server takes 16 MiB: beyond it, the longest fields are cut."""

_INT64: Final = 1 << 63


class Dates:
    """Gives records their timestamp as a date, which MongoDB can expire and index."""

    def __init__(self) -> None:
        self._second: tuple[str, datetime | None] = ("", None)

    def put(self, records: Iterable[dict[str, Any]]) -> None:
        """Set ``time`` of each record, to the millisecond, in UTC; not where the timestamp is no such."""
        for record in records:
            timestamp = record["timestamp"]
            second, fraction = timestamp[:19], timestamp[20:]
            if second != self._second[0]:
                self._second = second, _moment(second)
            moment = self._second[1]
            if moment is not None and len(fraction) == 6 and fraction.isascii() and fraction.isdigit():
                record["time"] = moment.replace(microsecond=int(fraction))


def storable(record: Mapping[str, Any]) -> dict[str, Any]:
    """A document that the server takes, of a record that it may not take as it is.

    Text that UTF-8 cannot hold is stored as binary data, of which reading makes the same text again; what is too long
    for a document is cut, and says so.
    """
    document = {name: value if name == "time" else _storable(value) for name, value in record.items()}
    return _cut(document) if _size(document) > _MOST_TEXT else document


def entry_of(document: Mapping[str, Any]) -> LogEntry:
    """The entry of a document.

    :raises ValueError: it is not an entry.
    """
    return entry_from({name: _restored(document[name]) for name in FIELDS if name in document})


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _text(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, Mapping):
        return {str(key).replace("\0", ""): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value if value is None else str(value)


def _text(value: str) -> str | Binary:
    try:
        value.encode()
    except UnicodeEncodeError:
        binary: Binary = Binary(value.encode("utf-8", "surrogatepass"), USER_DEFINED_SUBTYPE)
        return binary
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogatepass")
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Mapping):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return value


def _moment(second: str) -> datetime | None:
    try:
        return datetime.strptime(second, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - MongoDB takes it for UTC, and faster
    except ValueError:
        return None


def _size(value: Any) -> int:
    """Bytes of the texts in a document, at the most."""
    if isinstance(value, str):
        return len(value) if value.isascii() else 4 * len(value)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0


def _cut(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what is longer than its share of the room cut, which says how much is missing."""
    room = _MOST_TEXT // (4 * max(len(document), 1))

    def cut(value: Any) -> Any:
        if isinstance(value, str | Binary) and len(value) > room:
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            return f"{text[:room]}… (+{len(text) - room} characters)"
        return {key: cut(item) for key, item in value.items()} if isinstance(value, dict) else value

    return {name: cut(value) for name, value in document.items()}

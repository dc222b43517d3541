"""Entries as MongoDB documents and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final

from bson import Binary
from bson.binary import USER_DEFINED_SUBTYPE

from glimpse.entry import FIELDS, LogEntry
from glimpse.writers.encoding import entry_from

__all__ = ["document_of", "entry_of"]

_MOST_TEXT: Final = 12_000_000
"""Characters of a document, of which the server takes 16 MiB: beyond it, the longest fields are cut."""

_INT64: Final = 1 << 63


def document_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a record, an entry's fields and ``_id``. ``time`` is its timestamp as a date, to the millisecond.

    Text that UTF-8 cannot hold is stored as binary data, of which reading makes the same text again.
    """
    document = {name: _storable(value) for name, value in record.items()}
    moment = _moment(record.get("timestamp"))
    if moment is not None:
        document["time"] = moment
    if _size(document) > _MOST_TEXT:
        document = _cut(document)
    return document


def entry_of(document: Mapping[str, Any]) -> LogEntry:
    """The entry of a document.

    :raises ValueError: it is not an entry.
    """
    return entry_from({name: _restored(document[name]) for name in FIELDS if name in document})


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
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
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Mapping):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    return value


def _moment(timestamp: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(timestamp)).replace(tzinfo=timezone.utc)
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

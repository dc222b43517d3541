"""Many entries as JSON lines, in one go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

__all__ = ["as_lines"]

_BETWEEN, _NEW_LINE = b'},{"entry_id":', b'}\n{"entry_id":'


def as_lines(records: Sequence[dict[str, Any]]) -> bytes:
    """Each record as a JSON object on a line of its own.

    The encoder takes the whole list; the places between two records are then made line ends. They cannot be mistaken:
    within a string, a quote is always preceded by a backslash. What the encoder does not take (lone surrogates,
    integers of more than 64 bits) is encoded record by record.
    """
    if not records:
        return b""
    try:
        data = orjson.dumps(records)
    except (TypeError, UnicodeError):
        return b"".join(map(_line, records))
    return data[1:-1].replace(_BETWEEN, _NEW_LINE) + b"\n"


def _line(record: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except (TypeError, UnicodeError):
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"

"""A record: one entry as the plain mapping that its JSON is, and the checks that make foreign data harmless."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Final, TypeAlias

__all__ = ["LONGEST_MS", "SOURCE", "Record", "epoch_us", "number", "process_of", "text_of", "timestamp_of", "usable"]

Record: TypeAlias = dict[str, Any]
"""The fields of ``LogEntry`` by name; absent fields are ``None``. Checked by ``usable``."""

SOURCE: Final = "_source"
"""Key under which merging notes which trace a record came from, where process ids alone could be mistaken."""

LONGEST_MS: Final = 1e12
"""Thirty years; so much in nanoseconds still fits in 64 bits."""

_STAGES: Final = frozenset(("START", "END", "EXCEPTION", "SUSPEND", "RESUME"))
_SECOND: Final = len("2023-12-01 10:30:15")
_MICROS: Final = len(".123456")


def usable(record: Any) -> bool:
    """Whether parsed JSON is an entry: the fields that everything else relies on are there and of their type."""
    try:
        return (
            type(record["call_id"]) is int
            and type(record["function"]) is str
            and record["stage"] in _STAGES
            and type(record["args"]) is str
            and type(record["timestamp"]) is str
            and type(record["thread"]) is str
            and type(record["pid"]) is int
            and (record["parent_id"] is None or type(record["parent_id"]) is int)
        )
    except (KeyError, TypeError, IndexError):
        return False


def process_of(record: Record) -> Hashable:
    """What tells the record's process from every other one in the trace."""
    source = record.get(SOURCE)
    pid: int = record["pid"]
    return (source, pid) if source else pid


def number(value: Any) -> float | None:
    """A number of milliseconds, also from the text that other tools make of it; None if it is no length of time."""
    if type(value) is float and 0.0 <= value < LONGEST_MS:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        converted = float(value)
    except (ValueError, OverflowError):
        return None
    return converted if 0.0 <= converted < LONGEST_MS else None


def text_of(value: Any) -> str | None:
    """A text field, or None where it is absent or something else."""
    return value if isinstance(value, str) else None


def epoch_us(timestamp: str) -> int | None:
    """Microseconds since 1970 of an entry's timestamp (UTC), or None if it is not one."""
    fraction = timestamp[_SECOND:]
    if len(fraction) == _MICROS and fraction[0] == "." and fraction[1:].isdecimal() and fraction.isascii():
        whole = _second_us(timestamp[:_SECOND])
        return None if whole is None else whole + int(fraction[1:])
    return _any_time_us(timestamp)


def timestamp_of(microseconds: int) -> str:
    """The timestamp, as entries spell it, of a number of microseconds since 1970."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{fraction:06d}"


@lru_cache(maxsize=64)
def _second_us(text: str) -> int | None:
    return _any_time_us(text)


def _any_time_us(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return round(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


def only_usable(records: Iterator[Any]) -> Iterator[Record]:
    """The records that can be used; for sources that have checked their own form already."""
    return (record for record in records if usable(record))

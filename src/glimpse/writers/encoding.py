r"""Entries as JSON text and back: the one form that the files and the spool share.

Text that UTF-8 cannot hold (lone surrogates) is written as ``\udXXX`` escapes, numbers that JSON cannot hold (NaN and
the infinities) as ``null``. Reading trusts nothing: whatever is not an entry is a ``ValueError`` that says why.
"""

from __future__ import annotations

from collections.abc import Mapping

from glimpse.encoder import JSON, ascii_json
from glimpse.entry import FIELDS, LogEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

__all__ = ["decode_entry", "dump_json", "encode_entries", "entry_from", "fitting"]

_INFINITE: Final = float("inf")
_TEXT: Final = ("level", "function", "args", "stage", "timestamp", "thread")
_NUMBERS: Final = ("entry_id", "call_id", "depth", "pid")
_OPTIONAL: Final[dict[str, tuple[type, ...]]] = {
    "parent_id": (int,),
    "closed": (bool,),
    "exception": (dict,),
    "duration_ms": (float, int),
    "active_ms": (float, int),
    "yields": (int,),
    "line": (int,),
}
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    name: (str,) if name in _TEXT else (int,) if name in _NUMBERS else (*_OPTIONAL.get(name, (str,)), type(None))
    for name in FIELDS
}
_REQUIRED: Final = FIELDS[: FIELDS.index("task")]
_EXCEPTION_TEXT: Final = ("type", "message")


def encode_entries(entries: Iterable[LogEntry]) -> bytes:
    """One JSON object a line, with the newline at the end of each."""
    return b"".join([dump_json(entry.to_dict()) + b"\n" for entry in entries])


def dump_json(data: Any) -> bytes:
    """Compact JSON in UTF-8, on one line, of anything; what JSON has no type for becomes its ``repr``."""
    JSON.load()  # before anything is recorded, where this is needed for that
    try:
        return JSON.dumps(data)
    except TypeError:  # lone surrogates, integers beyond 64 bits, foreign types
        return ascii_json(_finite(data))


def decode_entry(text: bytes | str) -> LogEntry:
    """The entry of a JSON text.

    :raises ValueError: it is not JSON, or not an entry.
    """
    from glimpse.json_text import load_record

    return entry_from(load_record(text))


def entry_from(data: Any) -> LogEntry:
    """The entry of a mapping, with every field's type checked.

    :raises ValueError: it is not an entry.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"not an entry but {_kind(data)}")
    for name, value in data.items():
        kinds = _KINDS.get(name)
        if kinds is not None and type(value) not in kinds:
            raise ValueError(f"not an entry: {name} is {_kind(value)}")
    exception = data.get("exception")
    if exception is not None:
        for name in _EXCEPTION_TEXT:
            if type(exception.get(name, "")) is not str:
                raise ValueError(f"not an entry: the exception's {name} is {_kind(exception[name])}")
    try:
        return LogEntry(**data)
    except TypeError:  # a field is missing, or there are more than this version knows
        missing = [name for name in _REQUIRED if name not in data]
    if missing:
        raise ValueError(f"not an entry: it has no {missing[0]!r}")
    return LogEntry.from_dict(data)


def fitting(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a foreign entry that have the types of ours."""
    fields = {name: value for name, value in data.items() if name in _KINDS and type(value) in _KINDS[name]}
    exception = fields.get("exception")
    if exception is not None:
        texts = {name: str(exception[name]) for name in _EXCEPTION_TEXT if name in exception}
        fields["exception"] = {**exception, **texts}
    return fields


def _kind(value: object) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if -_INFINITE < data < _INFINITE else None
    if isinstance(data, Mapping):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data

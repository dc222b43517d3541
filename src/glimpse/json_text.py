r"""The values of JSON texts that nobody can vouch for, with all that writers of entries put into them.

orjson refuses lone surrogates (``\udXXX``) and ``NaN``, and makes floats of integers beyond 64 bits: such texts are
left to the standard library.
"""

from __future__ import annotations

import orjson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["load_json", "load_record"]

_REFUSED: Final = (b"\\u", b"NaN", b"Infinity")
_IDS: Final = ("entry_id", "call_id", "parent_id")


def load_json(text: bytes | str) -> Any:
    """The value of a JSON text, lone surrogates included; what JSON has no number for is ``None``.

    :raises ValueError: it is not JSON.
    """
    try:
        return orjson.loads(text)
    except ValueError as error:
        found = text.encode("utf-8", "replace") if isinstance(text, str) else text
        if not any(part in found for part in _REFUSED):
            raise ValueError(str(error)) from None
    return _slowly(text)


def load_record(text: bytes | str) -> Any:
    """The same, and ids are whole however long they are.

    :raises ValueError: it is not JSON.
    """
    record = load_json(text)
    if type(record) is dict and any(type(record.get(name)) is float for name in _IDS):
        return _slowly(text)
    return record


def _slowly(text: bytes | str) -> Any:
    import json

    try:
        return json.loads(text, parse_constant=lambda name: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None

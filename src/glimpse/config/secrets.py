"""What is shown of a configuration: without passwords."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Setting", "masked"]

_SECRET_NAME = re.compile(
    r"passw|passphrase|secret|token|credential|auth(?!ors?$)|(?:^|[_-])(?:api|access|private)?[_-]?key$", re.I
)
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/:@]*):.*@")
_ARGUMENT_IN_URL = re.compile(r"([?&])([^=&]+)=([^&]*)")
_MASK = "***"


class Setting(NamedTuple):
    """An option's value, and where it came from: ``constructor``, ``environment``, a file's path, or ``default``."""

    name: str
    value: Any
    source: str


def masked(name: str, value: Any) -> Any:
    """The value as it may be shown: without passwords in URLs, and hidden where the name says that it is a secret."""
    if isinstance(value, Mapping):
        return {key: masked(str(key), inner) for key, inner in value.items()}
    if _SECRET_NAME.search(name) and value is not None:
        return _MASK
    if isinstance(value, str) and "://" in value:
        return _ARGUMENT_IN_URL.sub(_masked_argument, _PASSWORD_IN_URL.sub(rf"\1:{_MASK}@", value))
    return value


def _masked_argument(match: re.Match[str]) -> str:
    separator, name, value = match.groups()
    return f"{separator}{name}={_MASK if _SECRET_NAME.search(name) else value}"

"""The options of writers: each is declared once, with its type, default and meaning."""

from __future__ import annotations

import os

from glimpse.errors import ConfigError, bad_value
from glimpse.parsers import Parser, file_path

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import record
else:  # what is read last is what the reference shows
    from collections.abc import Mapping, Sequence
    from dataclasses import dataclass as record
    from typing import Any

__all__ = ["Option", "take"]


@record(frozen=True)
class Option:
    """A key of ``Config.params``.

    ``parse`` turns a value, or its text from an environment variable, into what the writer gets, and raises a
    ValueError that says what is accepted; ``glimpse.parsers`` has the usual ones. ``default`` goes through it too,
    unless it is None.
    """

    name: str
    parse: Parser
    default: Any
    meaning: str


def take(options: Sequence[Option], params: Mapping[str, Any], dest: str, folder: str = "") -> dict[str, Any]:
    """The value of each option, from the parameters of the destination or by default.

    :param folder: what paths count from that are not given.

    :raises ConfigError: a value is not accepted.
    """
    values = {}
    for option in options:
        value = params.get(option.name)
        if value is None:
            value = option.default
            if option.parse is file_path and isinstance(value, str):
                value = os.path.join(folder, value)
        try:
            values[option.name] = None if value is None else option.parse(value)
        except ValueError as error:
            raise ConfigError(bad_value(f"{option.name} of dest {dest}", value, str(error))) from None
    return values

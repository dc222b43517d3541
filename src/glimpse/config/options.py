"""How an option is declared: once, for the constructor, environment, ``pyproject.toml``, command line and docs."""

from __future__ import annotations

import os

from glimpse.errors import ConfigError, bad_value
from glimpse.parsers import Parser, file_path

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import record
else:  # what is read last is what the reference shows
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import dataclass as record
    from typing import Any, TypeAlias

__all__ = ["PREFIX", "Option", "declare", "parsed"]

PREFIX = "GLIMPSE_"
Names: TypeAlias = "Sequence[str] | Callable[[], Sequence[str]] | None"


@record(frozen=True, slots=True)
class Option:
    """One option. ``default`` is a value, or a function that finds one once the options before it are known."""

    name: str
    variable: str
    parse: Parser
    default: Any
    default_text: str
    meaning: str
    names: Names
    """What there is to choose from, where it is names: the nearest is suggested for a bad value."""

    @property
    def flag(self) -> str:
        """The option on a command line: the variable's name in another spelling."""
        return "--" + self.variable.removeprefix(PREFIX).lower().replace("_", "-")

    def read(self, value: object, label: str, folder: str | None = None) -> Any:
        """The value ready for use.

        :param label: what the user wrote the option as.
        :param folder: what relative paths count from; the working directory if None.
        :raises ConfigError: it is not accepted.
        """
        return parsed(self.parse, value, label, folder, self.names)


def declare(
    parse: Parser,
    default: Any,
    meaning: str,
    *,
    variable: str = "",
    default_text: str = "",
    names: Names = None,
) -> Mapping[str, Any]:
    """The metadata of the dataclass field that is the option: it knows its name and type."""

    def named(name: str) -> Option:
        text = default_text or (str(default).lower() if isinstance(default, bool) else str(default))
        return Option(name, variable or PREFIX + name.upper(), parse, default, text, meaning, names)

    return {"option": named}


def parsed(
    parse: Parser,
    value: object,
    label: str,
    folder: str | None = None,
    names: Names = None,
) -> Any:
    """What the parser makes of a value; its refusal names the option as the user wrote it.

    :raises ConfigError: the value is not accepted.
    """
    if folder and parse is file_path and isinstance(value, str) and value:
        value = os.path.join(folder, os.path.expanduser(value))
    try:
        return parse(value)
    except ValueError as error:
        accepted = names() if callable(names) else names
        raise ConfigError(bad_value(label, value, accepted or str(error))) from None

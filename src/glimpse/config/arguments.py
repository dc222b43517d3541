"""The options on a command line, and as a table for the docs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from glimpse.config.model import OPTIONS, Config
from glimpse.errors import ConfigError, bad_value
from glimpse.parsers import flag

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_arguments", "from_arguments", "markdown_table", "pairs"]

_FILES = {"log_path": "file of jsonl, json and journal", "db_path": "file of sqlite"}
_PREFIX = "config_"


def add_arguments(parser: ArgumentParser) -> None:
    """Add every option of ``Config`` to a parser, in a group of their own."""
    from argparse import BooleanOptionalAction

    title = "what is recorded, and where"
    group = parser.add_argument_group(title, "Each is also an environment variable (in brackets).")
    for option in OPTIONS:
        default = f", default: {option.default_text}" if option.default_text else ""
        text = f"{option.meaning} [{option.variable}{default}]".replace("%", "%%")
        if option.parse is flag:
            group.add_argument(option.flag, dest=_PREFIX + option.name, action=BooleanOptionalAction, help=text)
        else:
            metavar = option.flag.rpartition("-")[2].upper()
            group.add_argument(option.flag, dest=_PREFIX + option.name, metavar=metavar, help=text)
    for name, meaning in _FILES.items():
        variable = f"GLIMPSE_{name.upper()}"
        group.add_argument(
            f"--{name.replace('_', '-')}", dest=_PREFIX + name, metavar="FILE", help=f"{meaning} [{variable}]"
        )
    group.add_argument(
        "--param",
        dest=_PREFIX + "params",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option of the destination, such as max_bytes=10MB; may be repeated [GLIMPSE_<DEST>_<NAME>]",
    )


def from_arguments(arguments: Namespace) -> Config:
    """The configuration that parsed arguments ask for.

    :raises ConfigError: a value is not accepted; the message names the option as it is on the command line.
    """
    values: dict[str, Any] = {}
    for option in OPTIONS:
        value = getattr(arguments, _PREFIX + option.name, None)
        if value is not None:
            values[option.name] = option.read(value, option.flag)
    params = {name: getattr(arguments, _PREFIX + name, None) for name in _FILES}
    params.update(pairs(getattr(arguments, _PREFIX + "params", []), "--param"))
    return Config(**values, params={name: value for name, value in params.items() if value is not None})


def markdown_table() -> str:
    """The options as a table: variable, argument of ``Config``, option of ``glimpse run``, meaning, default."""
    rows = [("variable", "`Config`", "`glimpse run`", "meaning", "default"), ("---",) * 5]
    for option in OPTIONS:
        is_value = isinstance(option.default, str | int | float)
        default = f"`{option.default_text}`" if is_value else option.default_text
        rows.append((f"`{option.variable}`", f"`{option.name}`", f"`{option.flag}`", option.meaning, default))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def pairs(words: list[str], label: str) -> Iterator[tuple[str, str]]:
    """The names and values of words ``NAME=VALUE``.

    :param label: what the user wrote them after.
    :raises ConfigError: a word is not like that.
    """
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise ConfigError(bad_value(label, word, "NAME=VALUE, such as max_bytes=10MB"))
        yield name, value

"""The destinations that ``dest`` can name, and which parameters each takes."""

from __future__ import annotations

from glimpse.errors import ConfigError, bad_value
from glimpse.parsers import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

__all__ = ["BUILT_IN", "check_destinations", "known_destinations", "parameters_of", "register_dest"]

_LOG_FILE = ("log_path",)
_ROTATION = ("max_bytes", "max_age", "backup_count", "gzip")

BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "jsonl": (*_LOG_FILE, *_ROTATION),
    "json": _LOG_FILE,
    "sqlite": ("db_path",),
    "mongo": ("uri", "database", "collection", "ttl", "capped_bytes", "write_concern", "spool_path"),
    "otlp": ("endpoint", "timeout", "spool_path"),
    "journal": (*_LOG_FILE, "max_bytes"),
    "logging": ("logger",),
}
"""The names of each built-in destination's parameters; the writers say what they mean."""

_ENTRY_POINTS = "glimpse.writers"
_registered: dict[str, tuple[str, ...] | None] = {}


def register_dest(name: str, parameters: Iterable[str] | None = None) -> None:
    """Let ``Config.dest`` take a name.

    :param parameters: the names of ``params`` that it takes; None for any.
    :raises ConfigError: the name cannot be one of several joined with commas.
    """
    if texts(name) != (name,) or "." in name:
        raise ConfigError(bad_value("name", name, "a name without commas, dots and blanks at its ends"))
    _registered[name] = None if parameters is None else tuple(parameters)


def check_destinations(value: object) -> str:
    """The destinations joined with commas; ValueError if one does not exist."""
    names = texts(value)
    spelt = [name.lower() if name.lower() in BUILT_IN else name for name in names]
    if not spelt or not all(name in BUILT_IN or name in _registered for name in spelt):
        known = known_destinations()
        if not spelt or not all(name in known for name in spelt):
            raise ValueError(", ".join(known))
    return ",".join(dict.fromkeys(spelt))


def known_destinations() -> list[str]:
    """Every name that exists: built in, registered, or an entry point of an installed package."""
    from importlib.metadata import entry_points

    return list(dict.fromkeys([*BUILT_IN, *_registered, *(each.name for each in entry_points(group=_ENTRY_POINTS))]))


def parameters_of(dest: str) -> tuple[str, ...] | None:
    """The names of the parameters that the destination takes; None if it takes any."""
    return _registered[dest] if dest in _registered else BUILT_IN.get(dest)

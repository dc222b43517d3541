"""Writers by the name of their destination: built in, registered by the program, or installed with a package."""

from __future__ import annotations

from glimpse.errors import ConfigError, bad_value, unknown_name
from glimpse.light import import_module
from glimpse.writers.base import BaseWriter, WriterConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["BUILT_IN", "ENTRY_POINTS", "built_in_writer", "names", "open_writer", "register_writer", "writer_class"]

ENTRY_POINTS: Final = "glimpse.writers"
"""The group of entry points in which packages name their writer classes."""

BUILT_IN: Final = {
    "jsonl": "jsonl:JsonlWriter",
    "json": "json_array:JsonWriter",
    "sqlite": "sqlite.writer:SqliteWriter",
    "mongo": "mongo.writer:MongoWriter",
    "otlp": "otlp.writer:OtlpWriter",
    "journal": "journal.writer:JournalWriter",
    "logging": "log_records:LoggingWriter",
}
"""Module in this package and class of each writer, imported when it is used."""

_registered: dict[str, type[BaseWriter]] = {}


def register_writer(name: str, cls: type[BaseWriter]) -> None:
    """Let ``dest=name`` mean this class. A name may be registered again, and may hide a built-in one.

    :raises ConfigError: the name has a comma or a dot in it, or the class is not a writer.
    """
    if not name.strip() or set(",.") & set(name):
        raise ConfigError(bad_value("name", name, "text without commas and dots"))
    if not _is_writer(cls):
        raise ConfigError(bad_value("cls", cls, "a subclass of glimpse.BaseWriter"))
    _registered[name] = cls


def writer_class(name: str) -> type[BaseWriter]:
    """The class that is registered, built in or installed under a name.

    :raises ConfigError: there is none, or it cannot be imported.
    """
    if name in _registered:
        return _registered[name]
    if name in BUILT_IN:
        return built_in_writer(name)
    return _installed(name)


def built_in_writer(name: str) -> type[BaseWriter]:
    """The class of one of ``BUILT_IN``, also where a registered one hides it.

    :raises ConfigError: it needs more than the base install.
    """
    module, _, attribute = BUILT_IN[name].partition(":")
    try:
        found: type[BaseWriter] = getattr(import_module(f"glimpse.writers.{module}"), attribute)
    except ImportError as error:
        raise ConfigError(
            f"dest {name} needs more than the base install ({error}): pip install 'glimpse[{name}]'"
        ) from None
    return found


def open_writer(config: WriterConfig) -> BaseWriter:
    """The writer that a configuration describes; with several destinations, one that feeds them all.

    :raises ConfigError: a destination does not exist or refuses a parameter.
    :raises WriterError: a destination cannot be opened.
    """
    opened: dict[str, BaseWriter] = {}
    try:
        for name in config.dests:
            opened[name] = writer_class(name).from_config(config, name)
    except BaseException:
        for writer in opened.values():
            writer.close()
        raise
    if len(opened) == 1:
        return next(iter(opened.values()))
    from glimpse.writers.fanout import FanOut

    return FanOut(opened)


def names() -> list[str]:
    """The name of every writer there is."""
    from importlib.metadata import entry_points

    return list(dict.fromkeys([*BUILT_IN, *_registered, *(point.name for point in entry_points(group=ENTRY_POINTS))]))


def _installed(name: str) -> type[BaseWriter]:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            cls = point.load()
        except Exception as error:
            raise ConfigError(f"dest {name}: cannot load {point.value}: {error}") from error
        if not _is_writer(cls):
            raise ConfigError(f"dest {name}: {point.value} is not a subclass of glimpse.BaseWriter")
        found: type[BaseWriter] = cls
        return found
    raise ConfigError(unknown_name("dest", name, names()))


def _is_writer(cls: object) -> bool:
    return isinstance(cls, type) and issubclass(cls, BaseWriter)

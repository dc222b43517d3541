"""Which parameter goes to which destination, from the source that comes first."""

from __future__ import annotations

from glimpse.config.destinations import BUILT_IN, parameters_of
from glimpse.config.options import parsed
from glimpse.config.sources import Source
from glimpse.errors import ConfigError, unknown_name
from glimpse.parsers import file_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

__all__ = ["Chosen", "choose", "spelt"]

Chosen: TypeAlias = "dict[tuple[str, str], tuple[Any, str]]"
"""By destination and parameter: the value, and the name of its source."""

_PATH = "_path"
"""What the names of parameters end in that are paths."""


def choose(dests: Sequence[str], sources: Sequence[Source]) -> Chosen:
    """The parameters of the destinations; of two sources the first counts.

    :raises ConfigError: no destination takes the parameter, it is no path where one is wanted, or two destinations
        would write to one file.
    """
    chosen: Chosen = {}
    for source in sources:
        given = source.params(dests)
        _check_names(given, dests, source)
        for dest in dests:
            for name, key in _meant_for(dest, dests, given):
                if given[key] is not None and (dest, name) not in chosen:
                    chosen[dest, name] = (_value(name, given[key], key, source), source.name)
    _check_files(chosen)
    return chosen


def spelt(chosen: Chosen) -> dict[tuple[str, str], str]:
    """The key of each in ``Config.params``: its name, or ``dest.name`` where several destinations take that name."""
    names = [name for _, name in chosen]
    return {(dest, name): name if names.count(name) == 1 else f"{dest}.{name}" for dest, name in chosen}


def _meant_for(dest: str, dests: Sequence[str], given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of parameters of the destination, each with the key that it is given under."""
    accepted = parameters_of(dest)
    own = f"{dest}."
    for key in sorted(given, key=lambda key: not key.startswith(own)):
        name = key.removeprefix(own)
        if name in accepted if accepted is not None else name != key or not _claimed(key, dests):
            yield name, key


def _claimed(key: str, dests: Sequence[str]) -> bool:
    """Whether a parameter belongs to a destination that has said what it takes, or to another one by its prefix."""
    return key.partition(".")[0] in dests or any(key in (parameters_of(dest) or ()) for dest in dests)


def _check_names(given: Mapping[str, Any], dests: Sequence[str], source: Source) -> None:
    """Refuse what no chosen destination takes; a file may also have what is for others."""
    considered = dests if source.name == "constructor" else tuple(dict.fromkeys([*dests, *BUILT_IN]))
    accepted = {dest: parameters_of(dest) for dest in considered}
    names = {name for taken in accepted.values() for name in taken or ()}
    for key in given:
        dest, _, name = key.rpartition(".")
        taken = accepted.get(dest, ()) if dest else tuple(names)
        if taken is None or name in taken or (not dest and None in accepted.values()):
            continue
        place = f"{source.name}: " if source.folder else ""
        raise ConfigError(place + unknown_name(f"parameter of dest {','.join(dests)}", key, sorted(names)))


def _check_files(chosen: Chosen) -> None:
    writers: dict[str, str] = {}
    for (dest, name), (value, _) in chosen.items():
        if name in ("log_path", "db_path"):
            other = writers.setdefault(value, dest)
            if other != dest:
                message = f"option {name}: {other} and {dest} would both write {value}"
                raise ConfigError(f"{message}; give {other}.{name} and {dest}.{name}")


def _value(name: str, value: object, key: str, source: Source) -> Any:
    return parsed(file_path, value, source.label(key), source.folder) if name.endswith(_PATH) else value

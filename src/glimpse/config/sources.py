"""Where values come from: the constructor, the environment, and the project's ``pyproject.toml``."""

from __future__ import annotations

import os

from glimpse.compat import parse_toml
from glimpse.config.destinations import BUILT_IN, parameters_of
from glimpse.config.options import PREFIX, Option
from glimpse.errors import ConfigError, bad_value, nearest, unknown_name
from glimpse.policy import closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any
else:  # from where `collections.abc` has it
    from _collections_abc import Mapping

__all__ = ["Source", "constructor", "environment", "parameter_variable", "pyproject"]

_ONLY_VARIABLES = ("GLIMPSE_AUTO", "GLIMPSE_INCLUDE", "GLIMPSE_RUN_STATS")
_FILE_VARIABLES = {"GLIMPSE_LOG_PATH": "log_path", "GLIMPSE_DB_PATH": "db_path"}
_MISSPELT = 0.85
"""How alike an unknown variable has to be to a known one to be taken for a mistake, not for somebody else's."""


class Source:
    """Values from one place, by the names of their options.

    :param params: the parameters for some destinations, by name, or by ``dest.name`` where they are for that one only.
    :param label: how an option is written there.
    :param folder: what relative paths count from; the working directory if None.
    """

    __slots__ = ("folder", "label", "name", "params", "values")

    def __init__(
        self,
        name: str,
        values: Mapping[str, Any],
        params: Callable[[Sequence[str]], Mapping[str, Any]],
        label: Callable[[str], str] = str,
        folder: str | None = None,
    ) -> None:
        self.name = name
        self.values = values
        self.params = params
        self.label = label
        self.folder = folder


def constructor(values: Mapping[str, Any], params: object) -> Source:
    """What the constructor was given."""
    return Source("constructor", values, lambda dests: _flat(params, dests, "params"))


def environment(options: Sequence[Option]) -> Source:
    """What the environment says.

    :raises ConfigError: there is a variable whose name is nearly that of an option.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX) and value.strip()}
    variables = {option.name: option.variable for option in options}
    known = {*variables.values(), *_FILE_VARIABLES, *_ONLY_VARIABLES}
    known.update(parameter_variable(dest, name) for dest, names in BUILT_IN.items() for name in names)
    for name in given:
        if name not in known and (meant := _nearly(name, known)):
            raise ConfigError(f"unknown environment variable {name!r}; did you mean {meant!r}?")

    def params(dests: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {key: given[name] for name, key in _FILE_VARIABLES.items() if name in given}
        for dest in dests:
            found.update(_of_destination(dest, given))
        return found

    values = {name: given[variable] for name, variable in variables.items() if variable in given}
    return Source("environment", values, params, label=lambda name: variables.get(name, name))


def parameter_variable(dest: str, name: str) -> str:
    """The environment variable of a destination's parameter: ``GLIMPSE_MONGO_URI``."""
    return f"{PREFIX}{dest}_{name}".upper().replace("-", "_")


def pyproject(options: Sequence[Option]) -> Source | None:
    """What ``[tool.glimpse]`` in the closest ``pyproject.toml`` that has it says.

    :raises ConfigError: the file is not valid, or the table has an unknown key.
    """
    tables: dict[str, Mapping[str, Any]] = {}

    def has_table(path: str) -> bool:
        table = _table(path)
        if table is not None:
            tables[path] = table
        return table is not None

    path = closest("pyproject.toml", wanted=has_table)
    if path is None:
        return None
    table = tables[path]
    names = [option.name for option in options]
    for key in table:
        if key not in (*names, "params"):
            raise ConfigError(f"{path}: {unknown_name('key of [tool.glimpse]', key, [*names, 'params'])}")
    return Source(
        path,
        {name: table[name] for name in names if name in table},
        lambda dests: _flat(table.get("params"), (*BUILT_IN, *dests), f"params in {path}"),
        label=lambda name: f"{name} in {path}",
        folder=os.path.dirname(path),
    )


def _of_destination(dest: str, given: Mapping[str, str]) -> dict[str, str]:
    names = parameters_of(dest)
    if names is None:  # any are taken
        prefix = parameter_variable(dest, "")
        names = tuple(variable[len(prefix) :].lower() for variable in given if variable.startswith(prefix))
    variables = {f"{dest}.{name}": parameter_variable(dest, name) for name in names}
    return {key: given[variable] for key, variable in variables.items() if variable in given}


def _table(path: str) -> Mapping[str, Any] | None:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    if not any(map(_may_begin_table, content.splitlines())):
        return None
    try:
        tool = parse_toml(content.decode()).get("tool", {})
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    table = tool.get("glimpse") if isinstance(tool, Mapping) else None
    if table is not None and not isinstance(table, Mapping):
        raise ConfigError(f"{path}: {bad_value('tool.glimpse', table, 'a table')}")
    return table


def _may_begin_table(line: bytes) -> bool:
    """Whether a line may be where ``tool.glimpse`` is: a header, or a key that has one of the two names in it.

    A project that traces with Glimpse names it among what it depends on too, and reading all of a TOML file takes as
    long as the rest of a start.
    """
    if b"glimpse" not in line:
        return False
    key, equals, _ = line.partition(b"=")
    if line.lstrip().startswith(b"["):
        return True
    names_it = b"glimpse" in key or b"tool" in key
    return bool(equals) and names_it and not (key.count(b'"') % 2 or key.count(b"'") % 2)


def _flat(params: object, dests: Sequence[str], label: str) -> dict[str, Any]:
    """Parameters with those of one destination, ``{"jsonl": {"log_path": …}}``, as ``jsonl.log_path``."""
    if params is None:
        return {}
    if not isinstance(params, Mapping) or not all(isinstance(key, str) for key in params):
        raise ConfigError(bad_value(label, params, "a mapping of names to values, such as {'log_path': 'a.jsonl'}"))
    flat: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping) and key in dests:
            flat.update({f"{key}.{name}": inner for name, inner in value.items()})
        else:
            flat[key] = value
    return flat


def _nearly(variable: str, known: set[str]) -> str | None:
    short = {name.removeprefix(PREFIX): name for name in known}
    found = nearest(variable.removeprefix(PREFIX), short, similarity=_MISSPELT)
    return short[found] if found else None

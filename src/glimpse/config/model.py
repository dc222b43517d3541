"""The configuration: every option with its default, and where its value came from."""

from __future__ import annotations

import os

from glimpse.config.destinations import check_destinations, known_destinations
from glimpse.config.options import Option, declare
from glimpse.config.parameters import Chosen, choose, spelt
from glimpse.config.program import program_name
from glimpse.config.sources import Source, constructor, environment, parameter_variable, pyproject
from glimpse.errors import ConfigError, refuse_unknown_keywords
from glimpse.parsers import Redaction, choice, file_path, flag, redactions, seconds, text, whole

TYPE_CHECKING = False
if not TYPE_CHECKING:
    from glimpse.light import KW_ONLY, field, fields, record
else:  # what is read last is what the reference shows
    from collections.abc import Mapping, Sequence
    from dataclasses import KW_ONLY, field, fields
    from dataclasses import dataclass as record
    from typing import Any, Final

    from glimpse.config.secrets import Setting

__all__ = ["CORES", "LEVELS", "OPTIONS", "Config"]

LEVELS: Final = ("DEBUG", "INFO", "ERROR")
CORES: Final = ("auto", "monitoring", "settrace")
_NOT_GIVEN: Any = None
_MAY_LOSE = frozenset({"otlp", "logging"})
"""Destinations that wait for another machine at each batch, or for the program's own handlers, which may wait for a
call: they rather lose entries than hold calls up."""


def _overflow(config: Config) -> str:
    return "drop" if _MAY_LOSE.issuperset(config.dests) else "block"


def _interval(value: object) -> float:
    found = seconds(value)
    if not found:
        raise ValueError("a number of seconds above 0, or a time such as '200ms'")
    return found


def _trace_ids(config: Config) -> bool:
    return "otlp" in config.dests


def _service(_: Config) -> str:
    return program_name()


@refuse_unknown_keywords(ConfigError)
@record(frozen=True, repr=False)
class Config:
    """Where entries go and what they hold. Immutable; every value is checked when it is built.

    What is not given, or None, comes from the environment, else from ``[tool.glimpse]`` in the project's
    ``pyproject.toml``, else is the default. Relative paths count from the working directory, in ``pyproject.toml``
    from its folder. ``params`` are the options of the destination; with several destinations, ``jsonl.log_path`` or
    ``{"jsonl": {"log_path": …}}`` means one of them only. The declarations below say what each option means.

    :raises ConfigError: an option does not exist or a value is not accepted; the message says what is.
    """

    dest: str = field(
        default=_NOT_GIVEN,
        metadata=declare(
            check_destinations,
            "jsonl",
            "where entries go: jsonl, json, sqlite, mongo, otlp, journal, logging or your own; several joined with ','",
            names=known_destinations,
        ),
    )
    level: str = field(
        default=_NOT_GIVEN,
        metadata=declare(
            choice(*LEVELS),
            "INFO",
            "DEBUG (also suspensions of generators and coroutines, files and lines), INFO, "
            "or ERROR (only calls that end in an exception)",
            names=LEVELS,
        ),
    )
    max_field_length: int = field(
        default=_NOT_GIVEN,
        metadata=declare(whole(1), 512, "characters after which the text of a value is cut"),
    )
    params: Mapping[str, Any] = field(default=_NOT_GIVEN, hash=False)
    enable_trace_id: bool = field(
        default=_NOT_GIVEN,
        metadata=declare(
            flag,
            _trace_ids,
            "W3C trace and span ids in the entries",
            variable="GLIMPSE_TRACE_ID",
            default_text="false; true for otlp",
        ),
    )
    _: KW_ONLY
    service: str = field(
        default=_NOT_GIVEN,
        metadata=declare(text, _service, "name of the traced program", default_text="the script's name"),
    )
    redact: Sequence[Redaction] = field(
        default=_NOT_GIVEN,
        metadata=declare(
            redactions,
            (),
            "names whose values are hidden, besides the usual ones; regular expressions between slashes",
            default_text="none",
        ),
    )
    policy: str | os.PathLike[str] | None = field(
        default=_NOT_GIVEN,
        metadata=declare(
            file_path, None, "policy file", default_text="the closest glimpse-policy.json above the main script"
        ),
    )
    cache_dir: str | os.PathLike[str] | None = field(
        default=_NOT_GIVEN,
        metadata=declare(
            file_path, None, "folder for rewritten modules", default_text="next to each source's __pycache__"
        ),
    )
    correlation_id: str | None = field(
        default=_NOT_GIVEN,
        metadata=declare(text, None, "an id that every entry carries", default_text="none"),
    )
    flush_interval: float = field(
        default=_NOT_GIVEN,
        metadata=declare(_interval, 0.2, "seconds after which entries are written at the latest"),
    )
    overflow: str = field(
        default=_NOT_GIVEN,
        metadata=declare(
            choice("block", "drop"),
            _overflow,
            "what happens when entries come faster than they are written: calls wait (block), or entries are lost "
            "and counted (drop)",
            default_text="block; drop for otlp and logging",
        ),
    )
    buffer_size: int = field(
        default=_NOT_GIVEN,
        metadata=declare(whole(1), 65_536, "events held in memory before overflow applies"),
    )
    max_items: int = field(
        default=_NOT_GIVEN,
        metadata=declare(whole(1), 200, "items shown of a container"),
    )
    max_depth: int = field(
        default=_NOT_GIVEN,
        metadata=declare(whole(1), 16, "levels shown of containers in containers"),
    )
    dynamic: str = field(
        default=_NOT_GIVEN,
        metadata=declare(
            choice(*CORES),
            "auto",
            "how dynamic mode traces: by sys.monitoring (Python 3.12 and later), by sys.settrace, or by the faster of "
            "those that there are (auto)",
            names=CORES,
        ),
    )
    flush_on_sigterm: bool = field(
        default=_NOT_GIVEN,
        metadata=declare(
            flag, False, "write everything before SIGTERM ends the program, where it has no handler of its own"
        ),
    )

    propagate: bool = field(
        default=_NOT_GIVEN,
        metadata=declare(
            flag, False, "outgoing requests and child processes carry the trace and the correlation id of their call"
        ),
    )

    def __post_init__(self) -> None:
        given = {option.name: getattr(self, option.name) for option in OPTIONS}
        sources = [constructor(given, self.params), environment(OPTIONS)]
        file = pyproject(OPTIONS)
        if file is not None:
            sources.append(file)
        origins: dict[str, str] = {}
        for option in OPTIONS:
            value, origins[option.name] = self._resolved(option, sources)
            object.__setattr__(self, option.name, value)
        chosen = choose(self.dests, sources)
        keys = spelt(chosen)
        object.__setattr__(self, "params", {keys[place]: value for place, (value, _) in chosen.items()})
        object.__setattr__(self, "_origins", origins)
        object.__setattr__(self, "_folder", _working_directory())
        object.__setattr__(self, "_chosen", chosen)

    def _resolved(self, option: Option, sources: Sequence[Source]) -> tuple[Any, str]:
        for source in sources:
            value = source.values.get(option.name)
            if value is not None:
                return option.read(value, source.label(option.name), source.folder), source.name
        return option.default(self) if callable(option.default) else option.default, "default"

    @property
    def dests(self) -> tuple[str, ...]:
        """The names that ``dest`` joins."""
        return tuple(self.dest.split(","))

    def params_for(self, dest: str) -> dict[str, Any]:
        """The parameters of one of the destinations, by their plain names."""
        return {name: value for (taker, name), (value, _) in self._chosen_params().items() if taker == dest}

    @property
    def folder(self) -> str:
        """The working directory when it was built, from which paths count that are not given."""
        folder: str = self.__dict__["_folder"]
        return folder

    def describe(self) -> list[Setting]:
        """Every option and given parameter with its value, passwords hidden, and the place that it came from."""
        from glimpse.config.secrets import Setting, masked

        origins: dict[str, str] = self.__dict__["_origins"]
        settings = [Setting(name, masked(name, getattr(self, name)), source) for name, source in origins.items()]
        chosen = self._chosen_params()
        keys = spelt(chosen)
        return settings + [
            Setting(f"params.{keys[place]}", masked(place[1], value), source)
            for place, (value, source) in chosen.items()
        ]

    def to_environment(self) -> dict[str, str]:
        """The environment variables from which a child process builds a configuration that means the same.

        Parameters that are no text, number or yes/no cannot be said there, and are left out.
        """
        origins: dict[str, str] = self.__dict__["_origins"]
        values = {
            option.variable: getattr(self, option.name) for option in OPTIONS if origins[option.name] != "default"
        }
        for (dest, name), (value, _) in self._chosen_params().items():
            values[parameter_variable(dest, name)] = value
        return {variable: _as_text(value) for variable, value in values.items() if _is_sayable(value)}

    def __repr__(self) -> str:
        shown = {setting.name: setting.value for setting in self.describe() if setting.source != "default"}
        params = {name.removeprefix("params."): shown.pop(name) for name in list(shown) if name.startswith("params.")}
        values = {"dest": self.dest, "level": self.level} | shown | ({"params": params} if params else {})
        return f"Config({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    def _chosen_params(self) -> Chosen:
        chosen: Chosen = self.__dict__["_chosen"]
        return chosen


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was removed
        return ""


def _is_sayable(value: object) -> bool:
    return isinstance(value, str | int | float | tuple | os.PathLike)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


OPTIONS: Final[tuple[Option, ...]] = tuple(
    option.metadata["option"](option.name) for option in fields(Config) if "option" in option.metadata
)
"""Every option of ``Config``, in its order: what the environment, files, the command line and the docs derive from."""

"""From pytest's options to a tracer that records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glimpse.config import OPTIONS, Config
from glimpse.config.arguments import pairs
from glimpse.errors import ConfigError, GlimpseError, bad_value
from glimpse.parsers import texts, whole
from glimpse.policy import Decider, PolicySet, TracingPolicy, find_policy_file, project_packages
from glimpse.pytest_plugin import CONFIG_OPTIONS
from glimpse.pytest_plugin.memory import MemoryWriter
from glimpse.pytest_plugin.recording import Recording
from glimpse.pytest_plugin.reporting import Reporting
from glimpse.tracer import Tracer, current, register_writer

__all__ = ["Settings", "start"]

_DEST = "pytest"
_LINES = 40


@dataclass(frozen=True)
class Settings:
    """What pytest's options say. ``values`` are those of ``Config``, as given."""

    values: dict[str, Any]
    lines: int
    slow: int

    def config(self, **changes: Any) -> Config:
        """The configuration, with changes for one test. Whatever the destination, entries are kept in memory too.

        :raises ConfigError: a value is not accepted.
        """
        values = {**self.values, **changes}
        dest = values.get("dest")
        return Config(**{**values, "dest": f"{_DEST},{dest}" if dest else _DEST})


def start(config: pytest.Config, given: Any) -> None:
    """Record from now on, and register what reports it. In a process that only hands tests out, report only.

    :param given: the options of the command line.
    :raises pytest.UsageError: an option's value is not accepted, or nothing says what to record.
    """
    try:
        settings = _settings(config, given)
        memory = MemoryWriter(with_times=settings.slow > 0)
        _register(memory)
        policy, recorded = _policy(config, given, settings.config())
        already = current()
        if already is not None:
            recorded = f"nothing, as this process is traced already (to {already.config.dest})"
        elif not _only_hands_out(given):
            tracer = Tracer(settings.config(), policy).install()
            config.add_cleanup(tracer.close)
            recording = Recording(config, settings, memory, tracer)
            config.pluginmanager.register(recording, "glimpse-recording")
    except GlimpseError as error:
        raise pytest.UsageError(f"glimpse: {error}") from None
    config.pluginmanager.register(Reporting(recorded, settings.slow, explains=already is None), "glimpse-reporting")


def _settings(config: pytest.Config, given: Any) -> Settings:
    values: dict[str, Any] = {}
    for option in OPTIONS:
        if option.name not in CONFIG_OPTIONS:
            continue
        value = config.getini(f"glimpse_{option.name}")
        if value != "":
            values[option.name] = option.read(value, f"glimpse_{option.name}", str(config.rootpath))
    params = dict(pairs(config.getini("glimpse_params"), "glimpse_params"))
    if params:
        values["params"] = params
    return Settings(values, _number(config, given, "lines", 1) or _LINES, _number(config, given, "slow", 0) or 0)


def _number(config: pytest.Config, given: Any, name: str, least: int) -> int | None:
    value = getattr(given, f"glimpse_{name}") or config.getini(f"glimpse_{name}")
    if value == "":
        return None
    try:
        found: int = whole(least)(value)
    except ValueError as error:
        raise ConfigError(bad_value(f"--glimpse-{name}", value, str(error))) from None
    return found


def _policy(config: pytest.Config, given: Any, ours: Config) -> tuple[Decider, str]:
    """What is recorded, and how the header says it."""
    included = texts(",".join(given.glimpse_include or config.getini("glimpse_include")))
    root = config.rootpath
    if included:
        return TracingPolicy(included_packages=included, root=root), ", ".join(included)
    file = ours.policy or find_policy_file(config.invocation_params.dir) or find_policy_file(root)
    if file is not None:
        path = Path(file)
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        return PolicySet.from_file(path), f"what {inside} includes"
    packages = project_packages(str(root))
    if not packages:
        raise ConfigError(f"no glimpse-policy.json and no package in {root}: name --glimpse-include PACKAGES")
    found = TracingPolicy(included_packages=packages, root=root)
    return found, f"{', '.join(packages)} (no policy file; --glimpse-include or glimpse init says otherwise)"


def _only_hands_out(given: Any) -> bool:
    """Whether this process leaves the tests to the workers of pytest-xdist."""
    workers = getattr(given, "numprocesses", None) or getattr(given, "tx", None)
    return bool(workers) and "PYTEST_XDIST_WORKER" not in os.environ


def _register(memory: MemoryWriter) -> None:
    class Here(MemoryWriter):
        @classmethod
        def from_config(cls, config: Any, name: str) -> MemoryWriter:
            return memory

    register_writer(_DEST, Here)

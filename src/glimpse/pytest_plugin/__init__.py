"""The pytest plugin: ``pytest --glimpse`` shows the calls that led to each failure.

This module is imported by every pytest run where Glimpse is installed, so it imports nothing but pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

__all__ = ["CONFIG_OPTIONS", "pytest_addoption", "pytest_configure", "pytest_load_initial_conftests"]

CONFIG_OPTIONS: Final = (
    "dest", "level", "max_field_length", "enable_trace_id", "service", "redact", "policy", "cache_dir",
    "correlation_id", "flush_interval", "overflow", "buffer_size", "max_items", "max_depth", "flush_on_sigterm",
    "dynamic", "propagate",
)  # fmt: skip
"""The options of ``glimpse.Config``: each is an ini option ``glimpse_<name>`` and an argument of the marker."""

_MARKER: Final = "glimpse(**options): options of glimpse.Config for this test, where --glimpse is given"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add = parser.getgroup("glimpse", "call trees of failing tests").addoption
    add("--glimpse", action="store_true", dest="glimpse", default=None, help="show the calls that led to each failure")
    add("--no-glimpse", action="store_false", dest="glimpse", default=None, help="do not, whatever the ini file says")
    add(
        "--glimpse-include",
        action="append",
        default=[],
        metavar="PACKAGES",
        help="record these packages, instead of what a policy file says; may be repeated",
    )
    add("--glimpse-slow", metavar="N", help="show the N functions with the most own time of each test")
    add("--glimpse-lines", metavar="N", help="at most so many lines for a call tree (default 40)")
    ini = parser.addini
    ini("glimpse", "show the calls that led to each failure (--glimpse)", type="bool", default=False)
    ini("glimpse_include", "packages to record (--glimpse-include)", type="args", default=[])
    ini("glimpse_slow", "slowest functions to show of each test (--glimpse-slow)", default="")
    ini("glimpse_lines", "lines for a call tree (--glimpse-lines)", default="")
    for name in CONFIG_OPTIONS:
        ini(f"glimpse_{name}", f"option {name} of glimpse.Config", default="")
    ini("glimpse_params", "options of the destination, NAME=VALUE, one a line", type="linelist", default=[])


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Begin before any conftest file imports what is to be recorded."""
    _start(early_config, early_config.known_args_namespace)
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and begin now if a conftest file has loaded the plugin."""
    config.addinivalue_line("markers", _MARKER)
    _start(config, config.option)


def _start(config: pytest.Config, given: Any) -> None:
    if given.glimpse is False or config.pluginmanager.has_plugin("glimpse-reporting"):
        return
    asked = given.glimpse or given.glimpse_include or given.glimpse_slow or given.glimpse_lines
    if asked or config.getini("glimpse"):
        from glimpse.pytest_plugin.starting import start

        start(config, given)

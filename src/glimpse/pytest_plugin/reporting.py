"""Before and after the tests: what is recorded, and the slowest functions of each test."""

from __future__ import annotations

import shutil
from typing import Any, Final

import pytest

from glimpse.pytest_plugin.recording import SLOW, TITLE
from glimpse.views.text.style import clean, count_of, duration

__all__ = ["Reporting"]

_MOST_TESTS: Final = 20
_TIME_WIDTH: Final = 9


class Reporting:
    """The part of the plugin that talks to the user.

    :param recorded: what is recorded, in words.
    :param slow: how many functions to show of each test; 0 for none.
    :param explains: whether failures are to have call trees, so that it is said where none has.
    """

    def __init__(self, recorded: str, slow: int, *, explains: bool) -> None:
        self._recorded = recorded
        self._slow = slow
        self._tests: list[tuple[str, list[list[Any]]]] = []
        self._explains = explains
        self._failed = self._explained = False

    def pytest_report_header(self) -> str:
        """Say what is recorded."""
        return f"glimpse: recording {self._recorded}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist how wide the terminal is: it has none."""
        node.workerinput["glimpse_width"] = shutil.get_terminal_size().columns

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test has brought."""
        self._failed |= report.failed
        self._explained |= report.failed and any(title.startswith(TITLE) for title, _ in report.sections)
        rows = getattr(report, SLOW, None)
        if rows:
            self._tests.append((report.nodeid, rows))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so where failures have no call tree, and list the slowest functions of the slowest tests."""
        if self._explains and self._failed and not self._explained:
            terminalreporter.line(f"glimpse: no call tree, because what failed called nothing of {self._recorded}")
        if self._slow:
            self._list_slowest(terminalreporter)

    def _list_slowest(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("slowest functions by their own time (glimpse)")
        tests = sorted(self._tests, key=lambda test: -sum(row[2] for row in test[1]))
        most = len(tests) if terminalreporter.config.option.verbose > 1 else _MOST_TESTS
        for nodeid, rows in tests[:most]:
            terminalreporter.line(nodeid, bold=True)
            for function, calls, self_ms in rows:
                time = duration(self_ms).rjust(_TIME_WIDTH)
                terminalreporter.line(f"{time}  {clean(function)}  {count_of(calls, 'call')}")
        if len(tests) > most:
            terminalreporter.line(f"… and {count_of(len(tests) - most, 'more test')} (-vv shows all)")
        if not tests:
            terminalreporter.line(f"no call was recorded of {self._recorded}")

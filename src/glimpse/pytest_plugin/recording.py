"""While tests run: which calls belong to which test, and the call trees of those that fail."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

from glimpse.errors import GlimpseError
from glimpse.traces.calls import Call
from glimpse.traces.trim import trimmed
from glimpse.views.text.style import Style, count_of
from glimpse.views.text.tree import totals_line, trees_text

if TYPE_CHECKING:
    from glimpse.pytest_plugin.memory import MemoryWriter, Phase
    from glimpse.pytest_plugin.starting import Settings
    from glimpse.tracer import Tracer

__all__ = ["SLOW", "Recording"]

SLOW: Final = "glimpse_slow"
"""The attribute by which a report carries the slowest functions of its test, also from another process."""

TITLE: Final = "Glimpse call tree"
_MOST_CAUSES: Final = 20


class Recording:
    """The part of the plugin that is there where tests run.

    :param tracer: records into ``memory``.
    """

    def __init__(self, config: pytest.Config, settings: Settings, memory: MemoryWriter, tracer: Tracer) -> None:
        self._config = config
        self._settings = settings
        self._memory = memory
        self._tracer = tracer
        self._phases: dict[str, Phase] = {}
        self._changes = ExitStack()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self) -> Iterator[None]:
        """Show the calls of a module that cannot be imported."""
        self._taken()
        outcome: Any = yield
        report = outcome.get_result()
        if report.failed:
            self._add_section(report, "collect", self._taken(), None)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Begin and end with a test."""
        self._taken()
        self._memory.begin()
        self._phases.clear()
        yield
        self._phases.clear()
        self._changes.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Do as the test's markers say."""
        changes: dict[str, Any] = {}
        for mark in reversed(list(item.iter_markers("glimpse"))):
            if mark.args:
                pytest.fail(f"marker glimpse: options of Config are given by name, not {mark.args!r}", pytrace=False)
            changes.update(mark.kwargs)
        if changes:
            try:
                config = self._settings.config(**changes)
                self._changes.enter_context(self._tracer.reconfigured(config))
            except GlimpseError as error:
                pytest.fail(f"marker glimpse: {error}", pytrace=False)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Add the call trees of the phases so far to the report of one that failed."""
        self._phases[call.when] = self._taken()
        outcome: Any = yield
        report = outcome.get_result()
        if report.failed:
            phases = ["teardown"] if call.when == "teardown" else list(self._phases)
            for when in phases:
                if when in self._phases:
                    self._add_section(report, when, self._phases.pop(when), call.excinfo)
        if call.when == "teardown" and self._memory.table is not None:
            rows = self._memory.table.rows()[: self._settings.slow]
            setattr(report, SLOW, [[row["function"], row["calls"], row["self_ms"]] for row in rows])

    def _taken(self) -> Phase:
        self._tracer.flush()
        return self._memory.take()

    def _add_section(
        self, report: Any, when: str, phase: Phase, excinfo: pytest.ExceptionInfo[BaseException] | None
    ) -> None:
        trees, totals = phase.trees()
        if not trees:
            return
        names = set(_names(excinfo.value)) if excinfo is not None else set()

        def led_here(made: Call) -> bool:
            return made.failed and made.error_type in names

        shown, left_out = trimmed(trees, self._settings.lines, led_here)
        style = self._style()
        lines = list(trees_text(shown, style, why_hidden="left out"))
        if len({id(track) for track, _ in trees}) == 1 and trees[0][0].thread == "MainThread":
            del lines[0]
        if left_out:
            lines.append(f"… and {count_of(left_out, 'more call')}, left out (--glimpse-lines shows more)")
        lines += ["", totals_line(totals)]
        report.sections.append((f"{TITLE} ({when})", "\n".join(map(style.draw, lines))))

    def _style(self) -> Style:
        worker: dict[str, Any] = getattr(self._config, "workerinput", {})
        width = worker.get("glimpse_width") or shutil.get_terminal_size().columns
        ascii_only = Style.of(sys.__stdout__).ascii if sys.__stdout__ is not None else False
        return Style(width, ascii=ascii_only, numbers="dest" in self._settings.values)


def _names(exc: BaseException) -> Iterator[str]:
    """The types, as entries name them, of an exception and of those that it came from."""
    waiting: list[BaseException | None] = [exc]
    for _ in range(_MOST_CAUSES):
        each = waiting.pop(0) if waiting else None
        if each is not None:
            kind = type(each)
            yield kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            waiting += [each.__cause__, each.__context__]

"""Entries as they come, as text."""

from __future__ import annotations

from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.views.text.entries import EntryLines
from glimpse.views.text.style import Style, cells
from tests.traces.recording import Recorder
from tests.traces.strategies import programs


def shown(program: Recorder, width: int = 80) -> list[str]:
    """The lines of a program's entries."""
    entries = EntryLines(Style(width))
    return [line for entry in program.entries for line in entries.lines(entry)]


def test_starts_and_ends() -> None:
    """Arrows out and back, indented by depth, below a heading for each thread."""
    program = Recorder(service="shop")
    with program.call("shop.main.main", "n=1", "0"):
        program.leaf("shop.main.step", "x='a'", "7", ms=1.5)
        program.fail(program.start("shop.work", thread="worker"), ValueError("bad"))
    program.entries.append(dict(program.entries[0], stage="SUSPEND", level="DEBUG"))
    expected = """\
        MainThread · pid 4711 · shop
        10:30:15.123  → shop.main.main(n=1)                                           #1
        10:30:15.123    → shop.main.step(x='a')                                       #2
        10:30:15.124    ← step 1.5 ms → 7                                             #2
        worker · pid 4711 · shop
        10:30:15.124  → shop.work()                                                   #4
        10:30:15.124  ← work 0.0 µs ✗ ValueError: bad                                 #4
        MainThread · pid 4711 · shop
        10:30:15.124  ← main 1.5 ms → 0                                               #1
        10:30:15.123  · main suspended                                                #1"""
    assert "\n".join(shown(program)) == dedent(expected)


@given(programs, st.integers(50, 120))
@settings(max_examples=30)
def test_lines_fit(program: Recorder, width: int) -> None:
    """No line is wider than the terminal, however deep the call."""
    assert max(map(cells, shown(program, width)), default=0) <= width

"""Tables of lines, taken apart and put together, and without what the compiler has guessed."""

from __future__ import annotations

import dis
import sys
from pathlib import Path
from types import CodeType

import pytest

from glimpse.hook.rewrite.lines import without_guesses
from tests.support.codecompare import walk
from tests.support.sidebyside import both, bound, observe

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="the table is of another form")

GUESSED = """\
def f(x):
    try:
        return x
    finally:
        while x:
            x -= 1
            for i in range(0):
                x = never
"""


def positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    """Where each unit of code stands."""
    return list(code.co_positions())  # type: ignore[attr-defined]


def test_tables_without_guesses_stay_as_they_are() -> None:
    """Nothing changes, byte for byte, where nothing is ours."""
    for code in walk(compile(Path(dis.__file__).read_bytes(), dis.__file__, "exec")):
        assert without_guesses(code.co_linetable, []) == code.co_linetable


def test_what_follows_a_guess_keeps_its_place() -> None:
    """Guessed places go, and no other place moves, whatever form the next entry has."""
    for code in walk(compile(Path(dis.__file__).read_bytes(), dis.__file__, "exec")):
        plain = positions(code)
        table = without_guesses(code.co_linetable, range(len(plain)))
        told = [(None,) * 4 if place[2] is None else place for place in plain]
        assert positions(code.replace(co_linetable=table)) == told


def test_a_line_that_is_never_reached_is_never_told() -> None:
    """A return that stands nowhere is not told at the line before it, which may be any."""
    namespace: dict[str, object] = {}
    exec(bound(both(GUESSED)[1]), namespace)
    function = namespace["f"]
    assert callable(function)
    events = observe(function, 2)
    assert "line f:7 " in events
    assert "line f:8 " not in events

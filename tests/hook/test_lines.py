"""Tables of lines, taken apart and put together, and without what the compiler has guessed."""

from __future__ import annotations

import dis
import sys
from pathlib import Path
from types import CodeType

import pytest

from glimpse.hook.rewrite.lines import without_guesses
from tests.support import plain_and_traced, write_files, write_policy
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


TELLS_LINES = """\
import sys
import traceback

def fails(a):
    return (a /
            0)

def where():
    return sys._getframe().f_lineno

try:
    fails(where())
except ZeroDivisionError:
    traceback.print_exc()
print(where(), sorted({line for *_, line in fails.__code__.co_lines() if line}))
"""


def test_code_without_columns_has_its_lines(tmp_path: Path) -> None:
    """Where the interpreter keeps no columns, all lines stay; and what it made then is not for one that keeps them."""
    write_files(tmp_path, {"app.py": TELLS_LINES})
    policy = write_policy(tmp_path, "app")
    for options in (("-X", "no_debug_ranges"), ()):
        plain_and_traced(*options, "app.py", policy=policy, cwd=tmp_path)

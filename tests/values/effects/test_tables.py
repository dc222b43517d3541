"""What is known of modules that the program imports, or does not."""

from __future__ import annotations

from pathlib import Path

from tests.support import run_python


def test_modules_that_are_imported_later(tmp_path: Path) -> None:
    """Functions and classes of modules that came after the look for effects was loaded are known all the same."""
    code = """
    import sys
    from glimpse.values import Limits, Redactor, Renderer, expect_objects
    expect_objects()
    assert not {"decimal", "textwrap", "math", "datetime"} & sys.modules.keys()
    import datetime, decimal, math, textwrap

    class Price:
        def __init__(self):
            self.amount, self.since = decimal.Decimal("1.50"), datetime.datetime(2024, 5, 6)
        def __repr__(self):
            return textwrap.shorten(f"Price {math.floor(2.5)} {self.amount} {self.since}", 40)

    print(*Renderer(Limits(), Redactor()).freeze(Price()))
    """
    assert run_python(code=code, cwd=tmp_path).stdout == "Price 2 1.50 2024-05-06 00:00:00\n"

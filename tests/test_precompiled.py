"""Regular expressions from what they were compiled to: the same patterns as ``re`` makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from glimpse import precompiled
from glimpse.precompiled import compiled, execute, expression, generated
from tests.support import run_python

TEXTS = [
    r"(?s)([0-9a-f]{2})-(-.*)?",
    r"(?i)(?:basic|bearer)[ \t]+(?=\S)",
    r"(?<=[a-z])(?P<upper>[A-Z])|(?P<digit>\d)(?!\d)|\bé+\Z",
    r"(?x) a  b # comment",
    "password|secre|token",
    "(?!)",
]
SAMPLES = ["00-\n-x", "Bearer  é", "aB 12 3 é", "ab", "a secret token", "BASIC\tx", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_kept_gives_the_same_pattern(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds the same, in the same groups, and is equal to the one that ``re`` compiles."""
    monkeypatch.setitem(precompiled.KEPT, text, compiled(text))
    made, usual = expression(text), re.compile(text)
    assert made is not usual
    assert made == usual
    assert (made.flags, made.groups, made.groupindex) == (usual.flags, usual.groups, usual.groupindex)
    for sample in SAMPLES:
        found, expected = (
            [(m.span(), m.groups(), m.lastgroup) for m in each.finditer(sample)] for each in (made, usual)
        )
        assert found == expected


def test_what_was_not_kept_is_compiled_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be kept for the next time."""
    noted: list[str] = []
    monkeypatch.setattr(precompiled, "COMPILED", noted)
    assert expression("not kept by anyone") is re.compile("not kept by anyone")
    assert noted == ["not kept by anyone"]


def test_re_is_not_needed_for_what_was_kept(tmp_path: Path) -> None:
    """Neither to make a pattern nor to find and replace with it."""
    text = r"(?i)(auth|cookie)=\S+"
    code = f"""
    import sys
    from glimpse.precompiled import KEPT, expression
    KEPT[{text!r}] = {compiled(text)!r}
    print(expression({text!r}).sub(lambda found: found[1], "a Cookie=1 b"), "re" in sys.modules)
    """
    assert run_python(code=code, cwd=tmp_path).stdout == "a Cookie b False\n"


def test_code_that_was_kept_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is executed or generated is noted, and taken from what was kept the next time."""
    monkeypatch.setattr(precompiled, "CODE", {"a = 1": generated("a = 2"), "b = 1": generated("b = 2")})
    scope: dict[str, Any] = {}
    execute("a = 1", scope)
    execute("c = 1", scope)
    exec(generated("b = 1"), scope)
    assert (scope["a"], scope["b"], scope["c"]) == (2, 2, 1)
    assert precompiled.CODE["c = 1"] is None

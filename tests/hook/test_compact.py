"""Rewritten code, taken apart to be kept and put together again."""

from __future__ import annotations

import contextlib
import dis
import inspect
import marshal
import subprocess
import textwrap
import typing
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from glimpse.hook.compact import compact, expand
from glimpse.hook.placeholder import hook_name
from glimpse.hook.rewrite import Plan, instrument

_MANY = "\n".join(f"    x = {n}.5" for n in range(300))
LARGE = f"def f(x):\n{_MANY}\n    return x\n\ndef g(x):\n    def h():\n        return x\n{_MANY}\n    return h\n"


class Named(dict[str, object]):
    """In the place of the probe's functions, their names."""

    def __missing__(self, name: str) -> object:
        return self.setdefault(name, ("hook", name))


def whole(code: CodeType) -> CodeType:
    """The code after it has been on disk."""
    return expand(marshal.loads(marshal.dumps(compact(code))), Named())


def alike(code: CodeType, again: CodeType) -> None:
    """Assert that nothing but the order of constants and what stands for the hooks has changed."""
    for name in dir(code):
        if name.startswith("co_") and name not in ("co_consts", "co_code", "co_lnotab"):
            values = [getattr(each, name) for each in (code, again)]
            one, other = (list(each()) if callable(each) else each for each in values)
            assert one == other, name
    before, after = ([(each.opname, _shown(each.argval)) for each in dis.get_instructions(c)] for c in (code, again))
    assert before == after
    assert _docstring(code) == _docstring(again)
    nested = [[each for each in c.co_consts if isinstance(each, CodeType)] for c in (code, again)]
    for one, other in zip(*nested, strict=True):
        alike(one, other)


def _docstring(code: CodeType) -> str | None:
    cells = tuple(CellType() for _ in code.co_freevars)
    return FunctionType(code, {}, None, None, cells).__doc__ if code.co_flags & inspect.CO_NEWLOCALS else None


def _shown(value: Any) -> str:
    if isinstance(value, CodeType):
        return value.co_name
    if type(value) is frozenset and (name := hook_name(value)) is not None:
        return _shown(("hook", name))
    return f"{type(value)} {sorted(map(_shown, value)) if isinstance(value, frozenset) else repr(value)}"


@pytest.mark.parametrize("module", [contextlib, dis, subprocess, textwrap, typing])
def test_code_is_the_same_after_it_was_kept(module: ModuleType) -> None:
    """Every attribute, instruction and constant of every function comes back, with hooks in their places."""
    path = str(module.__file__)
    code = instrument(Path(path).read_bytes(), path, Plan(module.__name__)).code
    alike(code, whole(code))


def test_functions_with_very_many_constants_are_kept_too() -> None:
    """A constant whose number does not fit into one byte, in a function and in one that holds another."""
    code = instrument(LARGE.encode(), "large.py", Plan("large")).code
    again = whole(code)
    alike(code, again)


def test_without_hooks_code_is_kept_as_it_is() -> None:
    """Nothing is taken apart where nothing is to be put in."""
    code = compile("class A:\n    def f(self): return 1\n", "plain.py", "exec")
    kept = compact(code)
    assert kept == (code, ())
    assert expand(kept, {}) is code

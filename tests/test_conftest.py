"""The fixture that keeps the interpreter clean catches what it is there to catch."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LEAKS = {
    "import hooks": "sys.meta_path.append(type('Finder', (), {'find_spec': lambda *a: None}))",
    "trace function": "sys.settrace(lambda *a: None)",
    "environment": "os.environ['GLIMPSE_LEAK'] = '1'",
    "threads": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "signal handlers": "signal.signal(signal.SIGTERM, lambda *a: None)",
    "recursion limit": "sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
}


def test_leaks_are_named(pytester: pytest.Pytester) -> None:
    """A test that leaves something behind fails with the name of what it left; one that puts it back passes."""
    pytester.makeini(f"[pytest]\npythonpath = {ROOT}\n")
    pytester.makeconftest("from tests.conftest import clean_interpreter\n__all__ = ['clean_interpreter']\n")
    tests = [f"def test_{name.replace(' ', '_')}():\n    {leak}\n" for name, leak in LEAKS.items()]
    fine = "def test_fine(monkeypatch):\n    monkeypatch.setenv('GLIMPSE_LEAK', '2')\n"
    pytester.makepyfile("import os, signal, sys, threading, time\n" + "\n".join([*tests, fine]))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=len(LEAKS) + 1, errors=len(LEAKS))
    result.stdout.fnmatch_lines_random([f"E*{name}: was *, is *" for name in LEAKS])

"""Test modules that pytest rewrites for their assertions are traced as well, and report what they report without us."""

from __future__ import annotations

import re
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import AssertionRewriter

import glimpse
from glimpse.hook.loader import instrument_spec
from tests.support import Run, run_python, run_traced, write_files, write_policy

PROJECT = {
    "conftest.py": """
        import pytest
        @pytest.fixture
        def one():
            yield 1
    """,
    "tests/__init__.py": "",
    "tests/test_values.py": '''
        """Every way in which an assertion can be shown."""
        import pytest
        def double(x):
            assert isinstance(x, int), f"not a number: {x}"
            return 2 * x
        def test_passes(one): assert double(one) == 2
        def test_compares(one):
            assert double(one) == 3, "with a message"
        def test_calls():
            assert double("x")
        def test_walrus():
            assert (n := double(1)) == 3 and n
        def answers():
            assert (yield 1) == {"a": 1}
            assert not (yield 2)
        def test_yields():
            found = answers()
            next(found)
            assert found.send({"a": 1}) == 2
            found.send("text")
        def test_locals():
            z = [1]
            assert z
            print(sorted(locals()))
            assert z == [2]
        @pytest.mark.parametrize("x", [1, 2])
        def test_each(x):
            with pytest.raises(ValueError):
                assert x == 1
                raise ValueError
    ''',
    "tests/test_left_alone.py": '"""PYTEST_DONT_REWRITE"""\ndef test_plain():\n    a = 1\n    assert a == 2\n',
}
BROKEN = {
    "tests/test_raises.py": "def f(): raise LookupError\nf()\n",
    "tests/test_syntax.py": "def f(:\n",
    "tests/test_absent.py": "import not_there\n",
}


def reports(tmp_path: Path, *options: str) -> tuple[Run, Run, Run]:
    """A plain run, one with Glimpse, and one with what Glimpse has kept by then."""
    policy = write_policy(tmp_path, "tests", "conftest")
    command = ("-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *options, "tests")
    plain = run_python(*command, cwd=tmp_path, expect=None)
    traced = [run_traced(*command, policy=policy, cwd=tmp_path, expect=None) for _ in range(2)]
    return plain, traced[0], traced[1]


def said(run: Run) -> str:
    """The output, without what no two runs have in common."""
    return re.sub(r"0x[0-9a-f]+|in \d+\.\d+s", "", run.stdout + run.stderr)


def test_reports_are_the_same(tmp_path: Path) -> None:
    """Every failed assertion is taken apart as without us, and tests, fixtures and their helpers are traced."""
    write_files(tmp_path, PROJECT)
    plain, cold, warm = reports(tmp_path)
    assert "assert 2 == 3" in plain.stdout
    assert said(cold) == said(warm) == said(plain)
    functions = {str(entry["function"]) for entry in warm.entries}
    assert functions >= {f"tests.test_values.{name}" for name in ("test_passes", "double", "answers", "test_each")}
    assert functions >= {"conftest.one", "tests.test_left_alone.test_plain"}
    assert list(tmp_path.glob("tests/__pycache__/test_values*.glimpse-*"))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="plain"),
        pytest.param(("--tb=native",), id="native", marks=pytest.mark.once),
        pytest.param(("--import-mode=importlib",), id="importlib", marks=pytest.mark.once),
    ],
)
def test_modules_that_cannot_be_imported(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Errors while pytest collects are reported with the same frames."""
    write_files(tmp_path, {**PROJECT, **BROKEN})
    plain, cold, _ = reports(tmp_path, *options)
    assert "3 errors" in plain.stdout
    assert said(cold) == said(plain)


def test_package_is_not_for_rewriting() -> None:
    """Glimpse has a plugin and may be there before pytest, which would warn that it comes late to rewrite it."""
    assert AssertionRewriter.is_rewrite_disabled(glimpse.__doc__ or "")


def test_without_rewriting(tmp_path: Path) -> None:
    """Code that pytest has rewritten is not given to a run in which it is not to be."""
    write_files(tmp_path, PROJECT)
    reports(tmp_path)
    plain, traced, _ = reports(tmp_path, "--assert=plain")
    assert said(traced) == said(plain)


def test_pytest_of_another_make() -> None:
    """A loader of pytest's that has no configuration is left alone, and the reason is given."""

    class Loader:
        pass

    Loader.__module__ = "_pytest.assertion.rewrite"
    spec = ModuleSpec("tests", Loader(), origin=__file__)  # type: ignore[arg-type]
    loader = spec.loader
    reason = instrument_spec(spec, None)  # type: ignore[arg-type]
    assert reason is not None
    assert "pytest" in reason
    assert spec.loader is loader

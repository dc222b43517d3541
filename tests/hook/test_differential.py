"""The program in ``fixtures/differential`` prints the same with Glimpse as without it, cold and warm."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fixtures.differential import compare
from fixtures.differential.differential import MODULES
from tests.support.entries import read_entries

Outputs = dict[str, dict[str, list[str]]]

SOME = ["functions", "classes", "generators", "control", "exceptions", "statements", "introspection"]
"""What is run with assertions and docstrings left out."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outputs, Path]:
    """What the whole program prints plain, with a cold and with a warm cache, by module; and where the log is."""
    folder = tmp_path_factory.mktemp("differential")
    command = [sys.executable, "-m", "differential"]
    environments = {"plain": compare.plain_environment()}
    environments["cold"] = environments["warm"] = compare.traced_environment(folder)
    found = {name: compare.sections(compare.output(command, each, folder)) for name, each in environments.items()}
    return found, folder / "glimpse.jsonl"


@pytest.mark.parametrize("cache", ["cold", "warm"])
@pytest.mark.parametrize("name", [*MODULES, "stderr", "exit"])
def test_prints_the_same(outputs: tuple[Outputs, Path], name: str, cache: str) -> None:
    """One module of the program, plain and instrumented."""
    plain, traced = outputs[0]["plain"], outputs[0][cache]
    assert plain[name], "the program did not get that far"
    assert compare.differences(plain[name], traced.get(name, [])) == []


def test_ends_well(outputs: tuple[Outputs, Path]) -> None:
    """The plain program ends without an error, so what is compared is all of it."""
    assert outputs[0]["plain"]["exit"] == ["0"]


def test_was_traced(outputs: tuple[Outputs, Path]) -> None:
    """Nothing is the same because nothing was instrumented: every module has left entries."""
    seen = {str(entry["function"]) for entry in read_entries(outputs[1])}
    missing = [name for name in MODULES if not any(each.startswith(f"differential.{name}.") for each in seen)]
    assert missing == []


@pytest.mark.parametrize("flag", ["-O", "-OO"])
def test_optimised(flag: str, tmp_path: Path) -> None:
    """Without assertions and docstrings the two are the same as well."""
    assert compare.compare_program(sys.executable, [flag, "-m", "differential", *SOME], tmp_path) == {}


@pytest.mark.parametrize("level", ["DEBUG", "ERROR"])
def test_levels(level: str, tmp_path: Path) -> None:
    """The other levels of recording are as invisible as the default."""
    assert compare.compare_program(sys.executable, ["-m", "differential", *SOME], tmp_path, level=level) == {}


PROGRAMS = sorted(path.name for path in (compare.HERE / "programs").glob("*.py"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program: str, tmp_path: Path) -> None:
    """Programs that are about their own start and end: scripts, exit codes, what runs at shutdown."""
    script = str(compare.HERE / "programs" / program)
    assert compare.compare_program(sys.executable, [script, "argument"], tmp_path) == {}


def test_pytest_run(tmp_path: Path) -> None:
    """A test suite with failures gives the same report, to the introspected assertion."""
    suite = str(compare.HERE / "suite")
    arguments = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", suite, suite]
    assert compare.compare_program(sys.executable, arguments, tmp_path) == {}


def test_coverage_data(tmp_path: Path) -> None:
    """Coverage.py counts the same lines and branches."""
    pytest.importorskip("coverage")
    code = (
        "import coverage, json, runpy, sys\n"
        "data = coverage.Coverage(data_file=None, branch=True, source_pkgs=['differential'])\n"
        "data.start()\n"
        "sys.argv = ['differential', *sys.argv[1:]]\n"
        "runpy.run_module('differential', run_name='__main__', alter_sys=True)\n"
        "data.stop()\n"
        "data.json_report(outfile='coverage.json')\n"
        "files = json.load(open('coverage.json'))['files']\n"
        "for name, each in sorted(files.items()):\n"
        "    print(name, each['executed_lines'], each['missing_lines'], each['executed_branches'])\n"
    )
    arguments = ["-c", code, "functions", "classes", "control", "generators", "asyncs", "exceptions", "statements"]
    assert compare.compare_program(sys.executable, arguments, tmp_path) == {}

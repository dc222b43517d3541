"""Which options say what is recorded and how, and what is said of those that cannot be followed."""

from __future__ import annotations

import pytest

from glimpse import Config, Tracer, TracingPolicy
from glimpse.config import OPTIONS
from glimpse.pytest_plugin import CONFIG_OPTIONS
from tests.support import run_python, write_policy

from .conftest import Run

FAILING = {"test_shop.py": "import shop\ndef test_fails():\n    shop.checkout(['milk and honey'])\n"}


def test_every_option_of_config_is_an_ini_option() -> None:
    """The plugin names them itself: it is imported where nobody wants it, and Config is not."""
    assert set(CONFIG_OPTIONS) == {option.name for option in OPTIONS}


def test_costs_nothing_when_off(pytester: pytest.Pytester) -> None:
    """A run without the option imports three small modules and no other."""
    code = """
        import sys, pytest
        pytest.main(["-q", "-p", "glimpse.pytest_plugin", "-p", "no:cacheprovider"])
        print(sorted(name for name in sys.modules if name.startswith("glimpse") or name in ("libcst", "orjson")))
    """
    run = run_python(code=code, cwd=pytester.path, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert run.stdout.splitlines()[-1] == "['glimpse', 'glimpse._version', 'glimpse.pytest_plugin']"


@pytest.mark.parametrize(
    ("arguments", "recorded"),
    [
        (["--glimpse"], "shop (no policy file; *"),
        (["--glimpse-include=shop"], "shop"),
        (["-o", "glimpse=true", "-o", "glimpse_include=other shop"], "other, shop"),
        (["--glimpse-slow=1", "-o", "glimpse_policy=glimpse-policy.json"], "what glimpse-policy.json includes"),
    ],
)
def test_what_is_recorded(run: Run, pytester: pytest.Pytester, arguments: list[str], recorded: str) -> None:
    """The header says what is recorded and why."""
    if "policy" in recorded and "no policy" not in recorded:
        write_policy(pytester.path, "shop")
    result = run(FAILING, *arguments)
    result.stdout.fnmatch_lines([f"glimpse: recording {recorded}", "*price(item='milk and honey') ✗ KeyError*"])


def test_no_glimpse_wins(run: Run) -> None:
    """What the ini file switches on can be switched off."""
    run(FAILING, "-o", "glimpse=true", "--no-glimpse").stdout.no_fnmatch_line("*limpse*recording*")


def test_ini_options_are_those_of_config(run: Run) -> None:
    """Each is read as the environment variable would be."""
    result = run(FAILING, "--glimpse", "-o", "glimpse_max_field_length=4", "-o", "glimpse_redact=items")
    result.stdout.fnmatch_lines(["*checkout(items=<redacted>) ✗ KeyError*", "*price(item='mi* more') ✗*"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "glimpse_level=LOUD"], "option glimpse_level: bad value 'LOUD'; accepted: DEBUG, INFO, ERROR"),
        (["-o", "glimpse_params=log_path"], "option glimpse_params: bad value 'log_path'; accepted: NAME=VALUE*"),
        (["--glimpse-slow=some"], "option --glimpse-slow: bad value 'some'; accepted: *"),
        (["--glimpse-lines=0"], "option --glimpse-lines: bad value '0'; accepted: *"),
        (["-o", "glimpse_policy=gone.json"], "*gone.json*"),
    ],
)
def test_mistakes_are_usage_errors(run: Run, arguments: list[str], message: str) -> None:
    """One line, and no test is run."""
    result = run(FAILING, "--glimpse", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: glimpse: {message}"])


def test_nothing_to_record_is_an_error(run: Run, pytester: pytest.Pytester) -> None:
    """Where there is no code of a project, somebody has to name some."""
    folder = pytester.mkdir("empty")
    result = run(FAILING, "--glimpse", f"--rootdir={folder}")
    result.stderr.fnmatch_lines(["ERROR: glimpse: no glimpse-policy.json and no package in *empty: name *"])


def test_a_traced_process_is_left_to_its_tracer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ``GLIMPSE_AUTO`` the calls go where the environment says, and the header says so."""
    tracer = Tracer(Config(dest="jsonl", params={"log_path": "auto.jsonl"}), TracingPolicy(["nothing"])).install()
    monkeypatch.setattr("glimpse.tracer._installed", [tracer])
    try:
        result = run(FAILING, "--glimpse")
    finally:
        tracer.close()
    result.stdout.fnmatch_lines(["glimpse: recording nothing, as this process is traced already (to jsonl)"])
    result.stdout.no_fnmatch_line("*limpse call tree*")

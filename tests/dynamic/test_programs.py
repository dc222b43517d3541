"""Dynamic mode in whole programs: typed in, given on the command line, under coverage and under a debugger."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from glimpse.compat import HAS_MONITORING
from tests.support import read_entries, run_python, write_files

TRACER = """
    from glimpse import Config, Tracer, TracingPolicy
    policy = TracingPolicy(included_packages=["__main__", "app"])
    tracer = Tracer(Config(params={"log_path": "log.jsonl"}), policy=policy)
"""
APP = """
    def covered(x):
        if x:
            return 1
        return 2

    def caller():
        return covered(0)
"""


def functions(log: Path) -> list[str]:
    """The functions whose calls began, in order."""
    return [entry["function"] for entry in read_entries(log) if entry["stage"] == "START"]


def test_typed_into_an_interpreter(tmp_path: Path) -> None:
    """Functions that are typed in are traced, and what libraries generate for them is not."""
    typed = f"""{TRACER}
    from dataclasses import dataclass
    @dataclass
    class Point:
        x: int = 0
        def norm(self):
            return self.x

    tracer.run().__class__
    def total(items):
        return sum(item.norm() for item in items)

    total([Point(1), Point(2)])
    tracer.stop()
    """
    text = "\n".join(line.removeprefix("    ") for line in typed.splitlines()) + "\n"
    run = run_python("-i", "-q", cwd=tmp_path, stdin=text)
    assert "Error" not in run.stderr
    assert functions(tmp_path / "log.jsonl") == ["__main__.total", "__main__.Point.norm", "__main__.Point.norm"]


def test_given_on_the_command_line(tmp_path: Path) -> None:
    """With ``-c``, functions of the text are traced."""
    run_python(cwd=tmp_path, code=f"{TRACER}\n    with tracer:\n        (lambda: None)()\n")
    code = f"{TRACER}\n    def double(x): return 2 * x\n    with tracer:\n        double(2)\n"
    run_python(cwd=tmp_path, code=code)
    assert functions(tmp_path / "log.jsonl") == ["__main__.double"]


def test_run_as_a_module(tmp_path: Path) -> None:
    """With ``-m``, the main module is included by its real name."""
    write_files(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/mod.py": """
                from glimpse import Config, Tracer, TracingPolicy

                def work():
                    return 1

                config = Config(params={"log_path": "log.jsonl"})
                with Tracer(config, policy=TracingPolicy(included_packages=["pkg.mod"])):
                    work()
            """,
        },
    )
    run_python("-m", "pkg.mod", cwd=tmp_path)
    assert functions(tmp_path / "log.jsonl") == ["__main__.work"]


def test_left_running_at_the_end(tmp_path: Path) -> None:
    """A program that never stops its tracer still has everything on disk, and says nothing about it."""
    code = f"""{TRACER}
    import atexit
    def work(): return 1
    def at_exit(): return 2
    class Late:
        def __del__(self): return 3
    late = Late()
    atexit.register(at_exit)
    tracer.run()
    work()
    """
    run = run_python(cwd=tmp_path, code=code)
    assert run.stderr == ""
    assert functions(tmp_path / "log.jsonl")[0] == "__main__.work"


@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_under_coverage(core: str, tmp_path: Path) -> None:
    """Coverage by each of its cores is what it is without us, and the trace is whole."""
    pytest.importorskip("coverage")
    if core == "sysmon" and not HAS_MONITORING:
        pytest.skip("needs sys.monitoring")
    write_files(
        tmp_path,
        {
            "app.py": APP,
            "plain.py": "import app\napp.caller()\n",
            "traced.py": TRACER + "    import app\n    with tracer:\n        app.caller()\n    app.covered(0)\n",
        },
    )
    lines = {}
    for script in ("plain", "traced"):
        env = {"COVERAGE_CORE": core, "COVERAGE_FILE": str(tmp_path / f".coverage.{script}")}
        run_python("-m", "coverage", "run", "--include=app.py", f"{script}.py", cwd=tmp_path, env=env)
        run_python("-m", "coverage", "json", "-q", "-o", f"{script}.json", cwd=tmp_path, env=env)
        report = json.loads((tmp_path / f"{script}.json").read_text())
        lines[script] = report["files"]["app.py"]["executed_lines"]
    assert lines["plain"] == lines["traced"] == [2, 3, 5, 7, 8]
    assert functions(tmp_path / "log.jsonl") == ["app.caller", "app.covered"]


def test_under_a_debugger(tmp_path: Path) -> None:
    """A breakpoint in a traced function stops there, and the trace has the call."""
    main = TRACER + "    import app\n    with tracer:\n        app.caller()\n"
    write_files(tmp_path, {"app.py": APP, "main.py": main})
    run = run_python(
        *("-m", "pdb", "-c", "b app.covered", "-c", "c", "-c", "p 'x is', x", "-c", "c", "-c", "q", "main.py"),
        cwd=tmp_path,
        expect=None,
        stdin="",
    )
    assert "('x is', 0)" in run.stdout, run.stdout + run.stderr
    found = functions(tmp_path / "log.jsonl")
    assert found in (["app.caller", "app.covered"], ["app.caller"])
    if sys.version_info >= (3, 12):
        assert len(found) == 2

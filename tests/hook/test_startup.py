"""Activation by environment: the ways in, what is broken about it, and that the program never suffers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from glimpse.hook.startup import SITE_FOLDER, switched_on
from tests.support import plain_and_traced, run_python, write_files, write_policy

SHOP = {"shop.py": "def f(): return 1\n", "app.py": "import shop\nprint(shop.f())\n"}
HAS_START_UP_FILE = any(
    Path(entry, "glimpse-auto.pth").exists() for entry in sys.path if entry
)  # not where the package is only on PYTHONPATH


def test_environment_for_children() -> None:
    """The folder comes first on ``PYTHONPATH``, once, and nothing else is lost."""
    assert switched_on({"A": "b"}) == {"A": "b", "GLIMPSE_AUTO": "1", "PYTHONPATH": SITE_FOLDER}
    once = switched_on({"PYTHONPATH": os.pathsep.join(["x", "y"])})
    assert once["PYTHONPATH"] == os.pathsep.join([SITE_FOLDER, "x", "y"])
    assert switched_on(once) == once


@pytest.mark.parametrize("way", ["start-up file", "folder", "both"])
def test_ways_in(tmp_path: Path, way: str) -> None:
    """The installed start-up file, the folder that ``glimpse run`` uses, or both: every call is recorded once."""
    if way != "folder" and not HAS_START_UP_FILE:
        pytest.skip("Glimpse is not installed here")
    write_files(tmp_path, SHOP)
    env = {"PYTHONPATH": SITE_FOLDER} if way != "start-up file" else {}
    options = (
        ("-S", "-c", "import site, sys; site.main(); exec(open('app.py').read())") if way == "folder" else ("app.py",)
    )
    run = plain_and_traced(*options, policy=write_policy(tmp_path, "shop"), cwd=tmp_path, env=env)
    assert [entry["stage"] for entry in run.entries] == ["START", "END"]


def test_own_sitecustomize_still_runs(tmp_path: Path) -> None:
    """The user's own ``sitecustomize`` is run and found under its name, and no folder of ours is on the path."""
    text = "import sys; print('mine', [p for p in sys.path if 'glimpse' in p and p.endswith('site')])\n"
    write_files(tmp_path, {**SHOP, "own/sitecustomize.py": text})
    show = "import sitecustomize, shop; print(sitecustomize.__file__, shop.f())"
    policy = write_policy(tmp_path, "shop")
    env = {**switched_on({"PYTHONPATH": str(tmp_path / "own")}), "GLIMPSE_POLICY": str(policy)}
    run = run_python("-c", show, cwd=tmp_path, env=env)
    assert run.stdout == f"mine []\n{tmp_path / 'own/sitecustomize.py'} 1\n"
    assert len(run.entries) == 2


def test_no_sitecustomize_is_left_behind(tmp_path: Path) -> None:
    """Without one of the user's, there is none afterwards either, and nothing is printed."""
    code = "import sys; print('sitecustomize' in sys.modules)\nimport sitecustomize"
    run = run_python("-c", code, cwd=tmp_path, env={"PYTHONPATH": SITE_FOLDER}, expect=1)
    assert run.stdout == "False\n"
    assert run.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'sitecustomize'"


def test_sitecustomize_that_fails(tmp_path: Path) -> None:
    """An error in the user's own is reported as without us."""
    write_files(tmp_path, {"sitecustomize.py": "1 / 0\n", "app.py": "print('runs')\n"})
    plain = run_python("app.py", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    traced = run_python("app.py", cwd=tmp_path, env={"PYTHONPATH": os.pathsep.join([SITE_FOLDER, str(tmp_path)])})
    assert "ZeroDivisionError" in plain.stderr
    assert traced.seen == plain.seen


def test_python_without_glimpse(tmp_path: Path) -> None:
    """A child process of an environment that has no Glimpse runs as if nothing was."""
    write_files(tmp_path, {"app.py": "print('runs')\n"})
    code = """
        import importlib, sys
        sys.modules["glimpse"] = None
        sys.path.insert(0, sys.argv[1])
        try:
            importlib.import_module("sitecustomize")
        except ImportError as error:
            print(error.name)
    """
    run = run_python("-S", "-c", dedent(code), SITE_FOLDER, cwd=tmp_path, env={"GLIMPSE_AUTO": "1"})
    assert run.seen == (0, "sitecustomize\n", "")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"GLIMPSE_AUTO": "maybe"}, "GLIMPSE_AUTO"),
        ({"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": "absent.json"}, "absent.json"),
        ({"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": "broken.json"}, "included_packges"),
        ({"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "GLIMPSE_DEST": "jsnol"}, "did you mean 'jsonl'?"),
        ({"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "GLIMPSE_LOG_PATH": "app.py/trace"}, "app.py/trace"),
        ({"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "GLIMPSE_LEVEL": "LOUD"}, "DEBUG, INFO, ERROR"),
        ({"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "not a name"}, "not a name"),
        ({"GLIMPSE_AUTO": "1"}, "glimpse-policy.json"),
    ],
)
def test_broken_configuration(tmp_path: Path, env: dict[str, str], said: str) -> None:
    """The program runs untraced, and one line on stderr says what is wrong."""
    write_files(tmp_path, {**SHOP, "broken.json": '{"version": "1.0", "included_packges": []}'})
    run = run_python("app.py", cwd=tmp_path, env={"PYTHONPATH": SITE_FOLDER, **env})
    assert run.stdout == "1\n"
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("glimpse: GLIMPSE_AUTO=")
    assert said in run.stderr
    assert not run.entries


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_switched_off(tmp_path: Path, value: str) -> None:
    """Off means that nothing of Glimpse is recorded, printed or left in ``sys.meta_path``."""
    write_files(tmp_path, {**SHOP, "app.py": "import shop, sys; print(shop.f(), len(sys.meta_path))\n"})
    plain = run_python("app.py", cwd=tmp_path)
    off = run_python("app.py", cwd=tmp_path, env={"GLIMPSE_AUTO": value, "GLIMPSE_INCLUDE": "shop"})
    assert off.seen == plain.seen
    assert not off.entries


def test_packages_named_in_the_environment(tmp_path: Path) -> None:
    """``GLIMPSE_INCLUDE`` does without a policy file; a policy file that is named wins."""
    write_files(tmp_path, SHOP)
    on = {"PYTHONPATH": SITE_FOLDER, "GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop, other"}
    assert len(run_python("app.py", cwd=tmp_path, env=on).entries) == 2
    (tmp_path / "glimpse.jsonl").unlink()
    policy = write_policy(tmp_path, "elsewhere")
    assert not run_python("app.py", cwd=tmp_path, env={**on, "GLIMPSE_POLICY": str(policy)}).entries


def test_child_processes(tmp_path: Path) -> None:
    """Python processes that a program starts are traced as well, wherever they run."""
    text = """
        import os, subprocess, sys, shop
        shop.f()
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, os.path.abspath(__file__), "child"], cwd="/", check=True)
    """
    write_files(tmp_path, {**SHOP, "app.py": text})
    policy = write_policy(tmp_path, "shop")
    log = {"GLIMPSE_LOG_PATH": str(tmp_path / "glimpse.jsonl"), "PYTHONPATH": SITE_FOLDER}
    run = plain_and_traced("app.py", policy=policy, cwd=tmp_path, env=log)
    assert len({entry["pid"] for entry in run.entries}) == 2
    assert len(run.entries) == 4


def test_destination_is_relative_to_the_start(tmp_path: Path) -> None:
    """A relative path counts from where the program started, whatever folder it has gone to since."""
    write_files(tmp_path, {**SHOP, "elsewhere/empty": ""})
    code = "import os; os.chdir('elsewhere'); import shop; shop.f()"
    env = {"PYTHONPATH": os.pathsep.join([SITE_FOLDER, str(tmp_path)]), "GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop"}
    assert len(run_python("-c", code, cwd=tmp_path, env=env).entries) == 2
    named = {**env, "GLIMPSE_LOG_PATH": "named.jsonl"}
    assert len(run_python("-c", code, cwd=tmp_path, env=named, log="named.jsonl").entries) == 2


def test_exit_functions_are_traced(tmp_path: Path) -> None:
    """What a program runs at exit is recorded, also if it asked for that before the first included module came."""
    write_files(tmp_path, SHOP)
    code = "import atexit; atexit.register(lambda: shop.f()); import shop"
    env = {"PYTHONPATH": os.pathsep.join([SITE_FOLDER, str(tmp_path)]), "GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop"}
    assert len(run_python("-c", code, cwd=tmp_path, env=env).entries) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_that_import_first(tmp_path: Path, method: str) -> None:
    """A child of ``multiprocessing`` that imports an included module before its parent does loses nothing."""
    text = """
        import multiprocessing, sys
        def work(): __import__("shop").f()
        if __name__ == "__main__":
            child = multiprocessing.get_context(sys.argv[1]).Process(target=work)
            child.start()
            child.join()
            sys.exit(child.exitcode)
    """
    write_files(tmp_path, {**SHOP, "app.py": text})
    env = {"PYTHONPATH": SITE_FOLDER, "GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop"}
    assert len(run_python("app.py", method, cwd=tmp_path, env=env).entries) == 2


ADDED = "before = set(sys.modules); {}; print(*sorted(set(sys.modules) - before))"


def test_importing_the_package_loads_nothing_else(tmp_path: Path) -> None:
    """A program that merely imports the package does not pay for any other module."""
    run = run_python("-c", f"import sys; {ADDED.format('import glimpse')}", cwd=tmp_path)
    assert set(run.stdout.split()) <= {"glimpse", "glimpse._version", "__future__"}


def loaded_at_start(folder: Path, then: str) -> set[str]:
    """The modules that are there because Glimpse was switched on, once the program has done this."""
    show = f"import sys; {then}; print(*sys.modules)"
    plain, on = (
        set(run_python("-c", show, cwd=folder, env=env).stdout.split())
        for env in ({}, switched_on({"GLIMPSE_INCLUDE": "shop"}))
    )
    return on - plain


def test_what_a_start_loads_that_includes_nothing(tmp_path: Path) -> None:
    """The policy and the configuration are read and the hook waits: nothing records yet, hardly a library is loaded."""
    found = loaded_at_start(tmp_path, "pass")
    rooms = {name.split(".")[1] for name in found if name.startswith("glimpse.")}
    assert rooms == {
        "_version",
        "auto",
        "bundle",
        "collector",
        "compat",
        "config",
        "errors",
        "hook",
        "keeping",
        "light",
        "natives",
        "parsers",
        "policy",
        "precompiled",
        "process",
    }
    assert {name for name in found if not name.startswith("glimpse")} <= {
        "__future__", "_collections", "_sre", "atexit", "gc", "sitecustomize",
    }  # fmt: skip


def test_what_the_first_included_module_does_not_load(tmp_path: Path) -> None:
    """It loads nothing that only rewriting, reading, other writers or level DEBUG need."""
    write_files(tmp_path, {**SHOP, "glimpse-policy.json": '{"included_packages": ["shop"]}'})
    loaded_at_start(tmp_path, "import shop")  # rewritten, and kept
    rooms = "hook.rewrite dynamic decorators views traces cli middleware spans"
    rooms += " probe.gate probe.limited context.headers assembly.replay"
    writers = "writers.sqlite writers.mongo writers.otlp writers.journal writers.log_records writers.json_array"
    writers += " writers.fanout writers.reading"
    libraries = "threading contextlib weakref importlib.util textwrap"
    libraries += " libcst sqlite3 pymongo opentelemetry logging pathlib urllib hashlib difflib tempfile decimal"
    unwanted = {*(f"glimpse.{room}" for room in f"{rooms} {writers}".split()), *libraries.split()}
    found = loaded_at_start(tmp_path, "import shop")
    assert "glimpse.tracer" in found
    assert not found & unwanted


def test_what_objects_need_is_there_before_the_first_call(tmp_path: Path) -> None:
    """It is loaded with the first included module, not in the middle of a call."""
    loaded = "import sys; print('glimpse.values.effects' in sys.modules)\n"
    write_files(tmp_path, {**SHOP, "shop.py": f"{loaded}def f(): return 1\n"})
    run = run_python("-c", f"{loaded}import shop", cwd=tmp_path, env=switched_on({"GLIMPSE_INCLUDE": "shop"}))
    assert run.stdout == "False\nTrue\n"


ZOO = """
import itertools, sys, types

class Thing:
    def __init__(self, inside): self.inside, self.password = inside, "hunter2xyz"
    def __repr__(self): return "Thing(%r, %s)" % (self.inside, str(self.inside).upper())

class Sub(dict): pass
class Wrong(Exception): pass

def show(value, *args, password="s", **kw): return value
def each(number): yield from range(number)
async def later(number): return number
def fail(value): raise Wrong("token=abc1234567", value)
def deep(number): return 0 if not number else deep(number - 1)

VALUES = [
    1, 1.5, float("nan"), "a", "\\ud800", "token=abcdefgh Bearer abcdefghijkl", "https://u:pw@h/x", b"x", None, True,
    2**300, 10**5000, [1, [2]], {"password": 1, "k": [1]}, {1, 2}, (1,), range(3), slice(1), Thing(1),
    Thing("token=x1234567"),
    Thing([Thing(2)]), Sub(a=1), Wrong("x"), types.SimpleNamespace(a=1), sys, len, show, Thing, "x".upper, iter([1]),
    ..., memoryview(b"x"), types.MappingProxyType({1: 2}), 1j, "-----BEGIN RSA PRIVATE KEY-----\\nabc",
    "x" * 100000, [0] * 100000,
]

def go():
    for value in VALUES + list(range(400)):
        show(value, value, k=value)
    list(each(3)), next(each(3))
    for call in [lambda: later(1).send(None), lambda: fail(1), lambda: fail(2), lambda: deep(5000)]:
        try:
            call()
        except (StopIteration, Wrong, RecursionError):
            pass
    for number in range(400):
        show(number)
"""


@pytest.mark.parametrize("level", ["INFO", "DEBUG", "ERROR"])
def test_nothing_is_imported_within_calls(tmp_path: Path, level: str) -> None:
    """Whatever they are given and do: the program may be going through ``sys.modules``, or have no stack left."""
    write_files(tmp_path, {"zoo.py": ZOO})
    code = """
        import sys, zoo
        from _thread import get_ident
        class Elsewhere:  # what Glimpse's own thread imports meanwhile is in no call
            here, names = get_ident(), set()
            def find_spec(self, name, path=None, target=None):
                if get_ident() != self.here:
                    self.names.add(name)
        sys.meta_path.insert(0, Elsewhere())
        before = {*sys.modules}
        zoo.go()
        print({*sys.modules} - before - Elsewhere.names)
    """
    env = switched_on({"GLIMPSE_INCLUDE": "zoo", "GLIMPSE_LEVEL": level, "GLIMPSE_FLUSH_INTERVAL": "60"})
    run = run_python(code=code, cwd=tmp_path, env=env)
    assert run.stdout == "set()\n"
    assert len(run.entries) > (100 if level != "ERROR" else 3)

"""The finder: what it takes, what it leaves, and that nobody can tell."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from glimpse.hook import activate
from glimpse.policy import TracingPolicy
from tests.support import plain_and_traced, run_traced, write_files, write_policy
from tests.support.importing import forget, hooked, import_fresh, import_path, is_instrumented

SHOP = {
    "shop/__init__.py": '"""A shop."""\n',
    "shop/orders.py": """
        def total(items):
            \"\"\"Add up.\"\"\"
            return sum(items)
    """,
    "shop/data.txt": "tea",
    "other.py": "def helper(): return 1\n",
}


def facts(module: ModuleType) -> dict[str, Any]:
    """What a program can see of a module, but for identities."""
    spec = module.__spec__
    assert spec is not None
    loader: Any = spec.loader
    same = module.__loader__ is loader
    return {
        "names": sorted(vars(module)),
        "loader": (type(loader), same, vars(loader)),
        "spec": (spec.name, spec.origin, spec.cached, spec.parent, spec.has_location, spec.submodule_search_locations),
        "file": (module.__file__, getattr(module, "__cached__", None), module.__package__, module.__doc__),
        "source": inspect.getsource(module),
        "plain code": loader.get_code(spec.name).co_consts,
        "package": loader.is_package(spec.name),
    }


def test_takes_what_is_included_and_nothing_else(tmp_path: Path) -> None:
    """A module of an included package is instrumented; another one is imported as if the hook were not there."""
    write_files(tmp_path, SHOP)
    with hooked(tmp_path, "shop") as activation:
        assert is_instrumented(import_fresh("shop.orders").total)
        assert not is_instrumented(import_fresh("other").helper)
        assert {outcome.module for outcome in activation.outcomes.values()} == {"shop", "shop.orders"}
        assert import_fresh("shop.orders").total([1, 2]) == 3


@pytest.mark.parametrize("name", ["shop", "shop.orders"])
def test_module_looks_as_without_glimpse(tmp_path: Path, name: str) -> None:
    """Spec, loader, source, cached path and names of an instrumented module are those of a plain import."""
    write_files(tmp_path, SHOP)
    with import_path(tmp_path):
        plain = facts(import_fresh(name))
    with hooked(tmp_path, "shop") as activation:
        traced = facts(import_fresh(name))
        assert activation.outcomes[name].instrumented
    assert traced == plain


def test_resources_are_found(tmp_path: Path) -> None:
    """``importlib.resources`` and ``pkgutil`` read a package's data."""
    import pkgutil
    from importlib import resources

    write_files(tmp_path, SHOP)
    with hooked(tmp_path, "shop"):
        package = import_fresh("shop")
        assert resources.files(package).joinpath("data.txt").read_text() == "tea"
        assert pkgutil.get_data("shop", "data.txt") == b"tea"


def test_reload_instruments_again(tmp_path: Path) -> None:
    """A reloaded module runs its new source, instrumented."""
    write_files(tmp_path, SHOP)
    with hooked(tmp_path, "shop"):
        orders = import_fresh("shop.orders")
        (tmp_path / "shop/orders.py").write_text("def total(items): return max(items)\n")
        assert importlib.reload(orders) is orders
        assert orders.total([1, 2]) == 2
        assert is_instrumented(orders.total)


def test_namespace_package(tmp_path: Path) -> None:
    """A package without ``__init__.py`` works, and what is in it is instrumented."""
    write_files(tmp_path, {"one/space/a.py": "def f(): return 'a'\n", "two/space/b.py": "def f(): return 'b'\n"})
    with hooked(tmp_path / "one", "space") as activation, import_path(tmp_path / "two"):
        assert import_fresh("space.a").f() + importlib.import_module("space.b").f() == "ab"
        assert {name for name, outcome in activation.outcomes.items() if outcome.instrumented} == {"space.a", "space.b"}


def test_zipped_package(tmp_path: Path) -> None:
    """A package in an archive is instrumented, and its source is still found."""
    archive = tmp_path / "lib.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed/__init__.py", "from packed.inner import f\n")
        packed.writestr("packed/inner.py", "def f():\n    return 'zip'\n")
    with hooked(archive, "packed", cache_dir=tmp_path / "cache") as activation:
        for state in ("rewritten", "cached"):
            module = import_fresh("packed")
            assert module.f() == "zip"
            assert is_instrumented(module.f)
            assert inspect.getsource(module.f) == "def f():\n    return 'zip'\n"
            assert activation.outcomes["packed.inner"].state == state


class Redirecting:
    """A finder as editable installs add one: it knows where a package is that is on no path."""

    def __init__(self, name: str, file: Path) -> None:
        self.name, self.file = name, file

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.file)


def test_what_other_finders_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that a finder of an editable install finds is instrumented too."""
    write_files(tmp_path, {"elsewhere/tool.py": "def f(): return 1\n"})
    finder = Redirecting("tool", tmp_path / "elsewhere/tool.py")
    with hooked(tmp_path, "tool"):
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
        assert is_instrumented(import_fresh("tool").f)
        forget("tool")
        monkeypatch.undo()


def test_finder_that_asks_the_whole_meta_path_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another finder that stands in for all others, as post-import hooks do, does not go round in circles with ours."""

    class Asking:
        busy = False

        def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
            if self.busy or fullname != "shop.orders":
                return None
            self.busy = True
            try:
                return importlib.util.find_spec(fullname)
            finally:
                self.busy = False

    write_files(tmp_path, SHOP)
    for place in (0, 1):  # before ours, and behind it
        with hooked(tmp_path, "shop"):
            finders = list(sys.meta_path)
            finders.insert(place, Asking())  # type: ignore[arg-type]
            monkeypatch.setattr(sys, "meta_path", finders)
            assert is_instrumented(import_fresh("shop.orders").total)
            forget("shop")
            monkeypatch.undo()


def test_missing_module_is_reported_as_ever(tmp_path: Path) -> None:
    """A module that is not there raises what Python raises, for an included name as well."""
    write_files(tmp_path, SHOP)
    with hooked(tmp_path, "shop", "absent"):
        with pytest.raises(ModuleNotFoundError, match=r"No module named 'shop\.absent'"):
            importlib.import_module("shop.absent")
        with pytest.raises(ModuleNotFoundError, match="No module named 'absent'"):
            importlib.import_module("absent")


def test_imports_in_many_threads(tmp_path: Path) -> None:
    """Threads that import the same modules at once get the same ones, each executed once."""
    body = "import time\ntime.sleep(0.005)\nRUNS = globals().get('RUNS', 0) + 1\ndef f(): return RUNS\n"
    write_files(tmp_path, {"many/__init__.py": "", **{f"many/m{n}.py": body for n in range(6)}})
    seen: list[tuple[int, ...]] = []
    with hooked(tmp_path, "many"):
        ready = threading.Barrier(4)

        def work() -> None:
            ready.wait()
            seen.append(tuple(importlib.import_module(f"many.m{n}").f() for n in range(6)))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [(1,) * 6] * 4


def test_names_what_came_too_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Included modules that were imported before are named once, with a way out; others are not."""
    write_files(tmp_path, SHOP)
    with import_path(tmp_path):
        importlib.import_module("shop.orders")
        importlib.import_module("other")
        policy = TracingPolicy(included_packages=["shop"])
        activation = activate(policy)
        try:
            assert activation.imported_before() == ["shop.orders"]  # in shop itself there is no function
            assert activate(policy) is activation
        finally:
            activation.deactivate()
        error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "shop.orders" in error
    assert "glimpse run" in error


def test_deactivate_leaves_no_trace(tmp_path: Path) -> None:
    """Afterwards imports are plain, and the interpreter's lists are as they were."""
    write_files(tmp_path, SHOP)
    before = list(sys.meta_path), list(sys.path_hooks)
    with hooked(tmp_path, "shop") as activation:
        assert activation.active
        activation.connect()
        assert len(sys.meta_path) == len(before[0]) + 1
        activation.deactivate()
        activation.deactivate()
        assert not activation.active
        assert (list(sys.meta_path), list(sys.path_hooks)) == before
        assert not is_instrumented(import_fresh("shop.orders").total)


def test_non_match_is_decided_by_name(tmp_path: Path) -> None:
    """A name that no policy includes costs microseconds, and no finder behind ours is asked twice for it."""
    asked: list[str] = []

    class Counting:
        def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
            asked.append(fullname)

    with hooked(tmp_path, "shop"):
        finder: Any = sys.meta_path[0]
        sys.meta_path.append(Counting())  # type: ignore[arg-type]
        try:
            with pytest.raises(ImportError):
                importlib.import_module("surely_absent_module")
        finally:
            sys.meta_path.pop()
        assert asked == ["surely_absent_module"]
        names = [f"package{n}.module" for n in range(2000)]
        for name in names:
            finder.find_spec(name)
        started = time.perf_counter()
        for name in names:
            finder.find_spec(name)
        assert (time.perf_counter() - started) / len(names) < 50e-6
    assert PathFinder.find_spec("surely_absent_module") is None


def test_the_working_directory_is_gone(tmp_path: Path) -> None:
    """A program that lives on after its working directory was removed imports what it did, its own modules too."""
    code = """
        import os, sys
        os.mkdir("gone")
        os.chdir("gone")
        os.rmdir(os.path.join(os.pardir, "gone"))
        sys.path[:0] = ["", "relative"]
        import app, colorsys
        try:
            import nothing
        except ImportError as error:
            print(error, app.f(), colorsys.__name__)
    """
    write_files(tmp_path, {"lib/app.py": "def f(): return 1\n"})
    policy = write_policy(tmp_path, "app", project_root_packages=["*"])
    env = {"PYTHONPATH": str(tmp_path / "lib")}
    run_traced(policy=policy, cwd=tmp_path, code="import app", env=env)  # libcst cannot be loaded there, on 3.13
    plain_and_traced(policy=policy, cwd=tmp_path, code=code, env=env)

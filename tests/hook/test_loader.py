"""The loaders: what an import shows of itself, whom they stand in for, and whom not."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import runpy
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from glimpse.hook.loader import instrument_spec
from tests.support import plain_and_traced, write_files, write_policy
from tests.support.importing import forget, hooked, import_fresh, import_path, is_instrumented

FAILING = {
    "broken/__init__.py": "from broken.part import work\n",
    "broken/part.py": """
        def work(): return 1 / 0
        work()
    """,
    "broken/absent.py": "import broken.not_there\n",
    "broken/wrong.py": "def f(:\n",
    "broken/loud.py": """
        import warnings
        warnings.warn("loud", UserWarning, stacklevel=2)
    """,
    "caller.py": "import broken.loud\n",
}


def raised(name: str, how: str) -> str:
    """The traceback of an import that fails, as text."""
    forget("broken")
    try:
        exec(how.format(name), {"import_module": importlib.import_module})
    except Exception as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError("it was imported")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("broken", "import {}"),
        ("broken.absent", "import {}"),
        ("broken.wrong", "import {}"),
        ("broken", "import_module('{}')"),
        ("broken.absent", "import_module('{}')"),
    ],
)
def test_traceback_of_failing_import(tmp_path: Path, name: str, how: str) -> None:
    """A module that raises while it is imported has the traceback of a plain import, to the line of every frame."""
    write_files(tmp_path, FAILING)
    if name != "broken":
        (tmp_path / "broken/__init__.py").write_text("")
    with import_path(tmp_path):
        plain = raised(name, how)
    with hooked(tmp_path, "broken"):
        assert raised(name, how) == plain
        assert name not in sys.modules


def test_stacklevel_of_warnings(tmp_path: Path) -> None:
    """A warning about whoever imports a module names the importing line: no frame of ours is counted."""
    write_files(tmp_path, FAILING)
    (tmp_path / "broken/__init__.py").write_text("")
    with hooked(tmp_path, "broken"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import_fresh("caller")
    assert [Path(warning.filename).name for warning in caught] == ["caller.py"]


def test_spec_before_import(tmp_path: Path) -> None:
    """What ``find_spec`` gives of a module that is not imported yet can be asked like the original."""
    write_files(tmp_path, {"tool.py": "def f(): return 1\n"})
    with import_path(tmp_path):
        plain = importlib.util.find_spec("tool")
    with hooked(tmp_path, "tool"):
        traced = importlib.util.find_spec("tool")
        assert plain is not None
        assert traced is not None
        loader, original = traced.loader, plain.loader
        assert isinstance(loader, SourceFileLoader)
        assert isinstance(original, SourceFileLoader)
        assert type(loader).__qualname__ == type(original).__qualname__
        assert loader.get_source("tool") == original.get_source("tool")
        assert loader.get_filename("tool") == original.get_filename("tool") == loader.path
        assert loader.get_data(loader.path) == b"def f(): return 1\n"
        assert traced.cached == plain.cached
        module = importlib.util.module_from_spec(traced)
        assert traced.loader is not None
        traced.loader.exec_module(module)
        assert is_instrumented(module.f)
        assert type(module.__loader__) is SourceFileLoader
        assert traced.loader is module.__loader__


def test_lazy_loader(tmp_path: Path) -> None:
    """``importlib.util.LazyLoader`` around ours loads at the first look, instrumented."""
    write_files(tmp_path, {"lazy.py": "def f(): return 1\n"})
    with hooked(tmp_path, "lazy"):
        spec = importlib.util.find_spec("lazy")
        assert spec is not None
        assert spec.loader is not None
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules["lazy"] = module
        spec.loader.exec_module(module)
        assert is_instrumented(module.f)
        assert type(module) is ModuleType
        assert type(module.__loader__) is SourceFileLoader


def test_code_that_is_run_by_name(tmp_path: Path) -> None:
    """``runpy`` gets instrumented code for a module, and the namespace of a plain run."""
    write_files(tmp_path, {"job/__init__.py": "", "job/__main__.py": "def f(): return 1\nRESULT = f()\n"})

    def run() -> dict[str, object]:
        forget("job")
        return runpy.run_module("job", run_name="__main__")

    with import_path(tmp_path):
        plain = run()
    with hooked(tmp_path, "job") as activation:
        traced = run()
        assert activation.outcomes["job.__main__"].instrumented
        assert is_instrumented(traced["f"])
    assert plain.keys() == traced.keys()
    assert type(traced["__loader__"]) is SourceFileLoader
    assert traced["RESULT"] == 1


class Shouting(SourceFileLoader):
    """Compiles source in a way of its own, as macro packages and type checkers do."""

    def source_to_code(self, data, path, *, _optimize=-1):  # type: ignore[no-untyped-def]
        return super().source_to_code(data.upper() if isinstance(data, bytes) else data, path)


class InMemory(importlib.abc.InspectLoader):
    """Has its source in memory, and compiles it as Python does."""

    def get_source(self, fullname: str) -> str:
        return "def f(): return 1\n"


def test_loader_that_compiles_by_itself_is_left_alone(tmp_path: Path) -> None:
    """Where another tool changes the source, its change stays, and the reason is kept."""
    write_files(tmp_path, {"loud.py": "x = 1\n"})

    class Finder:
        def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
            if name != "loud":
                return None
            file = str(tmp_path / "loud.py")
            return importlib.util.spec_from_file_location(name, file, loader=Shouting(name, file))

    with hooked(tmp_path, "loud") as activation:
        sys.meta_path.insert(1, Finder())  # type: ignore[arg-type]
        try:
            module = import_fresh("loud")
        finally:
            del sys.meta_path[1]
        assert module.X == 1
        assert type(module.__loader__) is Shouting
        outcome = activation.outcomes["loud"]
    assert not outcome.instrumented
    assert "source_to_code" in outcome.reason


def test_what_has_no_source_is_left_alone() -> None:
    """Extension modules, built-in ones and loaders without bytes of source are told apart from Python source."""
    import _json  # type: ignore[import-not-found]

    for spec in (_json.__spec__, sys.__spec__, ModuleSpec("memory", InMemory())):
        loader = spec.loader
        reason = instrument_spec(spec, None)  # type: ignore[arg-type]
        assert reason is not None
        assert "not from a file of Python source" in reason
        assert spec.loader is loader


def test_module_that_cannot_be_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is imported plainly, with one line on stderr when that is found out and none when it is known."""
    write_files(tmp_path, {"odd.py": "(x): int = 1\ndef f(): return x\n"})  # legal, and refused by libcst
    with hooked(tmp_path, "odd", cache_dir=tmp_path / "cache") as activation:
        for lines in (1, 0):
            module = import_fresh("odd")
            assert module.f() == 1
            if activation.outcomes["odd"].instrumented:
                pytest.skip("libcst has learned to read this")
            assert not is_instrumented(module.f)
            assert activation.outcomes["odd"].reason
            assert capsys.readouterr().err.count("\n") == lines


def test_code_is_that_of_the_file(tmp_path: Path) -> None:
    """Instrumented code names the module's own file, as tracebacks and debuggers want it."""
    write_files(tmp_path, {"place.py": "class C:\n    def f(self): return 1\n"})
    with hooked(tmp_path, "place"):
        code: CodeType = import_fresh("place").C.f.__code__
    assert (code.co_filename, code.co_firstlineno) == (str(tmp_path / "place.py"), 2)


def test_a_spec_found_before_the_import_equals_that_of_the_module(tmp_path: Path) -> None:
    """What find_spec gives before the import, after it, and the module's own are equal, and hash alike."""
    write_files(tmp_path, {"app/__init__.py": "def f(): pass"})
    code = """
from importlib.util import find_spec
first, second = find_spec("app"), find_spec("app")
assert first == second
import app
app.f()
assert app.__spec__ == first == find_spec("app")
assert first.loader == app.__loader__ and app.__loader__ == first.loader
assert hash(first.loader) == hash(app.__loader__)
assert first != find_spec("json")
"""
    plain_and_traced(policy=write_policy(tmp_path, "app"), cwd=tmp_path, code=code)

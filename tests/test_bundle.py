"""Bundles of Glimpse's own modules: written by one process, used by the next, never for a source that changed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import glimpse
from glimpse.keeping import is_settled
from tests.support import Run, run_python, write_files

SHOP = {"shop.py": "def f(): return 1\n"}
OURS = """
import shop, sys
shop.f()
ours = [module for name, module in sys.modules.items() if name.startswith("glimpse.")]
print(sum(type(module.__loader__).__module__ == "glimpse.bundle" for module in ours), len(ours))
"""
LOADED_BEFORE = 10
"""At most so many modules are loaded before: they read a bundle."""

LOADED_AT_START = 45
"""At most so many modules are in the first part: they decide whether anything is to be recorded."""

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no bundles there: nothing tells that a file was changed"
)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an included module and a copy of the package, old enough to be kept."""
    folder = tmp_path_factory.mktemp("copied")
    write_files(folder, SHOP)
    shutil.copytree(Path(glimpse.__file__).parent, folder / "glimpse", ignore=shutil.ignore_patterns("__pycache__"))
    while not is_settled((folder / "glimpse").stat(), time.time_ns()):
        time.sleep(0.1)
    run(folder)  # writes Python's own bytecode
    return folder


@pytest.fixture
def package(copied: Path) -> Path:
    """The same without bundles."""
    for bundle in bundles(copied):
        bundle.unlink()
    return copied


def run(folder: Path, code: str = OURS, **env: str) -> Run:
    """What a program leaves behind that is traced by the package in this folder."""
    path = os.pathsep.join([str(folder / "glimpse" / "hook" / "site"), str(folder)])
    on = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "PYTHONPATH": path, **env}
    done = run_python(code=code, cwd=folder, env=on)
    assert done.stderr == ""
    return done


def counts(done: Run) -> tuple[int, int]:
    """How many modules came from a bundle, and how many did not."""
    taken, every = map(int, done.stdout.split())
    return taken, every - taken


def bundles(folder: Path) -> list[Path]:
    """The bundles below a folder: they have the place of a module's bytecode."""
    return [file for file in folder.glob("**/bundled.*.pyc") if file.read_bytes().startswith(b"('glimpse'")]


def test_the_second_process_takes_all_from_bundles(package: Path) -> None:
    """What the first had to find one by one; but for the few modules that read a bundle."""
    assert counts(run(package))[0] == 0
    assert [each.parent.name for each in bundles(package)] == ["__pycache__"]
    taken, not_taken = counts(run(package))
    assert not_taken <= LOADED_BEFORE < 80 < taken


def test_modules_are_as_python_makes_them(package: Path) -> None:
    """Their files, specs, sources and tracebacks; they can be reloaded; nothing of the bundle is left in the way."""
    code = """
    import shop, sys, inspect, importlib, importlib.resources, traceback
    session, parsers = sys.modules["glimpse.session"], sys.modules["glimpse.parsers"]
    print(session.__file__, session.__cached__, session.__spec__.origin, session.__package__)
    print(len(inspect.getsource(session.Session)), len(sys.modules["glimpse.probe"].__path__))
    print(importlib.resources.files("glimpse").joinpath("py.typed").is_file())
    try:
        parsers.flag(3)
    except ValueError:
        print(traceback.format_exc())
    print(importlib.reload(parsers) is parsers)
    print({type(each).__name__ for path, each in sys.path_importer_cache.items() if "glimpse" in path})
    """
    plain = run(package, code, PYTHONDONTWRITEBYTECODE="1")
    assert not bundles(package)
    run(package)
    assert run(package, code).stdout == plain.stdout


def test_a_source_that_changed_is_never_run_stale(package: Path) -> None:
    """An edit counts in the next process, though size and time of modification stay the same; its part is not taken."""
    run(package)
    source = package / "glimpse" / "values" / "limits.py"
    before, text = source.stat(), source.read_text()
    try:
        source.write_text(text.replace('"<redacted>"', '"<REDACTED>"'))
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        shutil.rmtree(source.parent / "__pycache__")  # Python itself could not tell
        code = f"{OURS}\nfrom glimpse.values import REDACTED; print(REDACTED, file=sys.__stdout__)"
        done = run(package, code)
    finally:
        source.write_text(text)
    taken, every, redacted = done.stdout.split()
    assert redacted == "<REDACTED>"
    assert int(taken) < LOADED_AT_START < 80 < int(every)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None], ids=["empty", "other", "cut off"])
def test_a_file_that_cannot_be_used_is_as_none(package: Path, damage: bytes | None) -> None:
    """The modules are imported in Python's own way, but for a part that is whole, and the file is written anew."""
    run(package)
    for bundle in bundles(package):
        content = bundle.read_bytes()
        bundle.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert counts(run(package))[0] <= (LOADED_AT_START if damage is None else 0)
    assert counts(run(package))[1] <= LOADED_BEFORE


def test_where_bundles_are_kept(package: Path, tmp_path: Path) -> None:
    """Beside Python's own bytecode, unless none may be written; in the folder that is named for the cache, always."""
    run(package, PYTHONDONTWRITEBYTECODE="1")
    assert not bundles(package)
    for _ in range(2):
        done = run(package, PYTHONDONTWRITEBYTECODE="1", GLIMPSE_CACHE_DIR=str(tmp_path))
    assert len(bundles(tmp_path)) == 1
    assert counts(done)[1] <= LOADED_BEFORE


def test_python_may_take_the_place_back(package: Path) -> None:
    """An installer that compiles everything puts bytecode there: that is no bundle, and a bundle is no bytecode."""
    run(package)
    code = "import glimpse.bundled as there, sys; print(there.__doc__[:8])"
    assert run_python(code=code, cwd=package, env={"PYTHONPATH": str(package)}).stdout == "Nothing.\n"
    assert not bundles(package)
    assert counts(run(package))[0] == 0
    assert counts(run(package))[1] <= LOADED_BEFORE


def test_several_processes_at_once(package: Path) -> None:
    """Whichever writes last, the next one finds a whole file, and nothing else is left."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run(package), range(4)))
    assert counts(run(package))[1] <= LOADED_BEFORE
    assert not [*(package / "glimpse" / "__pycache__").glob("*.tmp")]


def test_while_another_thread_imports(package: Path) -> None:
    """It may be importing what is needed here, so the modules are imported in Python's own way; the file stays."""
    run(package)
    write_files(package, {"slow.py": "import gates; gates.inside.set(); gates.outside.wait()\n"})
    (bundle,) = bundles(package)
    before = bundle.read_bytes()
    code = """
    import sys, threading, types
    gates = sys.modules["gates"] = types.ModuleType("gates")
    gates.inside, gates.outside = threading.Event(), threading.Event()
    importing = threading.Thread(target=__import__, args=("slow",))
    importing.start()
    gates.inside.wait()
    import shop
    gates.outside.set()
    importing.join()
    shop.f()
    ours = [module for name, module in sys.modules.items() if name.startswith("glimpse.")]
    print(sum(type(module.__loader__).__module__ == "glimpse.bundle" for module in ours), len(ours))
    """
    taken, others = counts(run(package, code))
    assert 0 < taken < LOADED_AT_START < 80 < others
    assert bundle.read_bytes() == before
    assert counts(run(package))[1] <= LOADED_BEFORE

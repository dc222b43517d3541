"""The cache: an entry is used for the very source, policy and tools that it was made of, and for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest

from glimpse.hook import Builder, Terms
from glimpse.hook.cache import Store
from glimpse.hook.source import Source
from glimpse.policy import TracingPolicy
from tests.support import run_python, write_files, write_policy
from tests.support.importing import hooked, import_fresh
from tests.support.process import clean_environment


@pytest.fixture(autouse=True)
def _writes_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


class Bench:
    """One module and a builder for it; ``states`` tells what a look at it found."""

    def __init__(self, folder: Path, directory: Path | None = None, **policy: Any) -> None:
        self.file = folder / "thing.py"
        if not self.file.exists():
            self.write("def f(): return 1\n")
        self.store = Store(str(directory) if directory else None)
        self.builder = Builder(TracingPolicy(included_packages=["thing"], **policy), lambda owner: Terms(), self.store)

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def look(self, **options: Any) -> str:
        source = Source(str(self.file), None, cache_from_source(str(self.file)))
        _, fresh = self.builder.obtain("thing", source, **options)
        return "rewritten" if fresh else "cached"

    @property
    def entries(self) -> list[Path]:
        return sorted(self.file.parent.glob("__pycache__/*.glimpse-*"))


def let_rest(*files: Path) -> None:
    """Make files look as if nobody had touched them for a while: only waiting changes the time of change."""
    deadline = time.time() + 5
    while time.time() < deadline and any(file.stat().st_ctime > time.time() - 2.1 for file in files):
        time.sleep(0.05)


def test_second_look_finds_the_first(tmp_path: Path) -> None:
    """What was rewritten once is found again, under a name that Python never looks for."""
    bench = Bench(tmp_path)
    assert [bench.look(), bench.look()] == ["rewritten", "cached"]
    (entry,) = bench.entries
    assert entry.name.startswith(f"thing.{sys.implementation.cache_tag}.")
    assert not entry.name.endswith((".pyc", ".pyo", ".py"))
    assert not list(tmp_path.glob("**/*.pyc"))
    assert not list(tmp_path.glob("**/*.tmp"))


def test_changed_source_of_same_size_and_time(tmp_path: Path) -> None:
    """A source that was changed without a change of its size and its time of modification is rewritten."""
    bench = Bench(tmp_path)
    let_rest(bench.file)
    assert [bench.look(), bench.look()] == ["rewritten", "cached"]
    before = bench.file.stat()
    bench.write("def g(): return 2\n")
    os.utime(bench.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = bench.file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert bench.look() == "rewritten"


def test_change_right_after_the_entry_was_written(tmp_path: Path) -> None:
    """An entry that was made while the file was being edited is never trusted by the file's times alone."""
    bench = Bench(tmp_path)
    for number in range(20):
        bench.write(f"def f(): return {100 + number}\n")
        assert bench.look() == "rewritten"


def test_touched_source_is_not_rewritten(tmp_path: Path) -> None:
    """New times with the old content cost one comparison, and after that none."""
    bench = Bench(tmp_path)
    let_rest(bench.file)
    bench.look()
    os.utime(bench.file, (1, 1))
    let_rest(bench.file)
    assert bench.look() == "cached"

    class Unreadable(Source):
        __slots__ = ()

        def read(self) -> bytes:
            raise AssertionError("the source was read again")

    source = Unreadable(str(bench.file), None, cache_from_source(str(bench.file)))
    assert bench.builder.obtain("thing", source)[1] is False


def test_policies_never_share_wrongly(tmp_path: Path) -> None:
    """Policies with other answers for the module, and other terms, have entries of their own; others share."""
    bench = Bench(tmp_path)
    assert bench.look() == "rewritten"
    assert Bench(tmp_path, excluded_functions=["thing.f"]).look() == "rewritten"
    assert Bench(tmp_path, redact=["pin"]).look() == "rewritten"
    assert Bench(tmp_path, excluded_packages=["elsewhere"], excluded_functions=["elsewhere.g"]).look() == "cached"
    errors_only = Bench(tmp_path)
    errors_only.builder = Builder(errors_only.builder.policy, lambda owner: Terms("error"), errors_only.store)
    assert errors_only.look() == "rewritten"
    assert bench.look() == "cached"
    assert len(bench.entries) == 4


def test_old_variants_are_removed(tmp_path: Path) -> None:
    """A handful of variants of one module are kept, the rest is cleaned away."""
    for number in range(9):
        Bench(tmp_path, redact=[f"pin{number}"]).look()
    assert 1 < len(Bench(tmp_path).entries) < 6


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_damaged_entry_is_a_miss(tmp_path: Path, share: float) -> None:
    """An entry that is cut off anywhere is made anew, and one that is overwritten with something else, too."""
    bench = Bench(tmp_path)
    bench.look()
    (entry,) = bench.entries
    content = entry.read_bytes()
    entry.write_bytes(content[: int(len(content) * share)])
    assert [bench.look(functions=True), bench.look(functions=True)] == ["rewritten", "cached"]
    entry.write_bytes(b"something else")
    assert bench.look() == "rewritten"


def test_every_truncation_is_a_miss(tmp_path: Path) -> None:
    """No prefix of an entry is taken for a whole one."""
    bench = Bench(tmp_path)
    bench.look()
    (entry,) = bench.entries
    content = entry.read_bytes()
    bench.builder.store = Store(read_only=True)
    for length in range(len(content)):
        entry.write_bytes(content[:length])
        assert bench.look(functions=True) == "rewritten", length


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where nothing can be kept, everything works as at the first time."""
    bench = Bench(tmp_path)
    (tmp_path / "__pycache__").write_text("in the way")
    assert [bench.look(), bench.look()] == ["rewritten", "rewritten"]


def test_bytecode_is_not_written_where_it_is_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``PYTHONDONTWRITEBYTECODE`` holds for the folder of the source; a folder named for it is always written."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert [Bench(tmp_path).look() for _ in range(2)] == ["rewritten", "rewritten"]
    assert not (tmp_path / "__pycache__").exists()
    own = tmp_path / "cache"
    assert [Bench(tmp_path, own).look() for _ in range(2)] == ["rewritten", "cached"]
    assert not (tmp_path / "__pycache__").exists()
    (entry,) = own.glob("**/*.glimpse-*")
    assert str(tmp_path).lstrip("/") in str(entry)


def test_pycache_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries lie where Python's own bytecode would lie."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "prefix"))
    assert [Bench(tmp_path).look() for _ in range(2)] == ["rewritten", "cached"]
    assert not (tmp_path / "__pycache__").exists()
    assert len(list((tmp_path / "prefix").glob("**/*.glimpse-*"))) == 1


def test_other_tools_never_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of Python, Glimpse or libcst finds nothing of this one's."""
    from glimpse.hook import cache

    bench = Bench(tmp_path)
    assert [bench.look(), bench.look()] == ["rewritten", "cached"]
    for name, value in (("MAGIC_NUMBER", b"next"), ("__version__", "99"), ("_libcst_version", lambda: "99")):
        with monkeypatch.context() as patch:
            patch.setattr(cache, name, value)
            cache._toolchain.cache_clear()
            assert Bench(tmp_path).look() == "rewritten"
        cache._toolchain.cache_clear()
    assert Bench(tmp_path).look() == "cached"


def test_refusal_is_kept(tmp_path: Path) -> None:
    """That a module cannot be rewritten is found out once."""
    bench = Bench(tmp_path)
    bench.write("(x): int = 1\n")
    source = Source(str(bench.file), None, cache_from_source(str(bench.file)))
    first, second = (bench.builder.obtain("thing", source) for _ in range(2))
    if first[0].code is not None:
        pytest.skip("libcst has learned to read this")
    assert (first[1], second[1]) == (True, False)
    assert first[0].refusal == second[0].refusal != ""


def test_moved_project(tmp_path: Path) -> None:
    """After a move, kept code names the files at their new place, in nested code too."""
    text = "def f():\n    def inner(): return 1\n    return inner\nclass C:\n    def m(self): return 2\n"
    write_files(tmp_path, {"old/moved/__init__.py": text})
    with hooked(tmp_path / "old", "moved"):
        import_fresh("moved")
    (tmp_path / "old").rename(tmp_path / "new")
    with hooked(tmp_path / "new", "moved") as activation:
        module = import_fresh("moved")
        assert activation.outcomes["moved"].state == "cached"
        files = {code.co_filename for code in (module.f.__code__, module.f().__code__, module.C.m.__code__)}
    assert files == {str(tmp_path / "new/moved/__init__.py")}


def test_functions_are_listed_on_demand(tmp_path: Path) -> None:
    """What became of each function is kept beside the code."""
    bench = Bench(tmp_path)
    bench.look()
    source = Source(str(bench.file), None, cache_from_source(str(bench.file)))
    kept, fresh = bench.builder.obtain("thing", source, functions=True)
    assert not fresh
    assert [tuple(each) for each in kept.functions] == [("f", 1, None)]


APP = """
import shop.orders, sys
print(shop.orders.total([1, 2]), sorted({"libcst", "glimpse.hook.rewrite", "importlib.metadata"} & set(sys.modules)))
"""


PROGRAM = {"shop/__init__.py": "", "shop/orders.py": "def total(x): return sum(x)\n", "app.py": APP}


def test_warm_start_needs_no_rewriter(tmp_path: Path) -> None:
    """The second start of a program imports nothing of what rewriting takes."""
    write_files(tmp_path, PROGRAM)
    policy = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(write_policy(tmp_path, "shop"))}
    cold = run_python("app.py", cwd=tmp_path, env=policy)
    warm = run_python("app.py", cwd=tmp_path, env=policy)
    assert "glimpse.hook.rewrite" in cold.stdout
    assert "libcst" in cold.stdout
    assert warm.stdout == "3 []\n"
    assert len(warm.entries) == 2 * len(cold.entries) > 0


def test_program_without_glimpse_is_untouched(tmp_path: Path) -> None:
    """A program that ran traced runs from Python's own bytecode later, with nothing of ours in it."""
    write_files(tmp_path, PROGRAM)
    run_python("app.py", cwd=tmp_path, env={"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(write_policy(tmp_path, "shop"))})
    assert not list(tmp_path.glob("**/*.pyc"))
    code = "import shop.orders, sys; print(shop.orders.total.__code__.co_consts, 'glimpse' in sys.modules)"
    plain = run_python("-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}", cwd=tmp_path)
    assert plain.stdout == "(None,) False\n"
    assert [file.name for file in tmp_path.glob("shop/**/orders.*.pyc")]


def test_many_processes_at_once(tmp_path: Path) -> None:
    """Processes that rewrite the same modules at the same time leave whole entries, and no others."""
    names = [f"m{number}" for number in range(5)]
    write_files(tmp_path, {f"many/{name}.py": "def f(): return 1\n" for name in names} | {"many/__init__.py": ""})
    imports = ", ".join(f"many.{name}" for name in names)
    write_files(tmp_path, {"app.py": f"import {imports}\nprint(sum(m.f() for m in ({imports})))\n"})
    env = clean_environment({"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(write_policy(tmp_path, "many"))})
    command = [sys.executable, "app.py"]
    running = [
        subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60) for process in running] == [("5\n", "")] * 4
    entries = list(tmp_path.glob("many/__pycache__/*"))
    assert len(entries) == len(names) + 1
    assert run_python("app.py", cwd=tmp_path, env=env).stdout == "5\n"

"""The hook that waits for the first included module: nothing is lost or changed by what the program does before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glimpse.hook.startup import SITE_FOLDER
from tests.support import Run, run_python, write_files

SHOP = {"shop.py": "def f(): return 1\n", "more.py": "import shop\ndef g(): return shop.f()\n"}


def run(folder: Path, code: str, include: str = "shop", **env: str) -> Run:
    """What a program leaves behind that is traced by the environment."""
    write_files(folder, SHOP)
    on = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": include, "PYTHONPATH": os.pathsep.join([SITE_FOLDER, str(folder)])}
    return run_python(code=code, cwd=folder, env={**on, **env})


def test_nothing_is_opened_for_a_program_that_includes_nothing(tmp_path: Path) -> None:
    """The destination is opened with the first included module."""
    run(tmp_path, "import json")
    assert not (tmp_path / "glimpse.jsonl").exists()
    run(tmp_path, "import shop")
    assert (tmp_path / "glimpse.jsonl").exists()


def test_clocks_and_files_that_are_replaced_before(tmp_path: Path) -> None:
    """What records finds the real clocks and files, though the program has put others there before."""
    done = run(
        tmp_path,
        """
        import os, time
        for name in ("time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic"):
            setattr(time, name, lambda: 1)
        def refuse(*arguments): raise OSError("not here")
        os.write = os.open = os.fstat = refuse
        import shop
        shop.f()
        """,
    )
    assert [entry["stage"] for entry in done.entries] == ["START", "END"]
    assert done.entries[0]["timestamp"] > "2020"
    assert done.stderr == ""


@pytest.mark.parametrize("first", ["import glimpse; glimpse.install()", "import glimpse; glimpse.trace", "import shop"])
def test_whoever_asks_for_a_tracer_finds_the_one_that_waits(tmp_path: Path, first: str) -> None:
    """It is there as soon as the program uses Glimpse by itself, and only once."""
    done = run(
        tmp_path,
        f"""
        {first}
        import glimpse, shop
        from glimpse.tracer import current
        assert glimpse.install() is current()
        assert current().activation.outcomes["shop"].instrumented
        shop.f()
        """,
    )
    assert len(done.entries) == 2


def test_a_module_that_recording_needs_is_there_once(tmp_path: Path) -> None:
    """Included or not: it is not loaded a second time by the import that it was needed in."""
    done = run(
        tmp_path,
        """
        import json
        import orjson
        assert issubclass(orjson.JSONDecodeError, json.JSONDecodeError)
        assert json.__spec__.loader.__class__.__name__ == "SourceFileLoader"
        print(json.loads("[1]"))
        """,
        include="json,platform,uuid,weakref,shop",
    )
    assert done.stdout == "[1]\n"


def test_a_destination_that_cannot_be_opened(tmp_path: Path) -> None:
    """It is said once, in one line, and the program goes on untraced."""
    done = run(tmp_path, "import shop, more; print(more.g())", "shop,more", GLIMPSE_LOG_PATH=str(tmp_path))
    assert done.stdout == "1\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("glimpse: GLIMPSE_AUTO=1 has no effect: option log_path")


def test_threads_that_import_at_once(tmp_path: Path) -> None:
    """Several included modules, each imported by a thread of its own as the first: all are traced, by one tracer."""
    write_files(tmp_path, {f"part{number}.py": f"def f{number}(): return 1\n" for number in range(6)})
    done = run(
        tmp_path,
        """
        import importlib, threading
        gate = threading.Barrier(6)
        def work(number):
            gate.wait()
            getattr(importlib.import_module(f"part{number}"), f"f{number}")()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for each in threads: each.start()
        for each in threads: each.join()
        """,
        include="part*",
    )
    assert sorted(entry["function"] for entry in done.entries) == sorted(2 * [f"part{n}.f{n}" for n in range(6)])


def test_another_thread_imports_what_recording_needs(tmp_path: Path) -> None:
    """A finder is asked under a lock that the other thread wants next: neither waits for the other for ever."""
    uuid = """
        import time, gate
        gate.reached.set()
        time.sleep(1)
        import wave
        class UUID: pass
        """
    write_files(tmp_path, {"gate.py": "import threading\nreached = threading.Event()\n", "uuid.py": uuid})
    done = run(
        tmp_path,
        """
        import threading, gate
        other = threading.Thread(target=__import__, args=("uuid",))
        other.start()
        gate.reached.wait()
        import shop
        other.join()
        print(shop.f())
        """,
        GLIMPSE_DEST="journal",
    )
    assert done.stdout == "1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_children_forked_before(tmp_path: Path) -> None:
    """A child records by itself what it imports first, also one that was forked while another thread began."""
    done = run(
        tmp_path,
        """
        import os, sys
        children = []
        for _ in range(3):
            child = os.fork()
            if not child:
                import shop
                shop.f()
                sys.exit()
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        import more
        """,
    )
    assert len({entry["pid"] for entry in done.entries}) == 3
    assert len(done.entries) == 6


def test_places_are_looked_at_without_beginning(tmp_path: Path) -> None:
    """Where a policy includes by place, what is imported from elsewhere does not end the waiting."""
    write_files(tmp_path, {"glimpse-policy.json": '{"project_root_packages": ["shop"]}', "lib/away.py": ""})
    away = str(tmp_path / "lib")
    done = run(
        tmp_path,
        f"""
        import sys
        sys.path.append({away!r})
        import away
        print("glimpse.session" in sys.modules)
        import shop
        print("glimpse.session" in sys.modules)
        shop.f()
        """,
        include="",
    )
    assert (done.stdout, len(done.entries)) == ("False\nTrue\n", 2)

"""The script that is run as ``__main__``: traced under ``GLIMPSE_AUTO=1`` and the same to everyone who looks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support import plain_and_traced, run_python, write_files, write_policy
from tests.support.process import clean_environment

LOOKING = '''
"""The script's own text."""
import atexit, sys, os, __main__

def look(scope):
    shown = {name: repr(value).partition(" at 0x")[0] for name, value in scope.items() if name.startswith("__")}
    print(sorted(scope), shown)
    print(sys.argv, sys.path[:2], __main__.__dict__ is scope, sys.modules["__main__"] is __main__)
    print([name for name in sys.path_importer_cache if name.endswith(".py")], sys.flags.safe_path if hasattr(
        sys.flags, "safe_path") else None, sys.orig_argv[1:])

look(globals())
atexit.register(lambda: print("end", "__file__" in vars(__main__), hasattr(sys, "last_value"), sys.excepthook))
'''
BELOW = """
import inspect, sys, traceback, warnings

def look():
    print([entry.function for entry in inspect.stack()], "runpy" in sys.modules)
    traceback.print_stack(file=sys.stdout)
    warnings.warn("from below", stacklevel=9)

look()
print(sys._getframe().f_back, sys._getframe().f_locals is globals())
[].missing
"""
ENDINGS = """
import sys

class Odd(Exception):
    def __str__(self):
        return "odd"

def end(how):
    if how == "error":
        try:
            {}["key"]
        except KeyError as error:
            raise Odd() from error
    if how == "exit":
        sys.exit(7)
    if how == "text":
        sys.exit("said")
    if how == "hook":
        sys.excepthook = lambda kind, value, trace: print("own hook", kind.__name__, trace.tb_frame.f_code.co_name)
        raise Odd()
    if how == "recursion":
        end(how)

end(sys.argv[1])
"""


@pytest.mark.parametrize("options", [(), ("-I",), ("-O",), ("-X", "utf8")])
def test_scene_is_that_of_a_plain_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Globals, ``sys.argv``, ``sys.path``, the loader and what is left at exit are those of a plain run."""
    write_files(tmp_path, {"app.py": LOOKING})
    policy = write_policy(tmp_path, "app")
    plain_and_traced(*options, "app.py", "a", "-b", policy=policy, cwd=tmp_path)


@pytest.mark.parametrize("options", [("-x",), ("-ux",), ("-W", "default", "-x")])
def test_first_line_that_is_to_be_skipped(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A script that is started with ``-x`` is left to Python, whatever its first line is."""
    write_files(tmp_path, {"app.py": "print('skipped')\ndef f(): return 1\nprint(f())\n"})
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "app"}
    assert run_python(*options, "app.py", cwd=tmp_path, env=env).seen == (0, "1\n", "")


def test_interactive_afterwards(tmp_path: Path) -> None:
    """``python -i`` goes on with the script's names, traced."""
    write_files(tmp_path, {"app.py": "def f(): return 1\n"})
    policy = write_policy(tmp_path, "app")
    run = plain_and_traced("-i", "app.py", policy=policy, cwd=tmp_path, stdin="print(f(), __name__)\n")
    assert run.stdout == "1 __main__\n"


def test_script_elsewhere(tmp_path: Path) -> None:
    """A script that is named by a path, or by a link, has its real folder on the import path."""
    write_files(tmp_path, {"code/app.py": LOOKING, "code/helper.py": ""})
    policy = write_policy(tmp_path, "app", "link")
    plain_and_traced("code/../code/app.py", policy=policy, cwd=tmp_path)
    (tmp_path / "link.py").symlink_to(tmp_path / "code/app.py")
    plain_and_traced("link.py", policy=policy, cwd=tmp_path)


def test_nothing_stands_below_a_script(tmp_path: Path) -> None:
    """The script's first frame is the first of all, and ``runpy`` has not been needed."""
    write_files(tmp_path, {"app.py": BELOW})
    plain_and_traced("app.py", policy=write_policy(tmp_path, "app"), cwd=tmp_path)


@pytest.mark.parametrize("how", ["error", "exit", "text", "hook", "recursion", "nothing"])
def test_endings(tmp_path: Path, how: str) -> None:
    """Exit code, output and traceback of a script that ends in some way are those of a plain run."""
    write_files(tmp_path, {"app.py": ENDINGS})
    policy = write_policy(tmp_path, "app")
    if how == "recursion":  # the limit may be reached a little earlier: the number of repetitions is another
        env = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)}
        run = run_python("app.py", how, cwd=tmp_path, expect=1, env=env)
    else:
        run = plain_and_traced("app.py", how, policy=policy, cwd=tmp_path)
    assert run.entries[0]["function"] == "__main__.end"
    assert "runpy" not in run.stderr


def test_script_with_wrong_syntax(tmp_path: Path) -> None:
    """Python reports it, as ever."""
    write_files(tmp_path, {"app.py": "def f(:\n"})
    policy = write_policy(tmp_path, "app")
    plain = run_python("app.py", cwd=tmp_path, expect=1)
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)}
    assert run_python("app.py", cwd=tmp_path, expect=1, env=env).seen == plain.seen


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_interrupted_script_ends_by_the_signal(tmp_path: Path) -> None:
    """A script that Ctrl-C ends is ended by SIGINT for whoever started it, with its entries complete."""
    often = "for _ in range(600): time.sleep(0.1)"  # a signal just before a long sleep would wait for its end
    write_files(tmp_path, {"app.py": f"import time\ndef wait():\n    print('go', flush=True)\n    {often}\nwait()\n"})
    env = clean_environment({"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(write_policy(tmp_path, "app"))})
    command = [sys.executable, "app.py"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert error.splitlines()[0] == "Traceback (most recent call last):"
    assert error.splitlines()[-1] == "KeyboardInterrupt"
    assert "runpy" not in error
    assert (tmp_path / "glimpse.jsonl").read_text().count('"EXCEPTION"') == 1


def test_packages_archives_and_folders(tmp_path: Path) -> None:
    """``python -m package``, ``python folder`` and ``python app.pyz`` trace their main module too."""
    main = """
        import sys
        def run():
            print(__name__, __package__, type(__loader__).__name__, __spec__.name, sys.path[0])
        run()
    """
    write_files(tmp_path, {"tool/__init__.py": "", "tool/__main__.py": main})
    with zipfile.ZipFile(tmp_path / "packed.pyz", "w") as archive:
        archive.writestr("__main__.py", dedent(main))
    policy = write_policy(tmp_path, "tool", "packed")
    for arguments in (("-m", "tool"), ("tool",), ("packed.pyz",)):
        run = plain_and_traced(*arguments, policy=policy, cwd=tmp_path)
        assert {entry["function"] for entry in run.entries} == {"__main__.run"}
        (tmp_path / "glimpse.jsonl").unlink()


def test_script_that_is_not_included(tmp_path: Path) -> None:
    """A script outside the policy runs with nothing of ours beneath it."""
    text = "import sys, shop\nprint(sys._getframe().f_back, shop.f())\n"
    write_files(tmp_path, {"app.py": text, "shop.py": "def f(): return 1\n"})
    assert plain_and_traced("app.py", policy=write_policy(tmp_path, "shop"), cwd=tmp_path).stdout == "None 1\n"


def test_spawned_workers(tmp_path: Path) -> None:
    """The functions of a script are traced in worker processes that ``multiprocessing`` spawns, as in the script."""
    text = """
        import multiprocessing, sys

        def double(number):
            return 2 * number

        if __name__ == "__main__":
            with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
                print(pool.map(double, [1, 2]), __spec__)
                pool.close()
                pool.join()
    """
    write_files(tmp_path, {"app.py": text})
    policy = write_policy(tmp_path, "app")
    methods = ["spawn"] if os.name == "nt" else ["spawn", "forkserver"]
    for method in methods:
        run = plain_and_traced("app.py", method, policy=policy, cwd=tmp_path)
        calls = [entry["args"] for entry in run.entries if entry["stage"] == "START"]
        assert calls == ["double(number=1)", "double(number=2)"]
        (tmp_path / "glimpse.jsonl").unlink()


def test_run_path(tmp_path: Path) -> None:
    """``runpy.run_path``, with which debuggers start scripts, gives the namespace of a plain run, again and again."""
    text = """
        import runpy, sys
        for name in ("<run_path>", "__main__"):
            scope = runpy.run_path("tool.py", run_name=name)
            print({key: repr(value).partition(" at 0x")[0] for key, value in scope.items() if key != "__builtins__"})
        print(sys.path[0], [name for name in sys.path_importer_cache if name.endswith(".py")], sys.argv)
    """
    write_files(tmp_path, {"app.py": text, "tool.py": "import sys\ndef f(): return sys.argv\nF = f()\n"})
    run = plain_and_traced("app.py", policy=write_policy(tmp_path, "tool"), cwd=tmp_path)
    assert len(run.entries) == 4

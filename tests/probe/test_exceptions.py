"""What is recorded of exceptions, and what stays of them as it was."""

from __future__ import annotations

from pathlib import Path

from tests.support import read_entries
from tests.support.process import run_python

INTERRUPTED = '''
import glimpse, os, sys, traceback

PACKAGE = os.path.dirname(glimpse.__file__)

class Interruption:
    """Raises at the n-th place of the package where the interpreter looks for signals."""
    def __init__(self, number): self.left = number
    def __call__(self, frame, event, arg):
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(PACKAGE):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

class Owner:
    def method(self, a, *more): return [a]

def plain(a): return {a: a}
def generator(a):
    got = yield a
    return got
def protected(a):
    try: return a
    finally: plain(a)
async def coroutine(a): return a
def fails(a): raise KeyError(a)

def uses():
    plain(1)
    protected((1, 2))
    list(generator("x"))
    Owner().method(1, 2, 3)
    try: coroutine(3).send(None)
    except StopIteration: pass
    try: fails(1)
    except KeyError: pass
    sorted([1], key=lambda each: plain(each))

def outermost(): uses()

outermost()
number = at_once = 0
interrupted = True
while interrupted:
    number += 1
    interrupted = False
    sys.setprofile(Interruption(number))
    try:
        outermost()
    except KeyboardInterrupt as error:
        interrupted = True
        sys.setprofile(None)
        entries = traceback.extract_tb(error.__traceback__)
        if entries[2].name == "uses":
            ours = [each.filename for each in entries if each.filename != __file__]
            assert not ours, (number, [(each.name, each.filename) for each in entries])
            while error.__context__ is not None:
                error = error.__context__
                assert error.__traceback__.tb_frame.f_code.co_filename == __file__, (number, error)
        else:
            at_once += 1
    finally:
        sys.setprofile(None)
print(number - at_once > 30)
'''


def test_a_handler_that_raises_leaves_none_of_ours_in_the_traceback(tmp_path: Path) -> None:
    """What a signal's handler raises while a function of ours runs is as if it had come in the function that called."""
    script, policy = tmp_path / "interrupted.py", tmp_path / "policy.json"
    script.write_text(INTERRUPTED)
    policy.write_text('{"included_packages": ["interrupted"], "excluded_functions": ["*Interruption*"]}')
    environment = {"GLIMPSE_AUTO": "1", "GLIMPSE_POLICY": str(policy)}
    assert run_python(script, cwd=tmp_path, env=environment).stdout == "True\n"


FOUND_TWICE = """
def caught():
    try:
        raise ValueError("caught")
    except ValueError as error:
        raise error

def cleans_up():
    try:
        yield
    finally:
        pass

def thrower():
    context = cleans_up()
    next(context)
    try:
        raise ValueError("thrown")
    except ValueError as error:
        context.throw(error)

for each in caught, thrower:
    try:
        each()
    except ValueError:
        pass
"""


def test_the_traceback_is_at_the_first_frame_that_is_left(tmp_path: Path) -> None:
    """Frames of the traceback that still run, having caught the exception or thrown it, do not count as left."""
    (tmp_path / "twice.py").write_text(FOUND_TWICE)
    program = "import glimpse\nglimpse.install(policy=glimpse.TracingPolicy(included_packages=['twice']))\nimport twice"
    run_python("-c", program, cwd=tmp_path)
    entries = [entry for entry in read_entries(tmp_path / "glimpse.jsonl") if entry["stage"] == "EXCEPTION"]
    assert [(entry["args"], "traceback" in entry["exception"]) for entry in entries] == [
        ("caught()", True),
        ("cleans_up()", True),
        ("thrower()", False),
    ]

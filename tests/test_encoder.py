"""JSON by what Python has built in: the same as orjson's, which takes its place without being noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.encoder import _Json, ascii_json
from tests.support import run_python, write_files

TEXTS = st.text() | st.text('"\\\x00\n\x1f\x7fé€😀\ud800ab')
INTEGERS = st.integers(-(2**63), 2**64 - 1)
RECORDS = st.lists(st.dictionaries(TEXTS, TEXTS | INTEGERS | st.none() | st.booleans() | st.lists(TEXTS, max_size=3)))
ATOMS = st.integers() | st.integers(-5, 5) | st.booleans() | st.none() | st.floats() | TEXTS


def built_in_and_orjson() -> tuple[_Json, _Json]:
    """The two ways."""
    before, after = _Json(), _Json()
    after.load()
    assert (before.is_built_in, after.is_built_in) == (True, False)
    return before, after


def outcome(dumps: Any, value: object) -> bytes | None:
    """What is given, None if it is refused."""
    try:
        return bytes(dumps(value))
    except TypeError:
        return None


@given(TEXTS | RECORDS)
def test_the_same_bytes(value: object) -> None:
    """Of strings and records; what UTF-8 cannot hold is refused by both."""
    before, after = built_in_and_orjson()
    assert outcome(before.dumps, value) == outcome(after.dumps, value)


@given(st.dictionaries(st.text(), st.floats()))
def test_the_same_numbers(value: dict[str, float]) -> None:
    """Floats are written in other digits that mean the same; those that are not finite are refused."""
    before, _ = built_in_and_orjson()
    data = outcome(before.dumps, value)
    assert (data is None) == any(number - number != 0 for number in value.values())
    if data is not None:
        assert orjson.loads(data) == value


@given(st.lists(ATOMS, min_size=1) | st.lists(st.integers(), min_size=1))
def test_the_same_integers(values: list[Any]) -> None:
    """Where texts are given, they are those of ``repr``, and of integers alone; small ones are always given."""
    small = all(type(each) is int and abs(each) < 10**17 for each in values)
    for each in built_in_and_orjson():
        found = each.integers(values)
        assert found == [repr(value) for value in values] if small else True
        assert found is None or (found == list(map(repr, values)) and all(type(value) is int for value in values))


@given(TEXTS | st.integers() | st.lists(TEXTS))
def test_what_others_refuse(value: object) -> None:
    """Lone surrogates and large integers, in ASCII."""
    import json

    assert json.loads(ascii_json(value)) == value


PROGRAM = """
def odd(value, other=1):
    return value

def go():
    for value in [b"x", "plain", "q'\\"", "b\\\\", "\\n\\x00\\x7f", "é€😀", "\\ud800", 2**70, -3, 1.5, float("nan"),
                  None, True, "x" * 1000, ["a\\"b"], ("\\ud800", 1), {"k": 1}]:
        odd(value)
    for number in range(300):
        odd(number)
    try:
        odd()
    except TypeError:
        pass
"""


@pytest.mark.parametrize(
    "more", [{}, {"GLIMPSE_TRACE_ID": "true"}, {"GLIMPSE_LEVEL": "DEBUG"}], ids=["", "ids", "debug"]
)
def test_the_same_lines(tmp_path: Path, more: dict[str, str]) -> None:
    """A program leaves the same entries with and without orjson, but for times and ids."""
    write_files(tmp_path, {"shop.py": PROGRAM})
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "GLIMPSE_FLUSH_INTERVAL": "60", **more}
    found = []
    for number, first in enumerate(("", "import orjson;")):
        code = f"{first}import sys, shop; shop.go(); print('orjson' in sys.modules)"
        log = f"{number}.jsonl"
        run = run_python(code=code, cwd=tmp_path, env={**env, "GLIMPSE_LOG_PATH": log}, log=log)
        assert run.stdout == f"{bool(first)}\n"
        varying = ("timestamp", "duration_ms", "pid", "trace_id", "span_id", "parent_span_id")
        found.append([{name: value for name, value in entry.items() if name not in varying} for entry in run.entries])
    assert len(found[0]) > 600
    assert found[0] == found[1]


LASTING = """
import sys, time
from shop import f
f()
def wait_for(seconds):
    end = time.monotonic() + seconds
    while "orjson" not in sys.modules and time.monotonic() < end:
        f()
        time.sleep(0.01)
for name in sys.modules:
    if name == "sys":
        wait_for(1)
print("orjson" in sys.modules)
wait_for(60)
print("orjson" in sys.modules)
"""


def test_whoever_lasts_gets_orjson(tmp_path: Path) -> None:
    """From our own thread, and not while the program is going through ``sys.modules``."""
    write_files(tmp_path, {"shop.py": "def f(): return 'é'\n"})
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "GLIMPSE_FLUSH_INTERVAL": "0.05"}
    run = run_python(code=LASTING, cwd=tmp_path, env=env)
    assert run.stdout == "False\nTrue\n"
    assert {entry["result"] for entry in run.entries if entry["stage"] == "END"} == {"'é'"}


@pytest.mark.parametrize(
    ("first", "dest"),
    [("import dataclasses, json, uuid", "jsonl"), ("", "sqlite"), ("", "jsonl,json")],
)
def test_where_orjson_is_there_from_the_beginning(tmp_path: Path, first: str, dest: str) -> None:
    """Where it costs next to nothing, and for other destinations than JSON lines and the journal."""
    write_files(tmp_path, {"shop.py": "import sys\nTHERE = 'orjson' in sys.modules\n"})
    env = {"GLIMPSE_AUTO": "1", "GLIMPSE_INCLUDE": "shop", "GLIMPSE_DEST": dest}
    assert run_python(code=f"{first}\nimport shop; print(shop.THERE)", cwd=tmp_path, env=env).stdout == "True\n"


def test_what_orjson_needs_cannot_be_had(tmp_path: Path) -> None:
    """As after a change of user: what Python has built in goes on encoding, in a process that does not crash."""
    for missing in ("dataclasses", "json", "uuid", "datetime"):
        code = f"""
            import json.encoder, sys
            from glimpse.encoder import JSON
            sys.modules[{missing!r}] = None
            sys.path_importer_cache.clear()
            JSON.load_in_thread()
            print(JSON.dumps([1]), "orjson" in sys.modules)
        """
        assert run_python(code=code, cwd=tmp_path).stdout == "b'[1]' False\n"


@pytest.mark.parametrize("dest", ["jsonl", "journal"])
def test_orjson_comes_soon_where_much_is_recorded(tmp_path: Path, dest: str) -> None:
    """It does not take the flush interval, which no test could wait for here."""
    write_files(tmp_path, {"busy.py": "def f(x): return x\n"})
    code = f"""
        import glimpse, sys, time
        policy = glimpse.TracingPolicy(included_packages=["busy"])
        glimpse.install(policy, glimpse.Config(dest={dest!r}, flush_interval=3600))
        import busy
        deadline = time.monotonic() + 60
        while "orjson" not in sys.modules and time.monotonic() < deadline:
            busy.f(1)
        print("orjson" in sys.modules)
    """
    assert run_python(cwd=tmp_path, code=code).stdout == "True\n"

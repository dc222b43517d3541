"""The examples that the project was asked for with, run as a user types them."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support import assert_complete, outline, read_entries, run_python, write_files
from tests.support.process import TIMEOUT_S, clean_environment

SHOP = """
from dataclasses import dataclass

@dataclass
class Item:
    name: str
    price: int

shopping_cart = [Item("tea", 3), Item("cup", 9)]
"""

THIRTY_SECONDS = """
from glimpse import Tracer, Config, TracingPolicy

# Configure what to trace
config = Config(dest="jsonl", level="INFO")
policy = TracingPolicy(included_packages=["myapp"])

# Start automatic tracing
tracer = Tracer(config, policy=policy)
tracer.run()

# Your code runs here - everything gets traced automatically
def calculate_total(items):
    return sum(item.price for item in items)

result = calculate_total(shopping_cart)

tracer.stop()
"""

SET_UP = """
from glimpse import Tracer, Config, TracingPolicy

config = Config(dest="jsonl", level="INFO")
policy = TracingPolicy(included_packages=["myapp"])
tracer = Tracer(config, policy=policy)
"""

SERVICES = """
from dataclasses import dataclass
import time

@dataclass
class User:
    id: int
    name: str

def get_user(user_id):
    return User(id=user_id, name="John")

def slow_report():
    time.sleep(0.12)
    return get_user(7)

def broken():
    raise LookupError("no such user")

def process_data(data):
    return data * 2
"""

SLOW = "select(.duration_ms > 100)"
CALLS = ".function"
ERRORS = 'select(.stage == "EXCEPTION")'


def test_thirty_seconds(tmp_path: Path) -> None:
    """The example saved as ``myapp.py`` records its one call, from a module that was running already."""
    write_files(tmp_path, {"myapp.py": SHOP + THIRTY_SECONDS})
    run = run_python("myapp.py", cwd=tmp_path)
    assert run.stderr == ""
    assert_complete(run.entries)
    start, end = run.entries
    assert start["function"].endswith(".calculate_total")
    assert start["args"] == "calculate_total(items=[Item(name='tea', price=3), Item(name='cup', price=9)])"
    assert (end["args"], end["stage"], end["result"]) == ("calculate_total", "END", "12")


def test_thirty_seconds_typed(tmp_path: Path) -> None:
    """Typed into ``python -i``, it records its call too: what is typed has no name that a pattern could mean."""
    run = run_python("-i", cwd=tmp_path, stdin=re.sub(r"(?m)^(    .*\n)(?! )", r"\1\n", SHOP + THIRTY_SECONDS))
    assert [entry["args"] for entry in run.entries] == [
        "calculate_total(items=[Item(name='tea', price=3), Item(name='cup', price=9)])",
        "calculate_total",
    ]
    assert "Error" not in run.stderr


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the prompt of Python 3.13")
def test_thirty_seconds_pasted(tmp_path: Path) -> None:
    """Pasted at a terminal's prompt, which on Python 3.13.0 bears the names of a module, it records its call too."""
    pty = pytest.importorskip("pty")
    terminal, inner = pty.openpty()
    ends = dict.fromkeys(("stdin", "stdout", "stderr"), inner)
    environment = {**clean_environment(), "TERM": "xterm"}
    python = subprocess.Popen([sys.executable, "-q"], cwd=tmp_path, env=environment, start_new_session=True, **ends)
    log = tmp_path / "glimpse.jsonl"
    try:
        read_until(terminal, lambda shown: b">>> " in shown)
        os.write(terminal, b"\x1b[200~" + (SHOP + THIRTY_SECONDS).encode() + b"\x1b[201~")
        read_until(terminal, lambda shown: b"tracer.stop()" in shown)
        os.write(terminal, b"\n")
        read_until(terminal, lambda shown: log.exists() and len(read_entries(log)) == 2)
    finally:
        python.kill()
        python.wait(TIMEOUT_S)
        os.close(inner)
        os.close(terminal)
    assert [entry["function"] for entry in read_entries(log)] == ["__main__.calculate_total"] * 2


def read_until(terminal: int, done: Callable[[bytes], bool]) -> None:
    """Read what a terminal shows until that is so; an error after a long while."""
    shown, deadline = b"", time.monotonic() + TIMEOUT_S
    while not done(shown):
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65536)


def test_output_example(tmp_path: Path) -> None:
    """The record of ``get_user(user_id=123)`` has the names, the order and the texts of the example."""
    write_files(tmp_path, {"myapp/__init__.py": "", "myapp/services.py": SERVICES})
    code = SET_UP + "from myapp.services import get_user\nwith tracer:\n    get_user(123)\n"
    start, end = [e for e in run_python(code=code, cwd=tmp_path).entries if "get_user" in e["function"]]
    assert shown(start) == {
        "entry_id": 1,
        "level": "INFO",
        "function": "myapp.services.get_user",
        "args": "get_user(user_id=123)",
        "stage": "START",
    }
    assert shown(end)["result"] == "User(id=123, name='John')"
    assert isinstance(end["duration_ms"], float)
    assert all(len(entry["timestamp"]) == len("2023-12-01 10:30:15.123456") for entry in (start, end))


def test_decorator(tmp_path: Path) -> None:
    """A decorated function is recorded although no policy names it and nothing was started."""
    body = """
    @tracer.trace_function
    def critical_function(data):
        # This function will always be traced
        return process_data(data)

    print(critical_function([1]))
    """
    write_files(tmp_path, {"services.py": SERVICES, "main.py": SET_UP + "from services import process_data\n"})
    (tmp_path / "main.py").write_text((tmp_path / "main.py").read_text() + dedent(body))
    run = run_python("main.py", cwd=tmp_path)
    assert (run.stdout, run.stderr) == ("[1, 1]\n", "")
    assert outline(run.entries) == ["critical_function(data=[1]) -> [1, 1]"]


@pytest.mark.parametrize(
    "block",
    [
        "with tracer:\n    your_application_code()\n",
        "with Tracer(config, policy=policy):\n    # Tracing active only in this block\n    your_application_code()\n",
    ],
)
def test_context_manager(tmp_path: Path, block: str) -> None:
    """Calls inside the block are recorded, those before and after it are not."""
    write_files(tmp_path, {"myapp.py": "def your_application_code(n=0):\n    return n\n"})
    call = "your_application_code(1)\n"
    code = SET_UP + "from myapp import your_application_code\n" + call + block + call
    run = run_python(code=code, cwd=tmp_path)
    assert outline(run.entries) == ["your_application_code(n=0) -> 0"]


def test_storage_backends(tmp_path: Path) -> None:
    """Both constructors of the example put the same calls into the file that they name."""
    code = SET_UP.replace('Config(dest="jsonl", level="INFO")', "CONFIG") + (
        "from services import get_user\nservices = TracingPolicy(included_packages=['services'])\n"
        "with Tracer(config, policy=services):\n    get_user(1)\n"
    )
    write_files(tmp_path, {"services.py": SERVICES})
    jsonl = 'Config(dest="jsonl", params={"log_path": "logs/traces.jsonl"})'
    (tmp_path / "logs").mkdir()
    run = run_python(code=code.replace("CONFIG", jsonl), cwd=tmp_path, log="logs/traces.jsonl")
    run_python(code=code.replace("CONFIG", 'Config(dest="sqlite", params={"db_path": "traces.db"})'), cwd=tmp_path)
    connection = sqlite3.connect(tmp_path / "traces.db")
    rows = connection.execute("select function, args, stage from entries order by entry_id").fetchall()
    connection.close()
    assert rows == [(e["function"], e["args"], e["stage"]) for e in run.entries]
    assert ("services.get_user", "get_user(user_id=1)", "START") in rows


def test_configuration_from_the_constructor(tmp_path: Path) -> None:
    """The constructor's settings hold: place of the file and the length at which values are cut."""
    config = """
    from glimpse import Config

    # Constructor approach
    config = Config(
        dest="jsonl",              # Storage backend
        level="INFO",              # Log level
        max_field_length=512,      # Truncate long values
        params={"log_path": "traces.jsonl"}
    )
    """
    code = dedent(config) + (
        "from glimpse import Tracer\nfrom services import process_data\n"
        "tracer = Tracer(config)\ntracer.trace_function(process_data)('x' * 600)\n"
    )
    write_files(tmp_path, {"services.py": SERVICES})
    start = run_python(code=code, cwd=tmp_path, log="traces.jsonl").entries[0]
    assert "…" in start["args"]
    assert 400 < len(start["args"]) < 600


def test_configuration_from_the_environment(tmp_path: Path) -> None:
    """``Config()`` takes what the environment says, and at DEBUG entries carry file and line."""
    write_files(tmp_path, {"myapp.py": "def ping():\n    return 'pong'\n"})
    code = SET_UP.replace('Config(dest="jsonl", level="INFO")', "Config()  # Automatically loads from environment")
    env = {"GLIMPSE_DEST": "jsonl", "GLIMPSE_LEVEL": "DEBUG", "GLIMPSE_LOG_PATH": "env.jsonl"}
    code += "print(config.dest, config.level)\nimport myapp\nwith tracer:\n    myapp.ping()\n"
    run = run_python(code=code, cwd=tmp_path, env=env, log="env.jsonl")
    assert run.stdout == "jsonl DEBUG\n"
    assert outline(run.entries) == ["ping() -> 'pong'"]
    assert {(Path(entry["file"]).name, entry["line"]) for entry in run.entries} == {("myapp.py", 1)}


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), (None, False)])
def test_trace_id_variable(tmp_path: Path, value: str | None, expected: bool) -> None:
    """``GLIMPSE_TRACE_ID`` switches W3C ids on; they are off by default."""
    write_files(tmp_path, {"myapp.py": "def ping():\n    return 'pong'\n"})
    code = SET_UP + "import myapp\nwith tracer:\n    myapp.ping()\n"
    env = {} if value is None else {"GLIMPSE_TRACE_ID": value}
    entries = run_python(code=code, cwd=tmp_path, env=env).entries
    assert [len(entry.get("trace_id", "")) for entry in entries] == ([32, 32] if expected else [0, 0])


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A default output file with slow, fast and failing calls."""
    write_files(tmp_path, {"myapp/__init__.py": "", "myapp/services.py": SERVICES})
    code = """
    from myapp import services
    with tracer:
        services.slow_report()
        services.get_user(1)
        try:
            services.broken()
        except LookupError:
            pass
    """
    run_python(code=SET_UP + dedent(code), cwd=tmp_path)
    return (tmp_path / "glimpse.jsonl").rename(tmp_path / "traces.jsonl")


def test_recipes_in_python(traces: Path) -> None:
    """What the three queries ask for is what the output holds: slow calls, calls by function, errors."""
    entries = read_entries(traces)
    slow = [entry["function"] for entry in entries if entry.get("duration_ms", 0) > 100]
    assert slow == ["myapp.services.slow_report"]
    assert Counter(entry["function"] for entry in entries)["myapp.services.get_user"] == 4
    (error,) = [entry for entry in entries if entry["stage"] == "EXCEPTION"]
    assert error["exception"]["message"] == "no such user"


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_recipes_with_jq(traces: Path) -> None:
    """The three command lines as typed give the same answers as Python does."""
    entries = read_entries(traces)
    slow = shell(traces, f"cat traces.jsonl | jq -c '{SLOW}'")
    assert [json.loads(line) for line in slow] == [e for e in entries if e.get("duration_ms", 0) > 100]
    counts = shell(traces, f"cat traces.jsonl | jq '{CALLS}' | sort | uniq -c")
    expected = Counter(entry["function"] for entry in entries)
    assert {json.loads(name): int(count) for count, name in map(str.split, counts)} == expected
    errors = shell(traces, f"cat traces.jsonl | jq -c '{ERRORS}'")
    assert [json.loads(line) for line in errors] == [e for e in entries if e["stage"] == "EXCEPTION"]


def test_correlation_id(tmp_path: Path) -> None:
    """A tracer's correlation id is in every one of its entries."""
    write_files(tmp_path, {"myapp.py": "def ping():\n    return 'pong'\n"})
    code = SET_UP + 'import myapp\ntracer = Tracer(config, policy=policy, correlation_id="req-123")\n'
    entries = run_python(code=code + "with tracer:\n    myapp.ping()\n", cwd=tmp_path).entries
    assert [entry["correlation_id"] for entry in entries] == ["req-123", "req-123"]


def test_custom_writer(tmp_path: Path) -> None:
    """A writer that defines ``write`` only gets every entry once it is registered under a name."""
    code = """
    from glimpse import BaseWriter, Config, LogEntry, Tracer, TracingPolicy, register_writer
    import myapp

    stored = []

    class ElasticsearchWriter(BaseWriter):
        def write(self, entry):
            stored.append(entry)

    register_writer("elasticsearch", ElasticsearchWriter)
    with Tracer(Config(dest="elasticsearch"), policy=TracingPolicy(included_packages=["myapp"])):
        myapp.ping()
    print([(type(e) is LogEntry, e.function, e.stage) for e in stored])
    """
    write_files(tmp_path, {"myapp.py": "def ping():\n    return 'pong'\n"})
    run = run_python(code=code, cwd=tmp_path)
    assert run.stdout == "[(True, 'myapp.ping', 'START'), (True, 'myapp.ping', 'END')]\n"
    assert run.entries == []


def shown(entry: dict[str, object]) -> dict[str, object]:
    """The fields of the entry that the example shows and whose values do not change from run to run, in their order."""
    return {name: entry[name] for name in entry if name in {"entry_id", "level", "function", "args", "stage", "result"}}


def shell(traces: Path, command: str) -> list[str]:
    """Lines that a shell command prints in the folder of the file."""
    done = subprocess.run(["sh", "-c", command], cwd=traces.parent, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()

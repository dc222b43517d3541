"""No secret of a traced program is in anything that Glimpse writes: every door, level, destination and picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import glimpse
from glimpse.cli import main
from glimpse.config import register_dest
from glimpse.entry import LogEntry
from glimpse.writers import BaseWriter, Option, registry
from tests.support.importing import import_path
from tests.support.project import write_files
from tests.writers.mongo_server import MongoServer

SECRET = re.compile(rb"Zq\d\dvault")
CARD = b"4111111111111111"
VISIBLE = b"plain to see"
PROGRAM = Path(__file__).parents[1] / "fixtures" / "leaks"


RULES = ["iban", r"/\b\d{16}\b/"]
ALL = "jsonl,json,sqlite,journal,mongo,kept"


class Kept(BaseWriter):
    """A writer of one's own: what it is given, as ``repr``, in a file."""

    options = (Option("kept_path", str, "kept.txt", "the file"),)

    def __init__(self, kept_path: str) -> None:
        self._path = Path(kept_path)

    def write_batch(self, entries: Sequence[LogEntry]) -> None:
        """Append them."""
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(f"{entry!r}\n" for entry in entries)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MongoServer]:
    """A database, and the name ``kept`` for the writer above."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr("glimpse.config.destinations._registered", {})
    glimpse.register_writer("kept", Kept)
    register_dest("kept", ["kept_path"])
    server = MongoServer().start()
    yield server
    server.stop()


def params(folder: Path, dest: str, server: MongoServer) -> dict[str, str]:
    """Where each destination is."""
    given = {
        "jsonl.log_path": str(folder / "out.jsonl"),
        "json.log_path": str(folder / "out.json"),
        "journal.log_path": str(folder / "out.journal"),
        "sqlite.db_path": str(folder / "out.db"),
        "mongo.uri": f"{server.uri}/glimpse.entries",
        "mongo.spool_path": str(folder / "spool"),
        "kept.kept_path": str(folder / "kept.txt"),
    }
    return {name: value for name, value in given.items() if name.split(".")[0] in dest.split(",")}


def run(folder: Path, door: str, config: glimpse.Config) -> bytes:
    """Runs the program; gives what is on disk while everything is still open, and afterwards."""
    out = folder / "out"
    sources = write_files(folder / "src", {each.name: each.read_text() for each in PROGRAM.glob("*.py")})
    tracer = glimpse.Tracer(config, glimpse.TracingPolicy(included_packages=["vault"]))
    with import_path(sources):
        if door == "hook":
            tracer.install()
        vault = import_module("vault")
        if door == "decorator":
            decorate(vault, tracer)
        elif door == "dynamic":
            tracer.run()
        vault.go()
        tracer.flush()
        found = b"".join(each.read_bytes() for each in out.iterdir() if each.is_file())
        tracer.close()
    return found + b"".join(each.read_bytes() for each in out.rglob("*") if each.is_file())


def decorate(vault: ModuleType, tracer: glimpse.Tracer) -> None:
    """Trace every function and class of the module."""
    for name, each in list(vars(vault).items()):
        if type(each) in (FunctionType, type) and each.__module__ == "vault" and name != "Login":
            setattr(vault, name, tracer.trace_function(each))


def leaked(data: bytes) -> set[bytes]:
    """The secrets in it."""
    return set(SECRET.findall(data)) | ({CARD} if CARD in data else set())


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
@pytest.mark.parametrize("door", ["hook", "dynamic", "decorator"])
def test_writers(door: str, level: str, tmp_path: Path, server: MongoServer) -> None:
    """Through every door and at every level, no writer's bytes have a secret in them, and all have the rest."""
    (tmp_path / "out").mkdir()
    config = glimpse.Config(
        ALL, level, params=params(tmp_path / "out", ALL, server), redact=RULES, flush_interval=3600
    )  # pymongo makes a thread known to `threading` that writes by itself
    data = run(tmp_path, door, config)
    documents = b"".join(each for raw in server.collections.values() for each in raw.documents.values())
    assert leaked(data + documents) == set()
    assert VISIBLE in documents
    for name in ("out.jsonl", "out.json", "out.journal", "out.db", "kept.txt"):
        assert VISIBLE in (tmp_path / "out" / name).read_bytes()


@pytest.mark.once
@pytest.mark.parametrize("dest", ["jsonl", "journal"])
def test_fast_ways_and_pictures(
    dest: str, tmp_path: Path, server: MongoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does a writer that is alone, nor what any command makes of its file."""
    (tmp_path / "out").mkdir()
    config = glimpse.Config(dest, "DEBUG", params=params(tmp_path / "out", dest, server), redact=RULES)
    assert leaked(run(tmp_path, "hook", config)) == set()
    trace = str(tmp_path / "out" / f"out.{dest}")
    for command in COMMANDS:
        target = tmp_path / "out" / "made"
        assert main([*command, trace, *(["-o", str(target)] if command[0] in ("export", "report") else [])]) == 0
        printed = capsys.readouterr()
        made = target.read_bytes() if target.exists() else b""
        target.unlink(missing_ok=True)
        assert leaked(made + (printed.out + printed.err).encode()) == set()
        assert made or printed.out


@pytest.mark.once
def test_secrets_would_be_found(tmp_path: Path, server: MongoServer) -> None:
    """Without the rules that were added, what they hide is there: the search can fail."""
    (tmp_path / "out").mkdir()
    config = glimpse.Config("jsonl", params=params(tmp_path / "out", "jsonl", server))
    assert leaked(run(tmp_path, "hook", config)) == {b"Zq37vault", CARD}


COMMANDS = [
    ["tree"], ["top"], ["errors"], ["show", "1"], ["tree", "--json"], ["errors", "--json"], ["report"],
    *(["export", "--to", name] for name in ("chrome", "speedscope", "folded", "csv", "sqlite", "otlp")),
]  # fmt: skip

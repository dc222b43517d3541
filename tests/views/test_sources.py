"""Finding out what a name means."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glimpse.cli.tree import rows
from glimpse.entry import LogEntry
from glimpse.errors import ReadError
from glimpse.traces.calls import call_events
from glimpse.traces.filters import Selection
from glimpse.traces.tree import TreeBuilder
from glimpse.views.sources import configured, entry_of, open_sources, recognise, records_for, records_of, writer_class
from tests.traces.recording import Recorder, shop
from tests.traces.strategies import programs

PATHS = {"jsonl": "log_path", "json": "log_path", "journal": "log_path", "sqlite": "db_path"}


def written(program: Recorder, kind: str, path: Path) -> Path:
    """The program's trace, written by the format's own writer."""
    writer = writer_class(kind)(**{PATHS[kind]: str(path)})
    writer.write_batch([LogEntry.from_dict(entry) for entry in program.entries])
    writer.flush()
    writer.close()
    return path


@pytest.mark.parametrize("kind", PATHS)
def test_every_format_is_told_by_its_content(tmp_path: Path, kind: str) -> None:
    """Whatever a file is called, its entries come back as they were written."""
    program = shop(20)
    source = recognise(str(written(program, kind, tmp_path / "trace.dat")))
    assert source.format == kind
    by_id = sorted(source.records(), key=lambda record: record["entry_id"])
    assert [LogEntry.from_dict(record).to_dict() for record in by_id] == [
        LogEntry.from_dict(entry).to_dict() for entry in program.entries
    ]


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_packed_files(tmp_path: Path, kind: str) -> None:
    """Gzip is unpacked on the way, also if its end is missing."""
    plain = written(shop(200), kind, tmp_path / "trace")
    packed = tmp_path / "trace.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    source = recognise(str(packed))
    assert (source.format, source.plain) == (kind, False)
    assert len(list(source.records())) == len(shop(200).entries)
    packed.write_bytes(packed.read_bytes()[:-300])
    assert 0 < len(list(recognise(str(packed)).records())) < len(shop(200).entries)


def test_several_are_merged_by_time(tmp_path: Path) -> None:
    """Entries of several files come in the order of time, and equal process ids do not mix."""
    names = []
    for number in range(3):
        program = Recorder(start_us=1_701_426_615_000_000 + number)
        for _ in range(5):
            program.leaf("app.main", ms=1)
        names.append(str(program.save(tmp_path / f"{number}.jsonl")))
    records = list(records_of(open_sources(names)))
    stamps = [record["timestamp"] for record in records]
    assert len(records) == 30
    assert stamps == sorted(stamps)
    assert len({record.get("_source") for record in records}) == 3


def test_rotated_files_are_one_trace(tmp_path: Path) -> None:
    """The files that rotation leaves belong together: a call may begin in one and end in the next."""
    program = shop(20)
    older, newer = Recorder(), Recorder()
    older.entries, newer.entries = program.entries[:30], program.entries[30:]
    names = [str(newer.save(tmp_path / "t.jsonl")), str(older.save(tmp_path / "t.jsonl.000001"))]
    assert {record.get("_source") for record in records_of(open_sources(names))} == {0}


def test_the_configured_destination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name, what the environment names as the destination is read."""
    monkeypatch.chdir(tmp_path)
    written(shop(3), "jsonl", tmp_path / "glimpse.jsonl")
    assert configured().format == "jsonl"
    written(shop(3), "sqlite", tmp_path / "my.db")
    monkeypatch.setenv("GLIMPSE_DEST", "otlp,sqlite")
    monkeypatch.setenv("GLIMPSE_DB_PATH", str(tmp_path / "my.db"))
    assert configured().format == "sqlite"


def test_nothing_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what is missing, and that another trace may be named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReadError, match=r"no such file.*name a trace"):
        configured()
    monkeypatch.setenv("GLIMPSE_DEST", "otlp")
    with pytest.raises(ReadError, match=r"'otlp' cannot be read back"):
        configured()
    with pytest.raises(ReadError, match="directory"):
        recognise(str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "cut", "left", "message"),
    [
        ("json", 2, 7, "its end is cut off"),
        ("json", 30, 6, "its last entry is cut off"),
        ("journal", 2, 0, "bytes of it are damaged or cut off"),
        ("journal", 30, 0, "bytes of it are damaged or cut off"),
    ],
)
def test_a_file_that_was_cut_off(tmp_path: Path, kind: str, cut: int, left: int, message: str) -> None:
    """What is there is read, and one line says that the rest is not."""
    program = Recorder()
    program.entries = shop(5).entries[:7]
    path = written(program, kind, tmp_path / "t")
    source = recognise(str(path))
    assert len(list(source.records())) == 7
    assert source.damage.note() is None
    path.write_bytes(path.read_bytes()[:-cut])
    for _ in range(2):
        assert len(list(source.records())) == left
        assert str(source.damage.note()).count(message) == 1
        assert str(source.damage.note()).endswith("(being written, or its program was killed)")


def test_arrays_in_one_file(tmp_path: Path) -> None:
    """What ``cat`` makes of two files is both."""
    path = written(shop(5), "json", tmp_path / "t.json")
    path.write_bytes(path.read_bytes() * 2)
    assert len(list(recognise(str(path)).records())) == 2 * len(shop(5).entries)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """A database that is not a trace is refused."""
    import sqlite3

    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.close()
    with pytest.raises(ReadError, match="not a trace"):
        list(recognise(str(path)).records())


def test_foreign_json(tmp_path: Path) -> None:
    """JSON that is no trace is refused, whatever its form."""
    path = tmp_path / "t"
    for text in (json.dumps({"a": 1}), json.dumps([{"a": 1}]), json.dumps({"a": 1}, indent=2), "[1, 2]", "hello"):
        path.write_text(text)
        with pytest.raises(ReadError):
            list(recognise(str(path)).records())


@given(program=programs, name=st.sampled_from(("app.main", "lib.walk", "Item.total", "*", "app.none")))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_database_is_read_for_functions(program: Recorder, name: str, tmp_path: Path) -> None:
    """What is read for some functions gives the trees that the whole trace gives for them."""
    path = tmp_path / "t.db"
    path.unlink(missing_ok=True)
    source = recognise(str(written(program, "sqlite", path)))
    below = records_for([source], Selection(functions=(name,)))
    assert below is not None
    assert trees_of(list(below), name) == trees_of(list(source.records()), name)


def trees_of(records: list[dict[str, Any]], function: str) -> list[dict[str, Any]]:
    """The calls of the trees that are chosen; threads come in the order in which their first root was certain."""
    builder = TreeBuilder(Selection(functions=(function,)))
    found = [row for _, tree in builder.roots(call_events(iter(records))) for row in rows(tree)]
    return sorted(found, key=lambda row: (row["pid"], row["call_id"]))


def test_only_databases_are_read_for_functions(tmp_path: Path) -> None:
    """Of other formats the whole must be read."""
    program = Recorder()
    program.leaf("app.main")
    assert (
        records_for([recognise(str(written(program, "jsonl", tmp_path / "t.jsonl")))], Selection(functions=("X",)))
        is None
    )


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("depth", "x", 1),
        ("depth", None, 1),
        ("level", 7, "INFO"),
        ("duration_ms", "5", 5.0),
        ("duration_ms", [1], None),
        ("policy", [], None),
        ("service", {"a": 1}, None),
        ("exception", {"type": 1, "message": None}, {"type": "1", "message": "None"}),
        ("entry_id", 1.5, 2),
    ],
)
def test_entries_of_other_writers(field: str, value: object, kept: object) -> None:
    """Fields of other types than ours are converted or left out, and every format can hold the rest."""
    program = Recorder()
    program.leaf("app.main")
    record = program.entries[1] | {"call_id": 2, field: value}
    entry = entry_of(record)
    assert getattr(entry, field) == kept
    assert (entry.function, entry.call_id) == ("app.main", 2)

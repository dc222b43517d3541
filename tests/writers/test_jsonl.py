"""JSON lines: one write a batch, shared by processes, and files that are moved, cut, full or not ours."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.entry import LogEntry
from glimpse.errors import WriterError
from glimpse.natives import System
from glimpse.writers import LineWriter, PartialWrite
from glimpse.writers.jsonl import JsonlWriter
from tests.writers import entries as made
from tests.writers.outcome import read_or_refused, refusal
from tests.writers.places import small_disk, unprivileged
from tests.writers.processes import ROOT, run_together


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "trace.jsonl"


@pytest.fixture
def writer(path: Path) -> Iterator[JsonlWriter]:
    """A writer to it."""
    writer = JsonlWriter(str(path))
    yield writer
    writer.close()


def read(path: Path) -> list[LogEntry]:
    """What is read back."""
    return list(JsonlWriter.read(str(path)))


def test_plain_json(path: Path, writer: JsonlWriter) -> None:
    """Each line is compact JSON with the fields in their order, the optional ones only where they have a value."""
    writer.write(made.start(1))
    line = path.read_text()
    assert line.startswith('{"entry_id":1,"call_id":1,"parent_id":null,"depth":1,"level":"INFO","function":"shop.')
    assert json.loads(line) == made.start(1).to_dict()
    assert line.endswith("}\n")


def test_lines_go_in_as_they_are(path: Path, writer: JsonlWriter) -> None:
    """Ready lines are appended unchanged, between entries."""
    assert isinstance(writer, LineWriter)
    line = json.dumps(made.start(2).to_dict()).encode() + b"\n"
    writer.write_batch([made.start(1)])
    writer.write_lines(line)
    assert path.read_bytes().endswith(line)
    assert read(path) == [made.start(1), made.start(2)]


def test_private(path: Path, writer: JsonlWriter) -> None:
    """Nobody else may read a trace."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_makes_folders(tmp_path: Path) -> None:
    """Folders that are missing are made."""
    JsonlWriter(str(tmp_path / "logs" / "today" / "trace.jsonl")).close()
    assert (tmp_path / "logs" / "today" / "trace.jsonl").exists()


def test_unusable_path(tmp_path: Path) -> None:
    """A path that cannot be written is an error that names the option and the path."""
    with pytest.raises(WriterError, match=f"option log_path: cannot write to '{tmp_path}'"):
        JsonlWriter(str(tmp_path))


def test_closed(path: Path, writer: JsonlWriter) -> None:
    """Closing twice does no harm; writing afterwards is refused."""
    writer.close()
    writer.close()
    with pytest.raises(WriterError, match="closed"):
        writer.write(made.start(1))


def test_devices(capfd: pytest.CaptureFixture[str]) -> None:
    """A device, such as the standard output, can be written to as well."""
    writer = JsonlWriter("/dev/stdout")
    writer.write(made.start(1))
    writer.close()
    assert json.loads(capfd.readouterr().out) == made.start(1).to_dict()


APPEND = """
from glimpse.writers.jsonl import JsonlWriter
writer = JsonlWriter(path, **OPTIONS)
for number in range(100):
    writer.write_batch(calls(5, number * 10 + 1))
writer.close()
"""


@pytest.mark.once
@pytest.mark.parametrize("options", [{}, {"max_bytes": 40_000, "gzip": True}])
def test_shared_by_processes(path: Path, options: dict[str, Any]) -> None:
    """Processes that append at the same time, and rotate the file under each other's hands, lose nothing."""
    run_together(APPEND.replace("OPTIONS", repr(options)), path)
    files = list(path.parent.iterdir())
    assert (len(files) > 5) == bool(options)
    found = sorted((entry.pid, entry.entry_id) for file in files for entry in read(file))
    assert found == [(pid, number) for pid in range(1, 5) for number in range(1, 1001)]


def test_moved_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process is writing to the new file is not taken for what a killed one has left there."""
    path.write_text(json.dumps(made.start(1).to_dict()) + "\n")
    began = '{"entry_id":1,"call_id":1,'
    with path.open("rb") as other:

        def move(_: float) -> None:
            path.rename(path.with_suffix(".1"))
            path.write_text(began)
            fcntl.flock(other, fcntl.LOCK_UN)

        fcntl.flock(other, fcntl.LOCK_SH)
        monkeypatch.setattr(System, "sleep", move)  # the writer waits for the lock of what it has opened
        JsonlWriter(str(path)).close()
    assert path.read_text() == began


def test_moved_away(path: Path, writer: JsonlWriter) -> None:
    """After logrotate has moved the file, the next batch goes to a new one."""
    writer.write(made.start(1))
    path.rename(path.with_suffix(".1"))
    writer.write(made.start(2))
    assert read(path.with_suffix(".1")) == [made.start(1)]
    assert read(path) == [made.start(2)]


def test_deleted_with_its_folder(tmp_path: Path) -> None:
    """A file that is deleted, even with its folder, is made again."""
    path = tmp_path / "logs" / "trace.jsonl"
    writer = JsonlWriter(str(path))
    path.unlink()
    path.parent.rmdir()
    writer.write(made.start(1))
    writer.close()
    assert read(path) == [made.start(1)]


def test_truncated_by_another_program(path: Path, writer: JsonlWriter) -> None:
    """After a copy-and-truncate the next line stands at the beginning."""
    writer.write(made.start(1))
    os.truncate(path, 0)
    writer.write(made.start(2))
    assert read(path) == [made.start(2)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork(path: Path, writer: JsonlWriter) -> None:
    """Parent and child append to one file without loss or repetition."""
    writer.write(made.start(1))
    writer.before_fork()
    child = os.fork()
    if child == 0:
        writer.after_fork()
        for number in range(2, 100):
            writer.write(made.start(number, pid=2))
        writer.close()
        os._exit(0)
    for number in range(2, 100):
        writer.write(made.start(number, pid=1))
    assert os.waitpid(child, 0)[1] == 0
    assert sorted((entry.pid, entry.entry_id) for entry in read(path)) == [
        *((1, number) for number in range(2, 100)), *((2, number) for number in range(2, 100)), (4242, 1)
    ]  # fmt: skip


def test_disk_full(tmp_path: Path) -> None:
    """When the disk is full, what fits is whole lines, the rest is refused, and goes on when there is room again."""
    with small_disk(tmp_path, 64 * 1024) as folder:
        path = folder / "trace.jsonl"
        filler = folder / "filler"
        filler.write_bytes(b"x" * 40_000)
        writer = JsonlWriter(str(path))
        entries = made.calls(300)
        waiting = entries
        with pytest.raises(PartialWrite) as caught:
            writer.write_batch(waiting)
        waiting = waiting[caught.value.taken :]
        assert path.read_bytes().endswith(b"}\n")
        assert read(path) == entries[: caught.value.taken]
        with pytest.raises(OSError, match="No space"):
            writer.write_batch(waiting)
        filler.unlink()
        while waiting:
            writer.write_batch(waiting[:50])
            waiting = waiting[50:]
            if len(waiting) < 450:
                break
        writer.close()
        assert read(path) == entries[: len(entries) - len(waiting)]


def test_file_size_limit(path: Path) -> None:
    """A limit on the size of files is met like a full disk, in the middle of a batch that is far larger."""
    code = f"""
import resource, sys
sys.path.insert(0, {ROOT!r})
from tests.writers import entries as made
from glimpse.writers import PartialWrite
from glimpse.writers.jsonl import JsonlWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
writer = JsonlWriter({str(path)!r})
try:
    writer.write_batch(made.calls(100))
except PartialWrite as error:
    print(error.taken)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert read(path) == made.calls(100)[: int(done.stdout)]
    assert 9_000 < path.stat().st_size <= 10_000
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_read_only_file() -> None:
    """A file that must not be written is an error at once."""
    with unprivileged() as folder:
        (folder / "trace.jsonl").touch(0o400)
        with pytest.raises(WriterError, match="Permission denied"):
            JsonlWriter(str(folder / "trace.jsonl"))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_folder_that_cannot_be_looked_into_any_more() -> None:
    """After a change of user, as servers make it, a file that is open goes on being written."""
    with unprivileged() as folder:
        writer = JsonlWriter(str(folder / "logs" / "trace.jsonl"))
        writer.write(made.start(1))
        (folder / "logs").chmod(0)
        writer.write(made.start(2))
        writer.close()
        (folder / "logs").chmod(0o700)
        assert read(folder / "logs" / "trace.jsonl") == [made.start(1), made.start(2)]


@pytest.mark.once
@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(0, 10_000))
def test_killed_at_any_byte(tmp_path_factory: pytest.TempPathFactory, calls: int, cut: int) -> None:
    """Cut off anywhere, the file is readable up to its last whole line, and the next run's lines are all whole."""
    path = tmp_path_factory.mktemp("killed") / "trace.jsonl"
    entries = made.calls(calls)
    writer = JsonlWriter(str(path))
    writer.write_batch(entries)
    writer.close()
    data = path.read_bytes()[: cut % (path.stat().st_size + 1)]
    path.write_bytes(data)
    whole = entries[: data.count(b"\n") + (data[-1:] == b"}" and data.count(b"\n") < len(entries))]
    assert read(path) == whole
    writer = JsonlWriter(str(path))
    writer.write(made.start(99))
    writer.close()
    assert [json.loads(line)["entry_id"] for line in path.read_text().splitlines()] == [
        *(entry.entry_id for entry in whole), 99
    ]  # fmt: skip


def test_fragment_before_another_process(path: Path) -> None:
    """The line that another process appended to a killed one's fragment is found; blocks of NULs are passed over."""
    whole = json.dumps(made.start(2).to_dict()).encode()
    path.write_bytes(b'{"entry_id":1,"call_id":1,"fu' + b'{"entry_id":' + whole[13:] + b"\n\0\0\0\0" + whole + b"\n")
    assert read(path) == [made.start(2), made.start(2)]


def test_foreign_end_is_kept(path: Path) -> None:
    """Text of another program is never cut; it is ended, so that entries begin on lines of their own."""
    path.write_bytes(b"notes of mine")
    writer = JsonlWriter(str(path))
    writer.write(made.start(1))
    writer.close()
    assert path.read_bytes().startswith(b'notes of mine\n{"entry_id":1')


def test_gzip(path: Path) -> None:
    """Compressed files are read, also with several members or cut off."""
    lines = [json.dumps(entry.to_dict()).encode() + b"\n" for entry in made.calls(50)]
    data = gzip.compress(b"".join(lines[:40])) + gzip.compress(b"".join(lines[40:]))
    path.write_bytes(data)
    assert read(path) == made.calls(50)
    path.write_bytes(data[: len(data) // 2])
    found = read(path)
    assert found == made.calls(50)[: len(found)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not|valid|expected|unexpected"),
        (b"[1, 2]\n", "not an entry"),
        (b'{"a": 1}\n{"b": 2}\n', "no 'entry_id'"),
        (b'{"entry_id": 1, "level": "INFO"}\n', "no 'call_id'"),
        (json.dumps({**made.start(1).to_dict(), "depth": "deep"}).encode() + b"\n", "depth is of type str"),
        (json.dumps({**made.start(1).to_dict(), "exception": {"type": 3}}).encode() + b"\n", "exception's type"),
        (b"[" * 100_000 + b"\n", "recursion|Recursion|nested|limit|Limit"),
        (b"\x1f\x8bgarbage that is no gzip", "gzip"),
    ],
)
def test_hostile_files(path: Path, content: bytes, message: str) -> None:
    """What is no trace is refused with one line that says where and why."""
    path.write_bytes(content)
    assert re.search(message, refusal(JsonlWriter.read, path))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever is in a file, reading ends in entries or a ReadError, and in nothing else."""
    path = tmp_path_factory.mktemp("any") / "trace"
    path.write_bytes(data)
    assert read_or_refused(JsonlWriter.read, path) in ([], None)


def test_newer_fields_are_passed_over(path: Path) -> None:
    """A file of a later version, with fields unknown here, can be read."""
    path.write_text(json.dumps({**made.start(1).to_dict(), "cpu_ms": 3}) + "\n")
    assert read(path) == [made.start(1)]


def test_patched_functions_of_the_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program does to ``os`` and ``open`` does not reach its trace."""
    writer = JsonlWriter(str(path))
    with monkeypatch.context() as patch:
        for name in ("write", "open", "stat", "fstat"):
            patch.setattr(os, name, lambda *args, **kwargs: pytest.fail("called"))
        writer.write(made.start(1))
    writer.close()
    assert read(path) == [made.start(1)]


def test_read_while_written(path: Path, writer: JsonlWriter) -> None:
    """A reader that goes along with a writer never meets anything but whole entries."""
    stop = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(len(read(path)))

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(200):
        writer.write_batch(made.calls(5, first=number * 10 + 1))
    stop.set()
    reader.join()
    assert seen == sorted(seen)
    assert len(read(path)) == 2000

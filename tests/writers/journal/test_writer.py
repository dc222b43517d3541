"""The journal: what its frames hold, how it is found again in damaged files, and its ring mode."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.encoder import _Json
from glimpse.errors import ReadError
from glimpse.writers import RawWriter
from glimpse.writers.journal.reading import read_frames
from glimpse.writers.journal.writer import JournalWriter
from tests.writers import entries as made
from tests.writers.outcome import read_or_refused, refusal
from tests.writers.places import small_disk
from tests.writers.processes import run_together

META = {"pid": 7, "service": "shop", "base": 1_700_000_000_000_000_000}
EVENTS = [
    (18, 1, "MainThread"),
    (1, "shop:total:3:f:a:", 1000, 1, None, 5),
    (2, "shop:total:3:f:a:", 2000, 1, ("<X>",)),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "trace.journal"


def write(path: Path, *batches: list[Any], **options: Any) -> None:
    """Write batches of events and close."""
    writer = JournalWriter(str(path), **options)
    for batch in batches:
        writer.write_events(batch, META)
    writer.close()


def events(path: Path) -> list[Any]:
    """Every event that is read back."""
    return [event for frame in read_frames(str(path)) for event in frame.events]


def listed(value: Any) -> Any:
    """What JSON makes of tuples."""
    return [listed(item) for item in value] if isinstance(value, list | tuple) else value


def test_emptied_by_another_program(path: Path) -> None:
    """A file that is truncated while it is written, as logrotate's ``copytruncate`` does, begins as a journal again."""
    writer = JournalWriter(str(path))
    writer.write_events(EVENTS, META)
    os.truncate(path, 0)
    writer.write_events(EVENTS[1:], META)
    writer.write_events(EVENTS[1:], META)
    writer.close()
    (entry, *_) = JournalWriter.read(str(path))
    assert (entry.function, entry.pid) == ("shop.total", 7)
    assert events(path)[-4:] == listed([*EVENTS[1:], *EVENTS[1:]])


def test_events_and_meta(path: Path) -> None:
    """Events come back as lists, with the description of the process that they come from."""
    writer = JournalWriter(str(path))
    assert isinstance(writer, RawWriter)
    writer.write_events(EVENTS, META)
    writer.write_events(EVENTS[1:], {**META, "files": {"shop": "shop.py"}})
    writer.close()
    one, two = read_frames(str(path))
    assert (one.meta, one.events) == (META, listed(EVENTS))
    assert (two.meta, two.events) == ({**META, "files": {"shop": "shop.py"}}, listed(EVENTS[1:]))
    assert path.stat().st_mode & 0o777 == 0o600


def test_meta_is_written_once(path: Path) -> None:
    """What describes the process is not repeated with every batch."""
    write(path, EVENTS, EVENTS, EVENTS)
    assert path.read_bytes().count(b'"service":"shop"') == 1
    assert [frame.meta for frame in read_frames(str(path))] == [META] * 3


@pytest.fixture(params=["orjson", "built in"])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> _Json:
    """What the writer encodes with: orjson, or what there is until that is loaded."""
    found = _Json()
    if request.param == "orjson":
        found.load()
    monkeypatch.setattr("glimpse.writers.journal.writer.JSON", found)
    return found


def test_values_that_json_does_not_take(path: Path, encoder: _Json) -> None:
    """Large integers, lone surrogates and foreign objects become text that is ready, as a value shown by its repr."""
    key = "shop:total:3:f:a,b,c,d,e:"
    values = (2**70, "a\ud800", ("text \udfff",), object, 10**5000)
    write(path, [(1, key, 1, 1, None, *values), (3, key, 2, 1, ("E", "m\ud800", 3, None))])
    first, second = events(path)
    assert first[5:8] == [[str(2**70)], ["'a\\ud800'"], ["text \\udfff"]]
    assert first[8] == [repr(object)]
    assert first[9] == ["<int of 16,610 bits>"] or first[9] == [repr(10**5000)]
    assert second[4] == ["E", "m\\ud800", 3, None]


def test_values_at_the_limits(path: Path, encoder: _Json) -> None:
    """Integers up to 64 bits, floats and long digits in texts are kept as they are; what is beyond is text."""
    values = (2**63, -(2**63), 2**64 - 1, 2**64, -(2**63) - 1, 1.5e300, 0.1, "1" * 30, True, None, [1, 2**70])
    write(path, [(2, "key", 1, 1, *values)], [(2, "key", 10**17, 1, 7, {"a": 2**65})])
    (first, second) = events(path)
    kept, cut = [2**63, -(2**63), 2**64 - 1], [[str(2**64)], [str(-(2**63) - 1)]]
    assert first[4:] == [*kept, *cut, 1.5e300, 0.1, "1" * 30, True, None, [1, str(2**70)]]
    assert second == [2, "key", 10**17, 1, 7, {"a": str(2**65)}]


def test_entries_are_kept_beside_events(path: Path) -> None:
    """Entries that are made already are kept as entries; ``read`` makes the others of the events."""
    writer = JournalWriter(str(path))
    writer.write_events(EVENTS, META)
    writer.write_batch(made.calls(2))
    writer.write_batch([])
    writer.close()
    found = list(JournalWriter.read(str(path)))
    assert [(entry.stage, entry.args, entry.result, entry.pid) for entry in found[:2]] == [
        ("START", "total(a=5)", None, 7), ("END", "total", "<X>", 7)
    ]  # fmt: skip
    assert found[2:] == made.calls(2)


APPEND = """
from glimpse.writers.journal.writer import JournalWriter
writer = JournalWriter(path, **OPTIONS)
for number in range(300):
    writer.write_events([(2, "key" * 20, number, 1, None)] * 10, {"pid": pid})
writer.close()
"""


@pytest.mark.once
@pytest.mark.parametrize("options", [{}, {"max_bytes": 10_000_000}])
def test_shared_by_processes(path: Path, options: dict[str, Any]) -> None:
    """Processes that append at the same time keep their events apart and whole."""
    run_together(APPEND.replace("OPTIONS", repr(options)), path, 3)
    found: dict[int, list[int]] = {1: [], 2: [], 3: []}
    for frame in read_frames(str(path)):
        found[frame.meta["pid"]] += [event[2] for event in frame.events]
    assert list(found.values()) == [[number for number in range(300) for _ in range(10)]] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork(path: Path) -> None:
    """A child's events are not taken for its parent's."""
    writer = JournalWriter(str(path))
    writer.write_events([(2, "k", 1, 1, None)], {"pid": 1})
    child = os.fork()
    if child == 0:
        writer.after_fork()
        writer.write_events([(2, "k", 2, 1, None)], {"pid": 2})
        writer.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.write_events([(2, "k", 3, 1, None)], {"pid": 1})
    writer.close()
    assert [(frame.meta["pid"], frame.events[0][2]) for frame in read_frames(str(path))] == [(1, 1), (2, 2), (1, 3)]


def test_ring_keeps_the_newest(path: Path) -> None:
    """In ring mode the newest events stay, in no more than the given space, and each half can be read by itself."""
    write(path, *[[(2, "key" * 30, number, 1, None)] for number in range(2000)], max_bytes=60_000)
    older = path.with_name(path.name + ".old")
    assert path.stat().st_size + older.stat().st_size <= 60_000
    numbers = [event[2] for event in events(path)]
    assert numbers == list(range(numbers[0], 2000))
    assert 30_000 < len(numbers) * 130 < 62_000
    assert all(frame.meta == META for frame in read_frames(str(path)))
    assert [event[2] for event in events(older)] == numbers[: len(events(older))]


def test_each_half_of_a_ring_names_its_threads(path: Path) -> None:
    """Where the half in which a thread was named is gone, its entries have its name all the same."""
    calls = [
        [(1, "shop:total:3:f:a:", number, 1, None, number), (2, "shop:total:3:f:a:", number + 1, 1, number)]
        for number in range(1000, 5000, 2)
    ]
    write(path, [(18, 1, "collector")], *calls, max_bytes=60_000)
    for file in (path.with_name(path.name + ".old"), path):
        found = list(JournalWriter.read(str(file)))
        assert len(found) > 100
        assert {entry.thread for entry in found} == {"collector"}


def test_each_half_of_a_ring_says_the_files_of_modules(path: Path) -> None:
    """Where the half in which a module's file was told is gone, its entries say it all the same."""
    calls = [
        [(1, "shop:total:3:f:a:", number, 1, None, number), (2, "shop:total:3:f:a:", number + 1, 1, number)]
        for number in range(1000, 5000, 2)
    ]
    meta = {**META, "with_lines": True}
    writer = JournalWriter(str(path), max_bytes=60_000)
    for events in ([(25, "shop", "/srv/shop.py")], *calls):
        writer.write_events(events, meta)
    writer.close()
    for file in (path.with_name(path.name + ".old"), path):
        found = list(JournalWriter.read(str(file)))
        assert len(found) > 100
        assert {(entry.file, entry.line) for entry in found} == {("/srv/shop.py", 3)}


def test_disk_full(tmp_path: Path) -> None:
    """A batch that there is no room for is refused as a whole, and leaves nothing behind."""
    with small_disk(tmp_path, 64 * 1024) as folder:
        path = folder / "trace.journal"
        writer = JournalWriter(str(path))
        writer.write_events(EVENTS, META)
        size = path.stat().st_size
        with pytest.raises(OSError, match="No space"):
            writer.write_events([(2, "key" * 30, 1, 1, None)] * 1000, META)
        assert path.stat().st_size == size
        writer.write_events(EVENTS, META)
        writer.close()
        assert events(path) == listed(EVENTS + EVENTS)
        (folder / "filler").write_bytes(b"x" * (40 * 1024))


@pytest.mark.once
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 100_000))
def test_killed_at_any_byte(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Cut off anywhere, every whole batch is read, and so is what another run appends afterwards."""
    path = tmp_path_factory.mktemp("killed") / "trace.journal"
    write(path, EVENTS, EVENTS)
    data = path.read_bytes()
    sizes = [data.index(b"\n\xf5", data.index(b"\xf5E")) + 1, len(data)]
    kept = data[: cut % (len(data) + 1)]
    path.write_bytes(kept)
    whole = sum(len(kept) >= size - 1 for size in sizes)  # the newline after a frame is for people
    assert events(path) == listed(EVENTS) * whole
    if len(kept) in range(1, 18):
        return  # not even the header, which is written by itself when the file is made
    write(path, EVENTS[1:])
    assert events(path) == listed(EVENTS) * whole + listed(EVENTS[1:])


@settings(max_examples=100, deadline=None)
@given(st.integers(20, 1000), st.binary(min_size=1, max_size=60))
def test_damaged_file(tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes) -> None:
    """Whatever bytes are overwritten, the batches that are whole are read, and nothing but a ReadError is raised."""
    path = tmp_path_factory.mktemp("damaged") / "trace.journal"
    write(path, *[EVENTS] * 5)
    data = path.read_bytes()
    at = min(at, len(data) - 1)
    path.write_bytes(data[:at] + noise + data[at + len(noise) :])
    found = read_or_refused(read_frames, path)
    assert found is None or len(found) >= 2


def frame(kind: bytes, content: bytes) -> bytes:
    """A frame as docs/journal-format.md has it, made without the writer."""
    return b"\xf5" + kind + b"00000001" + b"%08x%08x" % (len(content), zlib.crc32(content)) + content + b"\n"


HEADER = b"glimpse-journal 1\n"


def test_the_format_is_as_documented(path: Path) -> None:
    """A file made by hand after the documentation is read."""
    path.write_bytes(HEADER + frame(b"M", b'{"pid":3}') + frame(b"X", b"of a later version") + frame(b"E", b"[[20,1]]"))
    (found,) = read_frames(str(path))
    assert (found.meta, found.events, found.entries) == ({"pid": 3}, [[20, 1]], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello world, this is no journal", "not a journal: 'hello"),
        (b"glimpse-journal 9\n", "version '9', newer"),
        (HEADER + frame(b"E", b"{}"), "no list"),
        (HEADER + frame(b"E", b"[1]"), "no list with a kind"),
        (HEADER + frame(b"E", b"[[]]"), "no list with a kind"),
        (HEADER + frame(b"E", b'[["x"]]'), "no list with a kind"),
        (HEADER + frame(b"M", b"[]"), "no object"),
        (HEADER + frame(b"L", b"[{}]"), "not an entry"),
        (HEADER + frame(b"E", b"[" * 100_000), "frame that is not"),
        (HEADER + frame(b"E", b"not json"), "frame that is not"),
    ],
)
def test_hostile_files(path: Path, content: bytes, message: str) -> None:
    """What is not as a writer makes it is refused with one line that says where and why."""
    path.write_bytes(content)
    assert re.search(message, refusal(read_frames, path))


def test_a_length_is_not_believed(path: Path) -> None:
    """A frame that claims to be huge is passed over without taking memory for it."""
    path.write_bytes(HEADER + b"\xf5E00000001ffffffff00000000[[1]]\n" + frame(b"E", b"[[20,1]]"))
    assert events(path) == [[20, 1]]


@pytest.mark.parametrize(
    "event", [[1], [1, 2, 3, 4, 5], [2, "k", 1, 1, None], [77, "k"], [1, "no key", 1, 1, None], [18]]
)
def test_hostile_events(path: Path, event: list[Any]) -> None:
    """Events that no probe writes end in entries or a ReadError that names the file."""
    write(path, [event])
    read_or_refused(JournalWriter.read, path)


def test_missing_file(path: Path) -> None:
    """Reading what is not there says so."""
    with pytest.raises(ReadError, match="No such file"):
        events(path)

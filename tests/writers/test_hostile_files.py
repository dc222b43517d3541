"""Every reader takes any file whatever: it gives entries, or one line that says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glimpse.writers import BaseWriter
from glimpse.writers.journal.writer import JournalWriter
from glimpse.writers.json_array import JsonWriter
from glimpse.writers.jsonl import JsonlWriter
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.writers import entries as made
from tests.writers.outcome import read_or_refused

READERS: dict[str, type[BaseWriter]] = {
    "jsonl": JsonlWriter, "json": JsonWriter, "sqlite": SqliteWriter, "journal": JournalWriter,
}  # fmt: skip
EVENTS = [
    (18, 1, "main"),
    (1, "m:f:1:f:a:", 10, 1, None, 5),
    (2, "m:f:1:f:a:", 20, 1, 5),
    (4, "m:g:1:g:", 30, 1, None, 7),
]
changes = st.lists(
    st.tuples(
        st.sampled_from(("set", "cut", "insert", "repeat")), st.integers(0, 10**6), st.binary(min_size=1, max_size=9)
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module", params=READERS)
def trace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[type[BaseWriter], bytes]:
    """A reader, and a file that it takes."""
    kind = READERS[request.param]
    path = tmp_path_factory.mktemp("whole") / "trace"
    writer = kind(str(path))  # type: ignore[call-arg]
    if isinstance(writer, JournalWriter):
        writer.write_events(EVENTS, {"pid": 7, "base": 10**18, "service": "shop", "threads": {"1": "x"}})
    writer.write_batch([*made.calls(3), made.exception(7, 7)])
    writer.close()
    return kind, path.read_bytes()


def changed(data: bytes, how: list[tuple[str, int, bytes]]) -> bytes:
    """The data with some damage."""
    for kind, place, noise in how:
        at = place % (len(data) + 1)
        if kind == "set":
            data = data[:at] + noise + data[at + len(noise) :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "insert":
            data = data[:at] + noise + data[at:]
        else:
            data = data[:at] + data[at : at + 50] * 3 + data[at + 50 :]
    return data


quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quickly
@given(how=changes)
def test_damage(trace: tuple[type[BaseWriter], bytes], tmp_path: Path, how: list[tuple[str, int, bytes]]) -> None:
    """Whatever is overwritten, cut, put in or repeated."""
    kind, data = trace
    path = tmp_path / "damaged"
    path.write_bytes(changed(data, how))
    read_or_refused(kind.read, path)


@quickly
@given(noise=st.binary(max_size=300), begin=st.integers(0, 60))
def test_noise(trace: tuple[type[BaseWriter], bytes], tmp_path: Path, noise: bytes, begin: int) -> None:
    """Any bytes after any part of a right beginning, also as gzip's."""
    kind, data = trace
    path = tmp_path / "noise"
    for start in (data[:begin], b"\x1f\x8b\x08"):
        path.write_bytes(start + noise)
        read_or_refused(kind.read, path)

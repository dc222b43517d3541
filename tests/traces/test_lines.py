"""Reading JSON Lines, whatever state the file is in."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.errors import ReadError
from glimpse.traces.lines import GIVE_UP, Damage, read_lines
from tests.traces.recording import Recorder, shop


def text_of(program: Recorder) -> bytes:
    """The program's trace as bytes."""
    return b"".join(json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in program.entries)


def small() -> Recorder:
    """Three calls."""
    program = Recorder()
    with program.call("app.main"):
        program.leaf("app.one")
        program.leaf("app.two")
    return program


def test_every_entry_comes_back() -> None:
    """A trace larger than a chunk is read whole and in order."""
    program = shop(2000)
    damage = Damage("t")
    assert list(read_lines(io.BytesIO(text_of(program)), damage)) == program.entries
    assert damage.note() is None


@given(st.integers(0, 2000))
def test_a_trace_cut_anywhere_gives_its_whole_lines(size: int) -> None:
    """A kill while writing loses the last entry at most, and is told."""
    data = text_of(small())[:size]
    damage = Damage("t")
    entries = list(read_lines(io.BytesIO(data), damage))
    whole = data.count(b"\n") + data.endswith(b"}")
    assert len(entries) == whole
    if data and not data.endswith((b"\n", b"}")):
        assert "cut off" in str(damage.note())


@pytest.mark.parametrize("first", [1 << 53, 1 << 64, 1 << 127, -(1 << 70)])
def test_ids_of_any_length(first: int) -> None:
    """Other writers may number calls as they like; no digit is lost."""
    program = small()
    for entry in program.entries:
        for name in ("entry_id", "call_id", "parent_id"):
            if entry[name] is not None:
                entry[name] += first
    damage = Damage("t")
    assert list(read_lines(io.BytesIO(text_of(program)), damage)) == program.entries
    assert damage.note() is None


def test_what_json_proper_does_not_hold() -> None:
    """Lone surrogates, which texts of ours may have, and NaN, which other writers put there, are read."""
    program = small()
    program.entries[0]["args"] = "main(name='\ud800')"
    program.entries[2]["duration_ms"] = float("nan")
    damage = Damage("t")
    found = list(read_lines(io.BytesIO(text_of(program)), damage))
    program.entries[2]["duration_ms"] = None
    assert found == program.entries
    assert damage.note() is None


def test_the_next_process_goes_on_behind_a_cut_line() -> None:
    """An entry that follows a fragment on the same line is found."""
    lines = text_of(small()).splitlines(keepends=True)
    data = lines[0] + lines[1][:40] + b"\0\0" + lines[2] + lines[3]
    ids = [entry["entry_id"] for entry in read_lines(io.BytesIO(data), Damage("t"))]
    assert ids == [1, 3, 4]


@given(st.binary(max_size=300), st.integers(0, 6))
def test_rubbish_between_lines_is_skipped(rubbish: bytes, place: int) -> None:
    """Whatever else stands in the file, the entries are read and the rest is counted."""
    lines = text_of(small()).splitlines(keepends=True)
    data = b"".join(lines[:place]) + rubbish.replace(b"{", b"") + b"\n" + b"".join(lines[place:])
    damage = Damage("t")
    assert len(list(read_lines(io.BytesIO(data), damage))) == len(lines)
    assert (damage.note() is None) == (not rubbish.replace(b"{", b"").strip(b"\0 \t\r\n"))


@given(st.binary(min_size=1, max_size=300))
def test_rubbish_alone_is_no_trace(data: bytes) -> None:
    """A file without an entry is refused in one line, or empty."""
    try:
        found = str(list(read_lines(io.BytesIO(data), Damage("t"))))
    except ReadError as error:
        found = str(error)
    assert found == "[]" or ("not a Glimpse trace" in found and "\n" not in found)


def test_a_foreign_file_is_given_up_early() -> None:
    """A large file of other JSON is not read to its end."""
    stream = io.BytesIO(b'{"message": "hello"}\n' * GIVE_UP * 50)
    with pytest.raises(ReadError, match="no entry in it; line 1 begins"):
        list(read_lines(stream, Damage("t")))
    assert stream.tell() < len(stream.getvalue()) / 2


def test_an_empty_file_is_an_empty_trace() -> None:
    """No entries yet is no error."""
    assert list(read_lines(io.BytesIO(b""), Damage("t"))) == []

"""The end of a file, and what is appended to it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.traces import follow as module
from glimpse.traces.follow import end_of_lines, follow, last_records
from tests.traces.recording import Recorder


def lines(count: int) -> list[bytes]:
    """The lines of so many entries."""
    program = Recorder()
    for number in range((count + 1) // 2):
        program.leaf("app.step", f"text='{'x' * (number % 90)}'")
    return [json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in program.entries[:count]]


@given(st.integers(0, 40), st.integers(0, 50), st.integers(1, 3000), st.binary(max_size=40))
def test_the_last_entries_are_read_from_the_end(total: int, wanted: int, block: int, tail: bytes) -> None:
    """The last ones in their order, whatever the size of the pieces, and whatever is half written behind them."""
    tail = tail.replace(b"\n", b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        data = b"".join(lines(total))
        stream = io.BytesIO(data + tail)
        end = end_of_lines(stream)
        assert end == len(data)
        records = last_records(stream, wanted, lambda record: True, end)
    assert [record["entry_id"] for record in records] == list(range(1, total + 1))[max(total - wanted, 0) :]


def test_only_what_is_kept_counts() -> None:
    """The last two that are chosen, not those chosen among the last two."""
    stream = io.BytesIO(b"".join(lines(20)))
    records = last_records(stream, 2, lambda record: record["entry_id"] <= 4, end_of_lines(stream))
    assert [record["entry_id"] for record in records] == [3, 4]


def followed(path: Path, position: int, *happenings: Callable[[], object]) -> list[int]:
    """The ids of the entries that come while things happen to the file, one at each pause."""
    todo = list(happenings)

    def pause(_: float) -> None:
        if not todo:
            raise KeyboardInterrupt
        todo.pop(0)()

    found: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(record["entry_id"] for record in follow(str(path), position, pause))
    return found


def append(path: Path, data: bytes) -> Callable[[], object]:
    """Appends to a file, later."""

    def write() -> None:
        with path.open("ab") as file:
            file.write(data)

    return write


def test_what_is_appended_comes(tmp_path: Path) -> None:
    """Also an entry that is written in two pieces."""
    path, text = tmp_path / "t.jsonl", lines(4)
    path.write_bytes(text[0])
    found = followed(
        path, len(text[0]), append(path, text[1] + text[2][:30]), append(path, text[2][30:]), append(path, text[3])
    )
    assert found == [2, 3, 4]


def test_a_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    """Following begins when the program does."""
    path, text = tmp_path / "t.jsonl", lines(2)
    assert followed(path, 0, lambda: None, append(path, text[0]), append(path, text[1])) == [1, 2]


def test_rotation(tmp_path: Path) -> None:
    """A file that is moved away is read to its end, then the new one from its beginning."""
    path, text = tmp_path / "t.jsonl", lines(4)
    path.write_bytes(text[0])

    def rotate() -> None:
        append(path, text[1])()
        os.replace(path, tmp_path / "t.jsonl.000001")
        path.write_bytes(text[2])

    assert followed(path, len(text[0]), rotate, append(path, text[3])) == [2, 3, 4]


def test_a_file_that_is_emptied(tmp_path: Path) -> None:
    """Truncation starts again from the beginning."""
    path, text = tmp_path / "t.jsonl", lines(4)
    path.write_bytes(b"".join(text[:3]))
    assert followed(path, len(b"".join(text[:3])), lambda: path.write_bytes(b""), append(path, text[3])) == [4]

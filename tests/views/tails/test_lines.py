"""The end of a file of JSON Lines, and what is appended to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.traces.records import Record
from glimpse.views.sources import Source
from glimpse.views.tails import lines as module
from glimpse.views.tails.lines import LinesTail
from tests.traces.recording import Recorder


def lines(count: int) -> list[bytes]:
    """The lines of so many entries."""
    program = Recorder()
    for number in range((count + 1) // 2):
        program.leaf("app.step", f"text='{'x' * (number % 90)}'")
    return [json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in program.entries[:count]]


def everything(record: Record) -> bool:
    """Keeps each."""
    return True


def ids(records: object) -> list[int]:
    """The ids of entries."""
    return [record["entry_id"] for record in records]  # type: ignore[attr-defined]


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(1, 50), st.integers(1, 3000), st.binary(max_size=40))
def test_the_last_entries_are_read_from_the_end(
    tmp_path_factory: pytest.TempPathFactory, total: int, wanted: int, block: int, rest: bytes
) -> None:
    """The last ones in their order, whatever the size of the pieces; what is half written behind them comes later."""
    path = tmp_path_factory.getbasetemp() / "property.jsonl"
    whole, rest = lines(total), lines(total + 2)[total][: len(rest)]
    path.write_bytes(b"".join(whole) + rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        tail = LinesTail(Source(str(path), "jsonl"), everything, follow=True)
        seen = ids(tail.last(wanted))
        path.write_bytes(b"".join(lines(total + 2)))
        more = ids(tail.more())
        tail.close()
    assert (seen, more) == (list(range(1, total + 1))[max(total - wanted, 0) :], [total + 1, total + 2])


def test_a_last_line_without_its_end_counts_where_nobody_follows(tmp_path: Path) -> None:
    """An editor may have taken the newline away."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(lines(4)).rstrip())
    tail = LinesTail(Source(str(path), "jsonl"), everything, follow=False)
    assert ids(tail.last(2)) == [3, 4]
    tail.close()


def test_only_what_is_kept_counts(tmp_path: Path) -> None:
    """The last two that are chosen, not those chosen among the last two."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(lines(20)))
    tail = LinesTail(Source(str(path), "jsonl"), lambda record: record["entry_id"] <= 4, follow=False)
    assert ids(tail.last(2)) == [3, 4]
    tail.close()


def test_a_file_that_is_written_anew_in_its_place(tmp_path: Path) -> None:
    """It is read from its beginning, also if it is longer than before: the old position is in no line's beginning."""
    path, text = tmp_path / "t.jsonl", lines(8)
    path.write_bytes(b"".join(text[:2]))
    tail = LinesTail(Source(str(path), "jsonl"), everything, follow=True)
    assert ids(tail.last(10)) == [1, 2]
    path.write_bytes(b'{"other": "' + b"x" * len(text[0]) + b'"}\n' + b"".join(text[4:]))
    assert ids(tail.more()) == [5, 6, 7, 8]
    tail.close()

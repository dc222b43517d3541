"""Statistics straight from lines."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given

from glimpse.traces import counting
from glimpse.traces.counting import LineCounter
from glimpse.traces.lines import Damage
from glimpse.traces.stats import TopTable
from tests.traces.recording import Recorder, shop
from tests.traces.strategies import programs
from tests.traces.test_stats import close, table_of_calls

BEHIND = ("active_ms", "yields", "trace_id", "span_id", "parent_span_id", "service")


def text_of(program: Recorder, separators: tuple[str, str] = (",", ":")) -> bytes:
    """The program's trace as bytes."""
    return "".join(json.dumps(entry, separators=separators) + "\n" for entry in program.entries).encode()


def table_of(*texts: bytes) -> TopTable:
    """The table of texts read one after the other."""
    table = TopTable()
    counter = LineCounter(table, Damage("t"))
    for text in texts:
        counter.count(io.BytesIO(text))
    return table


@given(programs)
def test_the_fast_way_agrees_with_the_general_one(program: Recorder) -> None:
    """Lines counted without being parsed give the same table as calls put together, compact or spaced."""
    expected = table_of_calls(program)
    for table in (table_of(text_of(program)), table_of(text_of(program, (", ", ": ")))):
        rows = sorted(table.rows(), key=lambda row: row["function"])
        assert rows == close(expected.rows())
        assert table.unfinished == expected.unfinished


def test_fields_behind_the_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids, services and times of activity behind the duration change nothing, and few such lines are parsed."""
    program = Recorder(ids=True, service='shop, "duration_ms":7')
    outer = program.start("app.main", thread="a,b")
    for number in range(40):
        program.leaf("app.fetch", ms=3, thread="a,b", result=f'"duration_ms":{number},}}')
    program.end(outer)
    for entry in program.entries:
        if entry["stage"] == "END":
            entry["active_ms"] = 1.5
        if entry["stage"] == "END" and entry["call_id"] % 4 == 0:
            entry["yields"] = 2
        entry |= {name: entry.pop(name) for name in ("duration_ms", *BEHIND) if name in entry}
    expected = close(table_of_calls(program).rows())
    parsed: list[bytes] = []
    parse = counting.parse_line
    monkeypatch.setattr(counting, "parse_line", lambda line: [parsed.append(line), parse(line)][1])
    found = table_of(text_of(program).replace(b'"thread":"a,b"', b'"thread":"main"'))
    assert sorted(found.rows(), key=lambda row: row["function"]) == expected
    assert sum(b'"yields":' not in line for line in parsed) <= 2  # the first end of each function
    assert sorted(table_of(text_of(program)).rows(), key=lambda row: row["function"]) == expected


def test_exceptions_alone_are_counted() -> None:
    """At level ERROR there are no STARTs, and nothing counts as unfinished."""
    program = Recorder()
    program.fail(program.start("app.main"), ValueError())
    program.entries = [dict(program.entries[1], entry_id=1, call_id=1)]
    table = table_of(text_of(program))
    assert [(row["calls"], row["errors"]) for row in table.rows()] == [(1, 1)]
    assert table.unfinished == 0


def test_a_cut_line_hides_nothing_behind_it() -> None:
    """An entry right behind a fragment is counted, rubbish is noted, and a line that lost its end does not count."""
    program = Recorder()
    for _ in range(3):
        program.leaf("app.one", ms=12)
    lines = text_of(program).splitlines(keepends=True)
    table, damage = TopTable(), Damage("t")
    damaged = [*lines[:3], b'{"entry_id":9,"cal', *lines[3:5], b"rubbish\n", lines[5][:-3]]
    LineCounter(table, damage).count(io.BytesIO(b"".join(damaged)))
    assert [row["calls"] for row in table.rows()] == [2]
    assert (damage.skipped, damage.cut) == (1, 1)


def test_memory_for_parents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls whose parents never end do not pile up."""
    monkeypatch.setattr(counting, "MOST_PARENTS", 50)
    program = Recorder()
    for _ in range(300):
        program.end(program.start("app.late", parent=program.start("app.never", thread="other"), thread="t"))
    table = TopTable()
    counter = LineCounter(table, Damage("t"))
    for line in text_of(program).splitlines(keepends=True):
        counter.count(io.BytesIO(line))
    assert max(len(sums) for sums in counter._children_ms.values()) <= 51
    assert [row["calls"] for row in table.rows()] == [300]


def test_a_large_trace() -> None:
    """Where most lines take the fast way, the table is the same as well."""
    program = shop(3000)
    rows = sorted(table_of(text_of(program)).rows(), key=lambda row: row["function"])
    assert rows == close(table_of_calls(program).rows())

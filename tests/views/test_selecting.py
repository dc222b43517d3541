"""Statistics of chosen calls asked of a database are what reading all its entries gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.traces.calls import finished_calls
from glimpse.traces.filters import Selection
from glimpse.traces.stats import TopTable
from glimpse.views import selecting
from glimpse.views.selecting import selected_table
from glimpse.views.sources import entry_of, recognise
from glimpse.views.statistics import top_table
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.memory import folder_in_memory
from tests.traces.recording import Recorder
from tests.traces.strategies import programs
from tests.traces.test_stats import close
from tests.views.test_sources import written

BATCH = 16
TIMES = (None, None, "00:00:00.000000", "10:30:15.150000", "2023-12-01 10:30:15.300000")

selections = st.builds(
    Selection,
    functions=st.sampled_from(((), (), ("app.main", "lib.walk"), ("Item.*",), ("nothing",))),
    args=st.sampled_from(((), (), ("1",), ("n=", "2"))),
    min_ms=st.sampled_from((0.0, 0.0, 0.5, 5.0)),
    errors=st.sampled_from((False, False, True)),
    threads=st.sampled_from(((), (), ("Main*",), ("worker",))),
    pids=st.sampled_from(((), (), (4711,), (1,))),
    services=st.sampled_from(((), (), (), ("*",))),
    traces=st.sampled_from(((), (), (), ("*",))),
    since=st.sampled_from(TIMES),
    until=st.sampled_from((*TIMES, None, "23:59:59.999999")),
    depth=st.sampled_from((None, None, None, 1, 2)),
)


def expected(program: Recorder, chosen: Selection) -> TopTable:
    """The statistics, entry by entry."""
    table = TopTable()
    table.add_calls(filter(chosen.selects, finished_calls(program.entries)))
    return table


def same(asked: TopTable | None, program: Recorder, chosen: Selection) -> None:
    """Compare with the statistics entry by entry."""
    assert asked is not None
    table = expected(program, chosen)
    assert sorted(asked.rows(), key=lambda row: row["function"]) == close(table.rows())
    assert asked.unfinished == table.unfinished


@given(program=programs, chosen=selections, packed=st.booleans())
@settings(max_examples=30)
def test_the_same_as_from_entries(program: Recorder, chosen: Selection, packed: bool) -> None:
    """Whatever is chosen, be the calls rows or in the packs of a program that still runs."""
    with folder_in_memory() as folder:
        if not packed:
            same(selected_table(str(written(program, "sqlite", folder / "t.db")), chosen), program, chosen)
            return
        writer = SqliteWriter(str(folder / "t.db"))
        entries = [entry_of(dict(entry)) for entry in program.entries]
        for at in range(0, len(entries), BATCH):
            writer.write_batch(entries[at : at + BATCH])
        asked = selected_table(str(folder / "t.db"), chosen) if entries else TopTable()
        writer.close()
        same(asked, program, chosen)


def nested(program: Recorder) -> None:
    """Calls that call others, some of which fail, and a generator."""
    with program.call("app.main"):
        for number in range(30):
            with suppress(ValueError), program.call("app.step", f"n={number}"):
                program.leaf("app.leaf", ms=3)
                generator = program.start("app.numbers")
                program.spend(100)
                program.end(generator, active_ms=2.0, yields=10)
                program.spend(2)
                if number % 3 == 0:
                    raise ValueError(number)


@pytest.mark.parametrize("most_open", [0, 1_000])
@pytest.mark.parametrize("chosen", [Selection(errors=True), Selection(functions=("step",)), Selection(min_ms=4)])
def test_own_time_is_without_that_of_calls_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: Selection, most_open: int
) -> None:
    """Of failures, of functions and of slow calls, however few are held until they have ended."""
    monkeypatch.setattr(selecting, "_SOME_OPEN", most_open)
    program = Recorder()
    nested(program)
    same(selected_table(str(written(program, "sqlite", tmp_path / "t.db")), chosen), program, chosen)


OLD_TIMES = """
update processes set timed = 1;
update times set elsewhere = null, starts = null, sites = (select json_group_array(json_array(
json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')))
from json_each(sites))"""


@pytest.mark.parametrize("chosen", [Selection(functions=("step",)), Selection(threads=("*",)), Selection(min_ms=4)])
def test_times_without_threads_and_starts(tmp_path: Path, chosen: Selection) -> None:
    """As earlier versions wrote them, they tell all there is to tell of whole functions, and rows tell the rest."""
    program = Recorder()
    nested(program)
    path = written(program, "sqlite", tmp_path / "t.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_TIMES)
    same(selected_table(str(path), chosen), program, chosen)


def test_traces_are_told_by_their_details(tmp_path: Path) -> None:
    """A trace id chooses its calls, and one that is not there none."""
    program = Recorder(ids=True)
    nested(program)
    path = str(written(program, "sqlite", tmp_path / "t.db"))
    own = str(program.entries[0]["trace_id"])
    same(selected_table(path, Selection(traces=(own,))), program, Selection(traces=(own,)))
    assert selected_table(path, Selection(traces=("x",))).rows() == []  # type: ignore[union-attr]


def test_what_rows_do_not_tell_is_read_entry_by_entry(tmp_path: Path) -> None:
    """Calls too deep for a row, and failures without a START, are counted all the same."""
    deep = Recorder()
    nested(deep)
    for entry in deep.entries:
        if entry["function"] == "app.leaf":
            entry["depth"] = 1 << 15
    failures = Recorder()
    nested(failures)
    failures.entries = [
        dict(entry, call_id=entry["entry_id"], parent_id=None)
        for entry in failures.entries
        if entry["stage"] == "EXCEPTION"
    ]
    for number, program in enumerate((deep, failures)):
        path = str(written(program, "sqlite", tmp_path / f"{number}.db"))
        chosen = Selection(errors=True)
        assert selected_table(path, chosen) is None
        same(top_table([recognise(path)], chosen), program, chosen)

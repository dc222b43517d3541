"""A part of a database tells of chosen calls what the whole of it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glimpse.cli.tree import rows
from glimpse.traces.calls import call_events, finished_calls
from glimpse.traces.filters import Selection
from glimpse.traces.tree import Folding, TreeBuilder
from glimpse.views import parts
from glimpse.views.parts import part_of
from glimpse.views.sources import entry_of, recognise
from glimpse.writers.sqlite.reading import read_entries
from glimpse.writers.sqlite.writer import SqliteWriter
from tests.support.memory import folder_in_memory
from tests.traces.recording import Recorder
from tests.traces.strategies import programs
from tests.views.test_selecting import TIMES, nested

BATCH = 16
scopes = st.builds(
    Selection,
    threads=st.sampled_from(((), ("Main*",), ("worker",), ("nothing",))),
    pids=st.sampled_from(((), (), (4711,), (1,))),
    since=st.sampled_from(TIMES),
    until=st.sampled_from((*TIMES, None)),
    min_ms=st.sampled_from((0.0, 0.0, 0.3)),
    errors=st.sampled_from((False, False, True)),
)
numbers = st.integers(1, 60).map(lambda number: Selection(call_id=number))


def told(records: list[dict[str, Any]], chosen: Selection, folding: Folding | None) -> tuple[Any, Any]:
    """What of a trace is shown: trees, and calls with their own times and the path to each."""
    trees = [
        row for _, tree in TreeBuilder(chosen, folding).roots(call_events(map(dict, records))) for row in rows(tree)
    ]
    calls = [
        (call.call_id, call.self_ms, call.duration_ms, call.result, [above.call_id for above in call.path()])
        for call in finished_calls(map(dict, records))
        if chosen.selects(call)
    ]
    return trees, calls


@given(program=programs, chosen=st.one_of(scopes, numbers), at_once=st.sampled_from((3, 4096)), fold=st.booleans())
@settings(max_examples=60)
def test_the_same_as_from_all_of_it(program: Recorder, chosen: Selection, at_once: int, fold: bool) -> None:
    """Of threads, processes, times and single calls, with unfinished ones and those that run across batches."""
    part = part_of(chosen)
    folding = Folding() if fold else None
    with folder_in_memory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_AT_ONCE", at_once)
        path = str(folder / "t.db")
        writer = SqliteWriter(path)
        entries = [entry_of(dict(entry)) for entry in program.entries]
        for at in range(0, len(entries), BATCH):
            writer.write_batch(entries[at : at + BATCH])
        whole = [entry.to_dict() for entry in read_entries(path)]
        some = [entry.to_dict() for entry in read_entries(path, part)]
        writer.close()
    assert told(some, chosen, folding) == told(whole, chosen, folding)
    assert part is None or len(some) <= len(whole)


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    """Of a call, itself, what it calls and what has called it; of a thread without calls, nothing."""
    program = Recorder()
    nested(program)
    path = str(tmp_path / "t.db")
    writer = SqliteWriter(path)
    writer.write_batch([entry_of(dict(entry)) for entry in program.entries])
    writer.close()
    step = next(entry["call_id"] for entry in program.entries if entry["function"] == "app.step")
    some = [entry.call_id for entry in read_entries(path, part_of(Selection(call_id=step)))]
    assert set(some) == {1, step, step + 1, step + 3}
    assert list(read_entries(path, part_of(Selection(threads=("none",))))) == []
    assert list(read_entries(path, part_of(Selection(call_id=9999)))) == []
    assert recognise(path).format == "sqlite"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_callers_elsewhere(tmp_path: Path, elsewhere: bool) -> None:
    """Where calls may have callers in another process, everything is read."""
    program = Recorder(ids=True)
    nested(program)
    entries = [dict(entry) for entry in program.entries]
    if elsewhere:
        entries += [
            {**entry, "pid": 9, "span_id": "f" * 16, "parent_span_id": entry["span_id"]} for entry in entries[:1]
        ]
    path = str(tmp_path / "t.db")
    writer = SqliteWriter(path)
    writer.write_batch([entry_of(entry) for entry in entries])
    writer.close()
    some = list(read_entries(path, part_of(Selection(threads=("none",)))))
    assert len(some) == (len(entries) if elsewhere else 0)

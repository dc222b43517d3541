"""Texts of calls in packed blocks."""

from __future__ import annotations

import zlib

from glimpse.traces.calls import finished_calls
from glimpse.traces.records import epoch_us
from glimpse.views.html import texts as module
from glimpse.views.html.texts import FIELD, RECORD, Texts, text_of_call
from tests.traces.recording import Recorder


def test_blocks_have_all_texts_in_order() -> None:
    """Each text has the number that it was given, counted from the first of its block."""
    wanted = [f"text {number} {'x' * 999}" for number in range(400)]
    with Texts(1 << 30) as texts:
        numbers = [texts.add(text, important=False) for text in wanted]
        texts.finish()
        blocks = [zlib.decompress(block).decode().split(RECORD) for block in texts.blocks()]
    assert numbers == list(range(1, 401))
    assert len(blocks) > 2
    assert [text for block in blocks for text in block] == wanted
    lengths = [len(block) for block in blocks]
    assert texts.starts == [1 + sum(lengths[:place]) for place in range(len(blocks))]


def test_beyond_the_limit_only_important_texts_are_kept() -> None:
    """And of those not without end either."""
    with Texts(10) as texts:
        assert texts.add("x" * module.BLOCK, important=False) == 1
        assert texts.full
        assert texts.add("common", important=False) == 0
        assert texts.add("rare", important=True) == 0  # one block is far more than ten bytes already
    with Texts(module.BLOCK) as texts:
        assert texts.add("x" * module.BLOCK, important=False) == 1
        assert not texts.full


def test_a_call_as_text() -> None:
    """Arguments and result, what only some calls have, and no character that the page would obey."""
    program = Recorder()
    call = program.start("app.load", "name='a\x1e\x1f\u202e</script>'", task="Task-1", file="app.py", line=3)
    program.spend(5)
    program.fail(call, ValueError("bad\x1f"))
    (ended,) = finished_calls(iter(program.entries))
    fields = text_of_call(ended, float(epoch_us(ended.timestamp) or 0), 5_000_000).split(FIELD)
    assert fields[:4] == ["load(name='a\\x1e\\x1f\\u202e</script>')", "", "task\tTask-1", "source\tapp.py:3"]
    assert fields[4:7] == ["error\tValueError", "message\tbad\\x1f", "error_line\t31"]
    assert fields[7].startswith("traceback\tTraceback (most recent call last):\n  File")


def test_times_that_were_fitted_are_told_exactly() -> None:
    """The entry's own timestamp and duration are there where the row's are others."""
    program = Recorder()
    program.leaf("app.f", ms=2)
    (ended,) = finished_calls(iter(program.entries))
    text = text_of_call(ended, 0.0, 1)
    assert f"began\t{ended.timestamp}" in text.split(FIELD)
    assert "took_ns\t2000000" in text.split(FIELD)

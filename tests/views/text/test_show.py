"""One call in full."""

from __future__ import annotations

import json
from textwrap import dedent

from glimpse.traces.calls import call_events
from glimpse.traces.filters import Selection
from glimpse.traces.tree import Folding, Node, TreeBuilder
from glimpse.views.text.show import call_row, show_lines, show_markdown
from glimpse.views.text.style import Style
from tests.traces.recording import Recorder


def program() -> Recorder:
    """A failing call between a caller and callees."""
    recorder = Recorder(ids=True, service="shop")
    main = recorder.start("shop.main.main", "n=1")
    load = recorder.start("shop.load.load", f"rows={list(range(40))}", correlation_id="req-1", file="load.py", line=7)
    recorder.leaf("shop.load.check", "row=1", "True", 0.5)
    recorder.spend(2)
    error = ValueError("bad\x1b row")
    recorder.fail(load, error)
    recorder.fail(main, error)
    return recorder


def node(number: int = 2) -> Node:
    """The call with this number."""
    builder = TreeBuilder(Selection(call_id=number), Folding())
    ((_, found),) = builder.roots(call_events(program().entries))
    assert isinstance(found, Node)
    return found


def test_everything_is_there() -> None:
    """Values whole, times, places, ids, callers, callees and the traceback."""
    expected = """\
        #2 shop.load.load
          call         shop.load.load(rows=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
                       13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                       29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39])
          exception    ValueError: bad\\x1b row (line 31)
          took         2.5 ms, 2.0 ms of it in itself
          started      2023-12-01 10:30:15.123456, ended 2023-12-01 10:30:15.125956
          where        MainThread, pid 4711, service shop
          source       load.py:7
          trace        00000000000000000000000000001267
          span         0000126700000002
          parent span  0000126700000001
          correlation  req-1

        called by
          shop.main.main(n=1)  #1

        calls below: 1
         2.5 ms  shop.load.load(rows=[0, 1, 2, 3, 4, 5, 6… ✗ ValueError: bad\\x1b row  #2
         500 µs  └ check(row=1) → True                                                #3

        traceback
          Traceback (most recent call last):
            File "app.py", line 31
          ValueError: bad\\x1b row"""
    assert "\n".join(show_lines(node(), Style(80))) == dedent(expected)


def test_json_and_markdown() -> None:
    """The same for programs and for documents."""
    row = json.loads(json.dumps(call_row(node(), 1)))
    assert (row["call_id"], row["failed"], row["duration_ms"], row["calls"]) == (2, True, 2.5, 2)
    text = "\n".join(show_markdown(node()))
    assert text.startswith("## Call 2: `shop.load.load`\n")
    assert "- calls `shop.load.check(row=1) → True`, 500 µs (#3)" in text

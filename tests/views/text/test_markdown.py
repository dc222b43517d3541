"""The call tree in Markdown."""

from __future__ import annotations

from textwrap import dedent

from glimpse.traces.calls import call_events
from glimpse.traces.filters import Selection
from glimpse.traces.tree import Folding, TreeBuilder
from glimpse.views.text.markdown import tree_markdown
from tests.traces.recording import Recorder


def test_nested_lists() -> None:
    """A list for each thread; folds and hidden calls are items of their own."""
    program = Recorder()
    with program.call("app.main", "text='`|`'", "0", 1):
        for _ in range(5):
            with program.call("app.step", ms=0.5):
                program.leaf("app.deep")
    builder = TreeBuilder(Selection(depth=2), Folding())
    expected = """\
        ### `MainThread · pid 4711`

        - `` app.main(text='`\\|`') `` `→ 0` **4.0 ms** (#1)
          - `step()` `→ None` **600 µs** (#2)
            - *1 call below*
          - `step()` `→ None` **600 µs** (#6)
            - *1 call below*
          - *… 3 more calls of step, 1.8 ms*"""
    assert "\n".join(tree_markdown(builder.roots(call_events(program.entries)))) == dedent(expected)

"""Random programs for property tests: threads, nesting, failures, and calls that never end."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.traces.recording import Recorder

FUNCTIONS = ("app.main", "app.load", "app.models.Item.total", "lib.walk", "lib.outer.<locals>.inner")

steps = st.lists(
    st.tuples(
        st.sampled_from(("call", "call", "end", "end", "fail", "spend")),
        st.sampled_from(("MainThread", "worker")),
        st.sampled_from(FUNCTIONS),
        st.integers(1, 400),
    ),
    max_size=60,
)
"""What a program does: calls, ends, failures and time, in two threads."""


def perform(todo: list[tuple[str, str, str, int]], *, finish: bool = False) -> Recorder:
    """A recorder that has done the steps; those that make no sense are left out."""
    program = Recorder()
    open_calls: dict[str, list[dict[str, Any]]] = {"MainThread": [], "worker": []}
    for kind, thread, function, number in todo:
        program.spend(number / 1000)
        stack = open_calls[thread]
        if kind == "call":
            stack.append(program.start(function, f"n={number}", thread=thread))
        elif stack and kind == "end":
            program.end(stack.pop(), str(number))
        elif stack and kind == "fail":
            program.fail(stack.pop(), ValueError(f"bad {number % 3}"))
    for stack in open_calls.values() if finish else ():
        while stack:
            program.end(stack.pop())
    return program


programs = steps.map(perform)
finished_programs = steps.map(lambda todo: perform(todo, finish=True))

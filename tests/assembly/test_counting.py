"""Passing over events leaves everything as making entries of them does."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from glimpse.assembly import Replay
from glimpse.assembly import events as ev
from tests.assembly.test_textual import COROUTINE, GENERATOR, recordings

METAS = st.fixed_dictionaries(
    {"trace_ids": st.booleans(), "pauses": st.booleans()},
    optional={
        "rules": st.sampled_from([{"": [2, 0]}, {"": [None, 1.0], "policy": [1, 0]}, {"policy": [None, 500]}]),
        "remote": st.just(["a" * 32, "b" * 16]),
    },
)


def generators(t: int) -> list[ev.Event]:
    """A generator that is resumed within another call, and a coroutine with a call in it."""
    return [
        (ev.GEN_START, GENERATOR, t, 1, None, 77, 5),
        (ev.YIELD, GENERATOR, t + 1, 1, None, 77),
        (ev.START, "m:f:1:f:a:", t + 2, 1, None, 5),
        (ev.RESUME, GENERATOR, t + 3, 1, None, 77),
        (ev.CORO_START, COROUTINE, t + 4, 2, None, 88, "task", 5),
        (ev.START, "m:f:1:f:a:", t + 5, 2, 88, 5),
    ]


def batches(meta: dict[str, Any], events: list[ev.Event], size: int) -> list[tuple[dict[str, Any], list[ev.Event]]]:
    """Events as two processes write them by turns."""
    parts = [events[at : at + size] for at in range(0, len(events), size)]
    return [({**meta, "pid": pid, "base": 0}, part) for part in parts for pid in (1, 2)]


def _short(event: ev.Event) -> ev.Event:
    """As it stands in a journal, which has no integers beyond 64 bits."""
    return tuple(("big",) if type(item) is int and item.bit_length() > 64 else item for item in event)


@settings(max_examples=30, phases=[Phase.explicit, Phase.generate])
@given(events=recordings(), meta=METAS, size=st.integers(1, 12), share=st.floats(0, 1))
def test_what_comes_after_is_the_same(events: list[ev.Event], meta: dict[str, Any], size: int, share: float) -> None:
    """Numbers, parents, ids and limits of the entries from any batch on; a copy goes on by itself."""
    end = 10**12
    events = [*map(_short, events), *generators(end), (ev.FINISHED, end + 9)]
    parts = batches(meta, events, size)
    after = int(share * len(parts))
    whole, other = Replay(), Replay()
    expected = [list(whole.records(*part)) for part in parts][after:]
    for part in parts[:after]:
        other.pass_over(*part)
    copy = other.copy()
    assert [list(other.records(*part)) for part in parts[after:]] == expected
    assert [list(copy.records(*part)) for part in parts[after:]] == expected

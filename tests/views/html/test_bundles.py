"""Short calls put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glimpse.views.html.bundles import SEVERAL, bundled
from glimpse.views.html.rows import BUNDLE, FAILED, NOBODY, Rows
from tests.views.html.making import rows_of


def family(short: int, *, failing: int = -1, gap: int = 1) -> Rows:
    """A long call with so many short ones in it, in the order of their ends."""
    same = {"caller": 0, "duration": 10, "count": 1}
    children = [
        {"serial": 1 + n, "start": n * (10 + gap), "flags": FAILED * (n == failing), **same} for n in range(short)
    ]
    return rows_of(*children, {"serial": 0, "caller": NOBODY, "duration": short * (10 + gap) + 1000, "count": 1})


def test_neighbours_become_one_row() -> None:
    """It counts the calls and what they took, and reaches from the first to the last."""
    rows = family(100)
    short = bundled(rows, 10, 0)
    assert short > 10
    assert len(rows) == 2
    assert rows.flags[0] == BUNDLE
    assert (rows.count[0], rows.below[0], rows.start[0], rows.duration[0]) == (100, 1000, 0, 99 * 11 + 10)
    assert rows.count[1] == 1


def test_failures_stay() -> None:
    """A call that failed is never put together, and bundles do not reach over it."""
    rows = family(100, failing=50)
    bundled(rows, 10, 0)
    assert [(rows.flags[row], rows.count[row]) for row in range(4)] == [(BUNDLE, 50), (FAILED, 1), (BUNDLE, 49), (0, 1)]


def test_wide_gaps_part_bundles() -> None:
    """Calls that lie far apart are not shown as if something had run all the time."""
    rows = family(4, gap=10_000)
    bundled(rows, 5, 11)
    assert [rows.flags[row] for row in range(len(rows))] == [BUNDLE] * 4 + [0]


def test_calls_in_short_calls_are_counted() -> None:
    """What is below a short call goes into its bundle."""
    rows = rows_of(
        {"serial": 2, "caller": 1, "start": 1, "duration": 2, "count": 1, "function": 1},
        {"serial": 1, "caller": 0, "start": 0, "duration": 5, "count": 1},
        {"serial": 3, "caller": 0, "start": 6, "duration": 5, "count": 1, "function": 1},
        {"serial": 0, "duration": 10_000, "count": 1},
    )
    bundled(rows, 2, 100)
    assert (rows.count[0], rows.below[0], rows.function[0]) == (3, 10, SEVERAL)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2000), st.booleans()), max_size=60), st.integers(1, 20))
def test_no_call_is_lost(calls: list[tuple[int, int, bool]], goal: int) -> None:
    """However often rows are put together, they stand for the same number of calls, and failures stay."""
    rows = Rows()
    for number, (caller, duration, failed) in enumerate(calls):
        above = number + 1 + caller if number + 1 + caller < len(calls) else NOBODY
        row = {"serial": number, "caller": above, "start": number * 7, "duration": duration, "count": 1}
        added = rows_of({**row, "flags": FAILED * failed})
        for name in (
            "serial",
            "caller",
            "start",
            "duration",
            "below",
            "call_id",
            "function",
            "lane",
            "count",
            "text",
            "flags",
        ):
            getattr(rows, name).extend(getattr(added, name))
    failures = sum(failed for _, _, failed in calls)
    short = 0
    for _ in range(3):
        if len(rows) > goal + failures * 100:
            short = bundled(rows, goal + failures * 100, short)
        assert sum(rows.count) == len(calls)
        assert sum(bool(flags & FAILED) for flags in rows.flags) == failures

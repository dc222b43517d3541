"""Fewer rows for very long traces: the shortest calls that follow each other are put together, and counted."""

from __future__ import annotations

from typing import Final

from glimpse.views.html.rows import BUNDLE, FAILED, UNFINISHED, Rows

__all__ = ["SEVERAL", "bundled"]

SEVERAL: Final = -1
"""In place of the function of a bundle that holds calls of more than one."""

GAP: Final = 32
"""Calls are put together if what lies between them is not more than so many times the longest that is short."""

STEP: Final = 4
_LONGEST_NS: Final = 1 << 62


def bundled(rows: Rows, goal: int, shortest_ns: int) -> int:
    """Put short calls together so that at the most ``goal`` rows are left; how short is short, in nanoseconds.

    Calls that failed or did not end stay, and so do all that have such calls, or longer ones, in them.
    """
    limit_ns = max(shortest_ns, _median(rows), 1)
    _put_together(rows, limit_ns)
    while len(rows) > goal and limit_ns < _LONGEST_NS:
        limit_ns *= STEP
        _put_together(rows, limit_ns)
    return limit_ns


def _median(rows: Rows) -> int:
    """About the middle of the durations."""
    sample = sorted(rows.duration[:: max(len(rows) // 10_000, 1)])
    return sample[len(sample) // 2]


def _put_together(rows: Rows, limit_ns: int) -> None:
    keep = _staying(rows, limit_ns)
    short = {rows.serial[row] for row in range(len(rows)) if not keep[row] and not rows.flags[row] & BUNDLE}
    inside: dict[int, int] = {}
    last: dict[tuple[int, int], int] = {}
    for row in range(len(rows)):
        caller = rows.caller[row]
        if keep[row]:
            last.pop((caller, rows.lane[row]), None)  # a bundle must not reach over it
            continue
        count = rows.count[row] + inside.pop(rows.serial[row], 0)
        if caller in short:
            inside[caller] = inside.get(caller, 0) + count
            continue
        key = (caller, rows.lane[row])
        before = last.get(key)
        if before is not None and rows.start[row] - rows.end(before) <= GAP * limit_ns:
            _join(rows, before, row, count)
            continue
        last[key] = row
        keep[row] = 1
        rows.count[row] = count
        rows.text[row] = 0
        if not rows.flags[row] & BUNDLE:
            rows.flags[row] = BUNDLE
            rows.below[row] = rows.duration[row]
    rows.keep(keep)


def _staying(rows: Rows, limit_ns: int) -> bytearray:
    """For each row, whether it stays as it is."""
    keep = bytearray(len(rows))
    needed: set[int] = set()
    for row, (duration, flags, serial, caller) in enumerate(
        zip(rows.duration, rows.flags, rows.serial, rows.caller, strict=True)
    ):
        if flags & BUNDLE or not (duration >= limit_ns or flags & (FAILED | UNFINISHED) or serial in needed):
            continue
        keep[row] = 1
        needed.add(caller)
    return keep


def _join(rows: Rows, bundle: int, row: int, count: int) -> None:
    """Take a row, which stands for so many calls, into a bundle."""
    start, end = min(rows.start[bundle], rows.start[row]), max(rows.end(bundle), rows.end(row))
    rows.start[bundle], rows.duration[bundle] = start, end - start
    rows.count[bundle] += count
    rows.below[bundle] += rows.below[row] if rows.flags[row] & BUNDLE else rows.duration[row]
    if rows.function[bundle] != rows.function[row]:
        rows.function[bundle] = SEVERAL
